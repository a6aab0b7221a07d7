/**
 * Columns of a table of which a query wants one value: where they are its key, one row is all there is to
 * read.
 */
import { laneTypeOf } from "../../engine/plan/lane-values.ts";
import type { RowExpression } from "../../interpreter/row-expression.ts";
import { isSameShape, type SqlType } from "../../interpreter/types/sql-type.ts";
import { encodeResult, type ResultJson } from "../../interpreter/values/result-json.ts";
import { decodeValueJson } from "../../interpreter/values/value-json.ts";
import { inputsOfRelation, type Relation, type ScanRelation } from "../bind/logical-plan.ts";
import { partsOf } from "../optimize/conditions.ts";

/**
 * Returns the values, as results show them, that all rows have which a relation over one table wants of it.
 */
export function keyEqualities(relation: Relation): Record<string, ResultJson> {
  if (relation.node === "calc" && relation.input.node === "scan") {
    return equalities(relation.input, relation.condition);
  }
  const [input] = inputsOfRelation(relation);
  return input ? keyEqualities(input) : {};
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
