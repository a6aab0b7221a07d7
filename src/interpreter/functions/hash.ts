/**
 * Digests of text and bytes, as lower-case hexadecimal digits.
 */
import { md5, sha1 } from "@noble/hashes/legacy.js";
import { sha224, sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { encodeUtf8 } from "../../base/utf8.ts";
import { evaluationError, type ScalarFunction, type Signature } from "../scalar-function.ts";
import { bytes, intShape, returns, takes, text, wholeNumber } from "../signatures.ts";
import type { SqlShape, SqlType } from "../types/sql-type.ts";
import type { SqlValue } from "../values/sql-value.ts";
import { toHex } from "../values/value-json.ts";

type Digest = (data: Uint8Array) => Uint8Array;

const sha2: Readonly<Record<number, Digest>> = Object.freeze({
  224: sha224,
  256: sha256,
  384: sha384,
  512: sha512,
});

function hexDigest(digest: Digest, value: SqlValue | undefined): string {
  return toHex(digest(typeof value === "string" ? encodeUtf8(value) : (value as Uint8Array)));
}

function hash(name: string, digest: Digest, length: number): ScalarFunction {
  const result = returns({ name: "CHAR", length });
  return {
    name,
    usage: `${name}(text or bytes)`,
    signatures: [takes([text], result), takes([bytes], result)],
    prepare: () => (value) => hexDigest(digest, value),
  };
}

const sha2Shape: SqlShape = Object.freeze({ name: "VARCHAR", length: 128 });

function sha2Of(kind: typeof text): Signature {
  const taken = takes([kind, wholeNumber], returns(sha2Shape));
  return (call) => {
    const [, bits] = call.constants;
    if (bits !== undefined && bits !== null && !sha2[Number(bits)]) return { refusal: noSuchDigest(bits) };
    return taken(call);
  };
}

function noSuchDigest(bits: SqlValue | undefined): string {
  return `SHA2 has 224, 256, 384 or 512 bits, and not ${bits}`;
}

/** Java's hash of text, and of numbers and truth. */
function hashCode(value: SqlValue | undefined, { name }: SqlType): number {
  if (typeof value === "boolean") return value ? 1231 : 1237;
  if (typeof value === "bigint") return foldLong(value);
  if (typeof value === "string") {
    let code = 0;
    for (let index = 0; index < value.length; index++)
      code = (Math.imul(code, 31) + value.charCodeAt(index)) | 0;
    return Math.abs(code) | 0;
  }
  if (name !== "FLOAT" && name !== "DOUBLE") return value as number;
  const view = new DataView(new ArrayBuffer(8));
  if (name === "FLOAT") view.setFloat32(0, value as number);
  else view.setFloat64(0, value as number);
  return name === "FLOAT" ? view.getInt32(0) : foldLong(view.getBigInt64(0));
}

/** The upper and the lower half of a BIGINT together. */
function foldLong(value: bigint): number {
  return Number(BigInt.asIntN(32, value ^ (value >> 32n)));
}

export const hashFunctions: readonly ScalarFunction[] = [
  hash("MD5", md5, 32),
  hash("SHA1", sha1, 40),
  hash("SHA224", sha224, 56),
  hash("SHA256", sha256, 64),
  hash("SHA384", sha384, 96),
  hash("SHA512", sha512, 128),
  {
    name: "SHA2",
    usage: "SHA2(text or bytes, bits)",
    signatures: [sha2Of(text), sha2Of(bytes)],
    prepare: () => (value, bits) => {
      const digest = sha2[Number(bits)];
      if (!digest) throw evaluationError(`${noSuchDigest(bits)}.`);
      return hexDigest(digest, value);
    },
  },
  {
    name: "HASH_CODE",
    usage: "HASH_CODE(text, number or boolean)",
    signatures: [takes([hashable], returns(intShape))],
    prepare:
      ({ types: [type] }) =>
      (value) =>
        hashCode(value, type as SqlType),
  },
];

const hashableNames: readonly string[] = Object.freeze(
  "CHAR VARCHAR BOOLEAN TINYINT SMALLINT INT BIGINT FLOAT DOUBLE DATE TIME".split(" "),
);

function hashable(type: SqlType): SqlType | undefined {
  return hashableNames.includes(type.name) ? type : undefined;
}
