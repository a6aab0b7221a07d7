/**
 * Text as bytes of UTF-8, and back.
 *
 * One encoder for all, and one decoder for all that ask for nothing else: to the platform each is an object
 * of its own, which the garbage collector lets go of late.
 */
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: false });

export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Reads bytes as text; what is no UTF-8 becomes U+FFFD, and a byte order mark is a character like others. */
export function decodeUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
