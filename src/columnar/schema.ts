/**
 * Schemas: the columns of a stream, of a frame and of a view, in SQL's types.
 *
 * A type says how a value reads and prints; its kind says how it lies in memory (`assembly/abi.ts`).
 */
import { KIND_BYTES, KIND_F64, KIND_I64 } from "../../assembly/abi.ts";

export type DataType =
  | { readonly name: "BOOLEAN" | "INT" | "BIGINT" | "DOUBLE" | "STRING" | "BYTES" | "DATE" }
  | { readonly name: "TIMESTAMP" | "TIMESTAMP_LTZ"; readonly precision: 3 }
  | { readonly name: "DECIMAL"; readonly precision: number; readonly scale: number };

export type TypeName = DataType["name"];

/** One column. `path` is where a decoder finds it; by default its name at the top of the record. */
export interface Column {
  readonly name: string;
  readonly type: DataType;
  readonly nullable: boolean;
  readonly path?: readonly string[];
}

/** Columns in order. `version` counts the additions of a stream's columns from 1. */
export interface Schema {
  readonly version: number;
  readonly columns: readonly Column[];
}

/** How a column lies in memory: I64, F64 or BYTES. */
export type Kind = typeof KIND_I64 | typeof KIND_F64 | typeof KIND_BYTES;

/** Returns the kind in which values of `type` lie in memory. */
export function kindOf(type: DataType): Kind {
  switch (type.name) {
    case "DOUBLE":
      return KIND_F64;
    case "STRING":
    case "BYTES":
      return KIND_BYTES;
    default:
      return KIND_I64;
  }
}

/** True for values that lie outside their lane: strings and bytes. */
export function isBytesKind(kind: Kind): boolean {
  return kind === KIND_BYTES;
}

/** Returns the type as a user writes it, such as `DECIMAL(10, 2)`. */
export function formatType(type: DataType): string {
  if (type.name === "DECIMAL") return `DECIMAL(${type.precision}, ${type.scale})`;
  if (type.name === "TIMESTAMP" || type.name === "TIMESTAMP_LTZ") return `${type.name}(${type.precision})`;
  return type.name;
}

/** Reads a type as a user writes it; `undefined` where it is none of ours. */
export function parseType(text: string): DataType | undefined {
  const match = /^\s*([A-Z_]+)\s*(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?\s*$/i.exec(text);
  if (!match) return undefined;
  const name = match[1]?.toUpperCase();
  const first = match[2] === undefined ? undefined : Number(match[2]);
  const second = match[3] === undefined ? undefined : Number(match[3]);
  switch (name) {
    case "BOOLEAN":
    case "INT":
    case "BIGINT":
    case "DOUBLE":
    case "STRING":
    case "BYTES":
    case "DATE":
      return first === undefined ? { name } : undefined;
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
      return (first ?? 3) === 3 && second === undefined ? { name, precision: 3 } : undefined;
    case "DECIMAL": {
      const precision = first ?? 10;
      const scale = second ?? 0;
      if (precision < 1 || precision > 18 || scale > precision) return undefined;
      return { name, precision, scale };
    }
    default:
      return undefined;
  }
}
