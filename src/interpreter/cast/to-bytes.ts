/**
 * Casts to BINARY and VARBINARY: what is too long is cut, and a BINARY is filled with zeros. Text becomes its
 * UTF-8.
 */
import { encodeUtf8 } from "../../base/utf8.ts";
import type { LengthShape, SqlShape } from "../types/sql-type.ts";
import type { Cast } from "./cast.ts";

export function castToBytes(from: SqlShape, to: LengthShape): Cast | undefined {
  switch (from.name) {
    case "CHAR":
    case "VARCHAR":
      return (value) => fitted(encodeUtf8(value as string), to);
    case "BINARY":
    case "VARBINARY":
      return (value) => fitted(value as Uint8Array, to);
    default:
      return undefined;
  }
}

function fitted(bytes: Uint8Array, { name, length }: LengthShape): Uint8Array {
  if (bytes.length > length) return bytes.slice(0, length);
  if (name === "VARBINARY" || bytes.length === length) return bytes;
  const filled = new Uint8Array(length);
  filled.set(bytes);
  return filled;
}
