/**
 * JSON lines as bytes, written from bytes: what is text stays the bytes that it was, valid or not, and the
 * decoder judges it.
 */
const quote = 0x22;
const backslash = 0x5c;
const hexDigits = "0123456789abcdef";

export class LineWriter {
  #bytes = new Uint8Array(64 * 1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Everything written since the last `clear`; valid until the next write. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** Writes bytes as they are. */
  raw(source: Uint8Array, start = 0, end = source.length): void {
    this.#reserve(end - start);
    for (let at = start; at < end; at++) this.#bytes[this.#length++] = source[at] as number;
  }

  /** Writes bytes of text as a JSON string; `isDoubled`: two quotes stand for one. */
  string(source: Uint8Array, start: number, end: number, isDoubled: boolean): void {
    // A control character becomes six.
    this.#reserve(6 * (end - start) + 2);
    const target = this.#bytes;
    let length = this.#length;
    target[length++] = quote;
    for (let at = start; at < end; at++) {
      const byte = source[at] as number;
      if (byte === quote || byte === backslash) {
        target[length++] = backslash;
        target[length++] = byte;
        if (isDoubled && byte === quote) at++;
      } else if (byte >= 0x20) target[length++] = byte;
      else {
        for (const character of `\\u00${hexDigits[byte >> 4]}${hexDigits[byte & 15]}`) {
          target[length++] = character.charCodeAt(0);
        }
      }
    }
    target[length++] = quote;
    this.#length = length;
  }

  #reserve(more: number): void {
    const wanted = this.#length + more;
    if (wanted <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(wanted, 2 * this.#bytes.length));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
