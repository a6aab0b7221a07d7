/**
 * Unpacks gzip and deflate, within a limit.
 *
 * The platform's decompressor takes all that it is given and keeps what that unpacks to until it is read: it
 * holds no writer back. So packed bytes go in by slices, and where more may be waiting than is good to have,
 * by slices so small that whoever reads takes out more than they can unpack to. A small body that unpacks to
 * a huge one is refused when the limit has come out, with little more than that ever made.
 */
import { KiB, MiB } from "../../base/limits.ts";

/** Bytes that one packed byte unpacks to at most: 258 of two bits. */
const ratioMax = 1032;

const readBytes = 64 * KiB;
const sliceBytes = 4 * KiB;
/** What such a slice unpacks to is less than half of what is read at a time. */
const smallSliceBytes = 24;

/** Bytes that may wait to be read before slices are small. */
const waitingBytesMax = 8 * MiB;

/**
 * Returns the bytes, or undefined where there are more than `bytesMax`. Throws what the decompressor does
 * where they are not what `format` says.
 */
export async function unpack(
  packed: ReadableStream<Uint8Array>,
  format: "gzip" | "deflate",
  bytesMax: number,
): Promise<Uint8Array | undefined> {
  const { readable, writable } = new DecompressionStream(format);
  const feeder = new Feeder(packed.getReader(), writable.getWriter());
  const fed = feeder.feed();
  // What stops it stops reading too, which says so.
  fed.catch(() => {});
  const reader = readable.getReader({ mode: "byob" });
  const chunks: Uint8Array[] = [];
  let size = 0;
  while (true) {
    const { done, value } = await reader.read(new Uint8Array(readBytes));
    if (done) break;
    if (value.byteLength < readBytes) feeder.emptied();
    size += value.byteLength;
    if (size > bytesMax) {
      feeder.stop();
      reader.cancel().catch(() => {});
      return undefined;
    }
    chunks.push(value);
  }
  await fed;
  return joined(chunks, size);
}

/** Puts packed bytes into the decompressor. */
class Feeder {
  readonly #packed: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<BufferSource>;
  /** What may wait to be read at most. */
  #waitingBytes = 0;
  #isStopped = false;

  constructor(
    packed: ReadableStreamDefaultReader<Uint8Array>,
    writer: WritableStreamDefaultWriter<BufferSource>,
  ) {
    this.#packed = packed;
    this.#writer = writer;
  }

  async feed(): Promise<void> {
    try {
      while (!this.#isStopped) {
        const { done, value } = await this.#packed.read();
        if (done) break;
        await this.#write(value);
      }
      if (!this.#isStopped) await this.#writer.close();
    } catch (cause) {
      this.#writer.abort(cause).catch(() => {});
      this.#packed.cancel(cause).catch(() => {});
      throw cause;
    }
  }

  /** Notes that a read took out all that there was. */
  emptied(): void {
    this.#waitingBytes = 0;
  }

  stop(): void {
    this.#isStopped = true;
    // What the source says to being cut off is of no interest: the answer is that it was too large.
    this.#packed.cancel().catch(() => {});
    this.#writer.abort().catch(() => {});
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length && !this.#isStopped; ) {
      const length = this.#waitingBytes > waitingBytesMax ? smallSliceBytes : sliceBytes;
      const slice = bytes.slice(at, at + length);
      this.#waitingBytes += slice.length * ratioMax;
      await this.#writer.write(slice);
      at += length;
    }
  }
}

/** The chunks as one. */
export function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  if (chunks.length === 1 && chunks[0]) return chunks[0];
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}
