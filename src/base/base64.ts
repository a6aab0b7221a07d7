/**
 * Base64 (RFC 4648, with padding), for BYTES in JSON. Platforms differ in what they offer; this is the same
 * everywhere.
 */
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Returns `bytes` as base64 with padding. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const group = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const digits = [18, 12, 6, 0].map((shift) => alphabet[(group >> shift) & 63]);
    const count = Math.min(bytes.length - at, 3) + 1;
    text += digits.slice(0, count).join("").padEnd(4, "=");
  }
  return text;
}

/** Returns the bytes of base64 `text`, padded or not; throws a SyntaxError where it is none. */
export function decodeBase64(text: string): Uint8Array {
  const digits = text.replace(/={1,2}$/, "");
  const isWhole = text.length === digits.length ? digits.length % 4 !== 1 : text.length % 4 === 0;
  if (!isWhole || /[^A-Za-z0-9+/]/.test(digits)) throw new SyntaxError("not base64");
  const bytes = new Uint8Array(Math.floor((digits.length * 3) / 4));
  let group = 0;
  let bits = 0;
  let at = 0;
  for (const digit of digits) {
    group = ((group << 6) | alphabet.indexOf(digit)) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (group >> bits) & 0xff;
    }
  }
  return bytes;
}
