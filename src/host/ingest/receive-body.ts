/**
 * A request's body as bytes, within limits.
 *
 * What a header claims is only a first check: bytes are counted as they come, packed ones as they unpack, so
 * what is too large is refused as soon as it passes the limit, with no more of it in memory.
 */
import { EngineError } from "../../base/errors.ts";
import { bodyBytesMax, MiB } from "../../base/limits.ts";
import { joined, unpack } from "./unpack.ts";

/**
 * Returns the decompressed body. Throws BODY_TOO_LARGE, BODY_ENCODING_INVALID or CONTENT_TYPE_UNSUPPORTED.
 */
export async function receiveBody(request: Request, bytesMax = bodyBytesMax): Promise<Uint8Array> {
  const claimed = request.headers.get("content-length");
  if (claimed !== null && Number(claimed) > bytesMax) throw tooLarge(`${claimed} bytes, more`, bytesMax);
  const encoding = (request.headers.get("content-encoding") ?? "identity").trim().toLowerCase();
  if (encoding === "identity" && claimed !== null) return new Uint8Array(await request.arrayBuffer());
  if (!request.body) return new Uint8Array(0);
  if (encoding === "identity") return await collectBytes(request.body, bytesMax);
  if (encoding !== "gzip" && encoding !== "x-gzip" && encoding !== "deflate") {
    const message = `Content-Encoding is "${encoding}", expected gzip, deflate or none.`;
    throw new EngineError("CONTENT_TYPE_UNSUPPORTED", { message });
  }
  const format = encoding === "deflate" ? "deflate" : "gzip";
  let bytes: Uint8Array | undefined;
  try {
    bytes = await unpack(request.body, format, bytesMax);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `The body could not be unpacked as ${format}: ${reason}`;
    throw new EngineError("BODY_ENCODING_INVALID", { message, cause });
  }
  if (bytes) return bytes;
  throw tooLarge("more", bytesMax);
}

/** Reads a stream to its end; throws BODY_TOO_LARGE. */
export async function collectBytes(
  stream: ReadableStream<Uint8Array>,
  bytesMax: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = stream.getReader();
  while (true) {
    const { done, value } = await reader.read();
    if (done) return joined(chunks, size);
    size += value.byteLength;
    if (size > bytesMax) {
      // What the source says to being cut off is of no interest: the answer is that it was too large.
      reader.cancel().catch(() => {});
      throw tooLarge("more", bytesMax);
    }
    chunks.push(value);
  }
}

function tooLarge(found: string, bytesMax: number): EngineError {
  const allowed = `${bytesMax / MiB} MiB allowed`;
  const message = `The body has ${found} than the ${allowed}. Send fewer events per request.`;
  return new EngineError("BODY_TOO_LARGE", { message, details: { bytesMax } });
}
