/**
 * Reads from a Wasm binary what WebAssembly.Module does not tell: memory limits and the names of functions.
 */
export interface WasmBinary {
  readonly memories: readonly { readonly pagesMin: number; readonly hasMax: boolean }[];
  /** From the name section, which only debug builds have. */
  readonly functionNames: readonly string[];
}

const memorySection = 5;
const customSection = 0;
const functionNamesSubsection = 1;

export function readWasm(bytes: Uint8Array): WasmBinary {
  const memories: { pagesMin: number; hasMax: boolean }[] = [];
  const functionNames: string[] = [];
  const reader = new Reader(bytes, 8, bytes.length);
  while (!reader.isAtEnd) {
    const id = reader.byte();
    const section = reader.part(reader.leb());
    if (id === memorySection) {
      for (let count = section.leb(); count > 0; count--) {
        const hasMax = (section.byte() & 1) === 1;
        memories.push({ pagesMin: section.leb(), hasMax });
        if (hasMax) section.leb();
      }
    }
    if (id === customSection && section.text() === "name") functionNames.push(...readNames(section));
  }
  return { memories, functionNames };
}

function* readNames(section: Reader): Generator<string> {
  while (!section.isAtEnd) {
    const id = section.byte();
    const part = section.part(section.leb());
    if (id !== functionNamesSubsection) continue;
    for (let count = part.leb(); count > 0; count--) {
      part.leb();
      yield part.text();
    }
  }
}

class Reader {
  readonly #bytes: Uint8Array;
  #offset: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.#offset = start;
    this.#end = end;
  }

  get isAtEnd(): boolean {
    return this.#offset >= this.#end;
  }

  byte(): number {
    if (this.isAtEnd) throw new Error("the Wasm binary ends early");
    return this.#bytes[this.#offset++] as number;
  }

  leb(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  part(length: number): Reader {
    const start = this.#offset;
    this.#offset += length;
    return new Reader(this.#bytes, start, this.#offset);
  }

  text(): string {
    const length = this.leb();
    const start = this.#offset;
    this.#offset += length;
    return new TextDecoder().decode(this.#bytes.subarray(start, this.#offset));
  }
}
