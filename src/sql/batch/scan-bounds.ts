/**
 * How much of a table a query has to read: what is asked of all rows that it uses, and how many are enough.
 * A reader may read more; conditions and limits are applied to what it reads anyway.
 */
import { laneTypeOf } from "../../engine/plan/lane-values.ts";
import type { RowExpression } from "../../interpreter/row-expression.ts";
import { isSameShape, type SqlType } from "../../interpreter/types/sql-type.ts";
import { encodeResult, type ResultJson } from "../../interpreter/values/result-json.ts";
import { decodeValueJson } from "../../interpreter/values/value-json.ts";
import { inputsOfRelation, type Relation, type ScanRelation } from "../bind/logical-plan.ts";
import { partsOf } from "../optimize/conditions.ts";

export interface ScanBounds {
  /** Columns of the table that must have a value, as results show it. */
  readonly equal: Readonly<Record<string, ResultJson>>;
  /** Any so many rows will do. */
  readonly rows: number;
}

/** Returns the scans of an optimized query, each with what it needs of its table. */
export function boundsOfScans(
  relation: Relation,
  rows = Number.POSITIVE_INFINITY,
): Map<ScanRelation, ScanBounds> {
  if (relation.node === "scan") return new Map([[relation, { equal: {}, rows }]]);
  if (relation.node === "calc" && relation.input.node === "scan") {
    const { input: scan, condition } = relation;
    const equal = equalities(scan, condition);
    return new Map([[scan, { equal, rows: condition ? Number.POSITIVE_INFINITY : rows }]]);
  }
  if (relation.node === "limit") return boundsOfScans(relation.input, relation.offset + relation.count);
  const isCalc = relation.node === "calc" && !relation.condition;
  const passed = isCalc ? rows : Number.POSITIVE_INFINITY;
  return new Map(inputsOfRelation(relation).flatMap((input) => [...boundsOfScans(input, passed)]));
}

function equalities(scan: ScanRelation, condition: RowExpression | undefined): Record<string, ResultJson> {
  const found = partsOf(condition).flatMap((part): [string, ResultJson][] => {
    if (part.node !== "call" || part.function !== "=") return [];
    const [one, other] = part.arguments;
    const [column, literal] = one?.node === "input" ? [one, other] : [other, one];
    if (column?.node !== "input" || literal?.node !== "literal" || literal.value === null) return [];
    const { type } = column;
    if (!areEqualAsKeys(type, literal.type)) return [];
    const json = encodeResult(decodeValueJson(literal.value), type);
    return [[scan.columns[column.index] ?? "", json]];
  });
  return Object.fromEntries(found);
}

const texts: readonly string[] = ["CHAR", "VARCHAR"];
const others: readonly string[] =
  "BOOLEAN TINYINT SMALLINT INT BIGINT DECIMAL DATE TIMESTAMP TIMESTAMP_LTZ".split(" ");

/**
 * True where equal values have one key: not of floating point numbers, of which 0 and -0 are equal, nor of
 * what lies in a view as text.
 */
function areEqualAsKeys(one: SqlType, other: SqlType): boolean {
  if (texts.includes(one.name)) return texts.includes(other.name);
  return others.includes(one.name) && laneTypeOf(one) !== undefined && isSameShape(one, other);
}
