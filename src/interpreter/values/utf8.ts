/**
 * Bytes of UTF-8 read as Java reads them.
 */
import { decodeUtf8 } from "../../base/utf8.ts";

const strictDecoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

/** Reads bytes as text; what is no UTF-8 becomes U+FFFD. */
export function decodeLikeJava(bytes: Uint8Array): string {
  return decodeUtf8Strictly(bytes) ?? decodeUtf8(withoutSurrogates(bytes));
}

/** Reads bytes as text; undefined where they are no UTF-8. */
export function decodeUtf8Strictly(bytes: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The bytes of a surrogate are one character that is none, where the platform would see two or three. */
function withoutSurrogates(bytes: Uint8Array): Uint8Array {
  const kept: number[] = [];
  for (let index = 0; index < bytes.length; index++) {
    const [first = 0, second = 0, third = 0] = bytes.subarray(index, index + 3);
    const isSurrogate = first === 0xed && second >= 0xa0 && second <= 0xbf;
    kept.push(isSurrogate ? 0xff : first);
    if (isSurrogate) index += third >= 0x80 && third <= 0xbf ? 2 : 1;
  }
  return Uint8Array.from(kept);
}
