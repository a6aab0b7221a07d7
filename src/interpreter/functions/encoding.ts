/**
 * Text written as bytes and bytes as text: character sets, hexadecimal digits, base64.
 */
import { decodeBase64, encodeBase64 } from "../../base/base64.ts";
import { encodeUtf8 } from "../../base/utf8.ts";
import { evaluationError, type ScalarFunction } from "../scalar-function.ts";
import {
  booleanShape,
  bytes,
  bytesShape,
  returns,
  returnsNullable,
  stringShape,
  takes,
  text,
  wholeNumber,
} from "../signatures.ts";
import type { SqlValue } from "../values/sql-value.ts";
import { decodeLikeJava, decodeUtf8Strictly } from "../values/utf8.ts";
import { toHex } from "../values/value-json.ts";
import { decodeCharset, encodeCharset } from "./charsets.ts";

function asBytes(value: SqlValue | undefined): Uint8Array {
  return typeof value === "string" ? encodeUtf8(value) : (value as Uint8Array);
}

/** A negative number in as many bits as a BIGINT has. */
function hex(value: SqlValue | undefined): string {
  if (typeof value === "string") return toHex(encodeUtf8(value)).toUpperCase();
  return BigInt.asUintN(64, BigInt(value as number | bigint))
    .toString(16)
    .toUpperCase();
}

/** Where the number of digits is odd, the first must be one but the byte it makes is 0. */
function unhex(digits: string): Uint8Array | null {
  if (!/^[\da-fA-F]*$/.test(digits)) return null;
  const isOdd = digits.length % 2 === 1;
  const whole = isOdd ? `00${digits.slice(1)}` : digits;
  return Uint8Array.from(whole.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function fromBase64(value: SqlValue | undefined): string {
  const digits = typeof value === "string" ? value : decodeLikeJava(value as Uint8Array);
  try {
    return decodeLikeJava(decodeBase64(digits));
  } catch (thrown) {
    if (thrown instanceof SyntaxError) throw evaluationError(`'${digits}' is no base64.`);
    throw thrown;
  }
}

export const encodingFunctions: readonly ScalarFunction[] = [
  {
    name: "ENCODE",
    usage: "ENCODE(text, character set)",
    signatures: [takes([text, text], returns(bytesShape))],
    prepare: () => (value, charset) => encodeCharset(value as string, charset as string),
  },
  {
    name: "DECODE",
    usage: "DECODE(bytes, character set)",
    signatures: [takes([bytes, text], returns(stringShape))],
    prepare: () => (value, charset) => decodeCharset(value as Uint8Array, charset as string),
  },
  {
    name: "HEX",
    usage: "HEX(text or number)",
    signatures: [text, wholeNumber].map((kind) => takes([kind], returns(stringShape))),
    prepare: () => hex,
  },
  {
    name: "UNHEX",
    usage: "UNHEX(text)",
    signatures: [takes([text], returnsNullable(bytesShape))],
    prepare: () => (digits) => unhex(digits as string),
  },
  {
    name: "TO_BASE64",
    usage: "TO_BASE64(text or bytes)",
    signatures: [text, bytes].map((kind) => takes([kind], returns(stringShape))),
    prepare: () => (value) => encodeBase64(asBytes(value)),
  },
  {
    name: "FROM_BASE64",
    usage: "FROM_BASE64(text or bytes)",
    signatures: [text, bytes].map((kind) => takes([kind], returns(stringShape))),
    prepare: () => fromBase64,
  },
  {
    name: "IS_VALID_UTF8",
    usage: "IS_VALID_UTF8(bytes)",
    signatures: [takes([bytes], returns(booleanShape))],
    prepare: () => (value) => decodeUtf8Strictly(value as Uint8Array) !== undefined,
  },
  {
    name: "MAKE_VALID_UTF8",
    usage: "MAKE_VALID_UTF8(bytes)",
    signatures: [takes([bytes], returns(stringShape))],
    prepare: () => (value) => decodeLikeJava(value as Uint8Array),
  },
];
