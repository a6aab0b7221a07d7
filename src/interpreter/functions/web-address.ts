/**
 * Addresses of the web: parts of URLs as Java's URL names them, their encoding, IPv4 addresses as numbers.
 */
import { encodeUtf8 } from "../../base/utf8.ts";
import type { ScalarFunction } from "../scalar-function.ts";
import { bigintShape, returnsNullable, stringShape, takes, text, wholeNumber } from "../signatures.ts";
import { decodeLikeJava } from "../values/utf8.ts";
import { parseUrl, urlPart } from "./url-parts.ts";

const unreserved = /[A-Za-z0-9.*_-]/;

/** As a form is sent: a space is a plus. */
function encodeForm(value: string): string {
  return Array.from(value.toWellFormed(), (character) => {
    if (character === " ") return "+";
    if (unreserved.test(character)) return character;
    return Array.from(
      encodeUtf8(character),
      (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`,
    ).join("");
  }).join("");
}

/** Null where a % is not followed by two digits. */
function decodeForm(value: string): string | null {
  if (/%(?![\da-fA-F]{2})/.test(value)) return null;
  return value.replaceAll("+", " ").replaceAll(/(?:%[\da-fA-F]{2})+/g, (encoded) => {
    const bytes = encoded.slice(1).split("%");
    return decodeLikeJava(Uint8Array.from(bytes, (digits) => Number.parseInt(digits, 16)));
  });
}

/** The value of the first parameter of that name in `a=1&b=2`. */
function queryParameter(query: string, name: string): string | null {
  const prefix = `${name}=`;
  const found = query.split("&").find((parameter) => parameter.startsWith(prefix));
  return found?.slice(prefix.length) ?? null;
}

/** One to four numbers up to 255: the last is the last byte, the others are the first. */
function addressNumber(value: string): bigint | null {
  const parts = value.split(".");
  if (parts.length > 4 || !parts.every((part) => /^0*\d{1,3}$/.test(part) && Number(part) <= 255))
    return null;
  const last = parts.pop() ?? "0";
  const first = parts.concat(["0", "0", "0"]).slice(0, 3);
  return [...first, last].reduce((number, part) => number * 256n + BigInt(part), 0n);
}

function addressText(number: bigint): string | null {
  if (number < 0n || number >= 1n << 32n) return null;
  return [24n, 16n, 8n, 0n].map((shift) => (number >> shift) & 0xffn).join(".");
}

export const webAddressFunctions: readonly ScalarFunction[] = [
  {
    name: "PARSE_URL",
    usage: "PARSE_URL(url, part [, parameter of QUERY])",
    signatures: [takes([text, text, text], returnsNullable(stringShape), { optional: 1 })],
    prepare: () => (value, part, parameter) => {
      const url = parseUrl(value as string);
      if (!url) return null;
      const found = urlPart(url, part as string);
      if (parameter === undefined || found === null) return found;
      return part === "QUERY" ? queryParameter(found, parameter as string) : null;
    },
  },
  {
    name: "URL_ENCODE",
    usage: "URL_ENCODE(text)",
    signatures: [takes([text], returnsNullable(stringShape))],
    prepare: () => (value) => encodeForm(value as string),
  },
  {
    name: "URL_DECODE",
    usage: "URL_DECODE(text)",
    signatures: [takes([text], returnsNullable(stringShape))],
    prepare: () => (value) => decodeForm(value as string),
  },
  {
    name: "INET_ATON",
    usage: "INET_ATON(address)",
    signatures: [takes([text], returnsNullable(bigintShape))],
    prepare: () => (value) => addressNumber(value as string),
  },
  {
    name: "INET_NTOA",
    usage: "INET_NTOA(number)",
    signatures: [takes([wholeNumber], returnsNullable(stringShape))],
    prepare: () => (value) => addressText(BigInt(value as number | bigint)),
  },
];
