/**
 * An access token as text: `mr_<id>_<secret>`. The form is its own so that one that leaked can be found by
 * searching; the secret is 256 random bits, and only its SHA-256 is kept.
 */
import { encodeUtf8 } from "../../base/utf8.ts";

const form = /^mr_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;

export interface TokenText {
  readonly id: string;
  readonly secret: string;
}

/** Returns the parts of a token, or undefined where `text` has another form. */
export function parseTokenText(text: string): TokenText | undefined {
  const [, id, secret] = form.exec(text) ?? [];
  return id !== undefined && secret !== undefined ? { id, secret } : undefined;
}

export function formatTokenText({ id, secret }: TokenText): string {
  return `mr_${id}_${secret}`;
}

/** The same token with another secret, where `id` is given; else a new one. */
export function drawToken(id = hexOf(crypto.getRandomValues(new Uint8Array(8)))): TokenText {
  const bits = crypto.getRandomValues(new Uint8Array(32));
  const secret = btoa(String.fromCharCode(...bits))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
  return { id, secret };
}

/** The SHA-256 of a secret, in hexadecimal. */
export async function hashOf(secret: string): Promise<string> {
  return hexOf(new Uint8Array(await crypto.subtle.digest("SHA-256", encodeUtf8(secret))));
}

/** Compares two hashes, which are of one length, in a time that does not tell where they differ. */
export function isSameHash(left: string, right: string): boolean {
  const [given, expected] = [encodeUtf8(left), encodeUtf8(right)];
  return given.length === expected.length && crypto.subtle.timingSafeEqual(given, expected);
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
