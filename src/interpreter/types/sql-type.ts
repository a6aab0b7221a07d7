/**
 * The types of SQL, as Flink has them. Every value of a query has one.
 *
 * They are more than what columns of streams have (`columnar/schema.ts`): that is how values lie in memory
 * and in storage, this is what a statement may say of them.
 */

export type SqlType = SqlShape & {
  /** Whether a value may be null. */
  readonly isNullable: boolean;
};

/** A type without its nullability. */
export type SqlShape =
  | SimpleShape
  | { readonly name: "DECIMAL"; readonly precision: number; readonly scale: number }
  | LengthShape
  | { readonly name: "TIME" | "TIMESTAMP" | "TIMESTAMP_LTZ"; readonly precision: number }
  | IntervalShape
  | { readonly name: "ARRAY" | "MULTISET"; readonly element: SqlType }
  | { readonly name: "MAP"; readonly key: SqlType; readonly value: SqlType }
  | { readonly name: "ROW"; readonly fields: readonly SqlField[] };

export interface SimpleShape {
  readonly name: "NULL" | "BOOLEAN" | "TINYINT" | "SMALLINT" | "INT" | "BIGINT" | "FLOAT" | "DOUBLE" | "DATE";
}

/** STRING is a VARCHAR, and BYTES a VARBINARY, of `lengthMax`. */
export interface LengthShape {
  readonly name: "CHAR" | "VARCHAR" | "BINARY" | "VARBINARY";
  readonly length: number;
}

export interface IntervalShape {
  /** Months, or milliseconds with a fraction. */
  readonly name: "INTERVAL YEAR TO MONTH" | "INTERVAL DAY TO SECOND";
  /** As it was written: `DAY`, `DAY TO MINUTE`. */
  readonly resolution: string;
  /** Digits of years or days. */
  readonly precision: number;
  /** Digits of a fraction of a second. */
  readonly fraction: number;
}

export interface SqlField {
  readonly name: string;
  readonly type: SqlType;
  readonly comment?: string;
}

/** Units of intervals, the largest first. */
export const intervalUnits: readonly string[] = Object.freeze("YEAR MONTH DAY HOUR MINUTE SECOND".split(" "));

/** The longest text, in characters; the longest string of bytes. */
export const lengthMax = 2_147_483_647;

export const decimalPrecisionMax = 38;
export const timePrecisionMax = 9;

/** True for CHAR and VARCHAR. */
export function isText({ name }: SqlShape): boolean {
  return name === "CHAR" || name === "VARCHAR";
}

/** True where both are the same type, nullability aside. */
export function isSameShape(one: SqlShape, other: SqlShape): boolean {
  return formatShape(one) === formatShape(other);
}

/** Returns a type as Flink writes it, such as `DECIMAL(10, 2) NOT NULL`. */
export function formatSqlType(type: SqlType): string {
  return `${formatShape(type)}${type.isNullable ? "" : " NOT NULL"}`;
}

/** Returns a type without its nullability; within ROW, ARRAY and MAP that is written. */
export function formatShape(type: SqlShape): string {
  switch (type.name) {
    case "DECIMAL":
      return `DECIMAL(${type.precision}, ${type.scale})`;
    case "CHAR":
    case "BINARY":
      return `${type.name}(${type.length})`;
    case "VARCHAR":
      return type.length === lengthMax ? "STRING" : `VARCHAR(${type.length})`;
    case "VARBINARY":
      return type.length === lengthMax ? "BYTES" : `VARBINARY(${type.length})`;
    case "TIME":
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
      return `${type.name}(${type.precision})`;
    case "INTERVAL YEAR TO MONTH":
    case "INTERVAL DAY TO SECOND":
      return formatInterval(type);
    case "ARRAY":
    case "MULTISET":
      return `${type.name}<${formatSqlType(type.element)}>`;
    case "MAP":
      return `MAP<${formatSqlType(type.key)}, ${formatSqlType(type.value)}>`;
    case "ROW":
      return `ROW<${type.fields.map(formatField).join(", ")}>`;
    default:
      return type.name;
  }
}

function formatField({ name, type, comment }: SqlField): string {
  const told = comment === undefined ? "" : ` '${comment.replaceAll("'", "''")}'`;
  return `\`${name.replaceAll("`", "``")}\` ${formatSqlType(type)}${told}`;
}

/** `INTERVAL DAY(2) TO SECOND(6)`. */
function formatInterval({ resolution, precision, fraction }: IntervalShape): string {
  const [from = "", to] = resolution.split(" TO ");
  const isLeading = from === "YEAR" || from === "DAY";
  const first = isLeading ? `${from}(${precision})` : from === "SECOND" ? `${from}(${fraction})` : from;
  const last = to === undefined ? "" : ` TO ${to === "SECOND" ? `${to}(${fraction})` : to}`;
  return `INTERVAL ${first}${last}`;
}
