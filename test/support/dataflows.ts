/**
 * Parts of dataflows for tests, written short.
 */
import type { RowExpression } from "../../src/interpreter/row-expression.ts";
import type { SqlShape, SqlType } from "../../src/interpreter/types/sql-type.ts";
import { lengthMax } from "../../src/interpreter/types/sql-type.ts";
import type { SqlValue } from "../../src/interpreter/values/sql-value.ts";
import { encodeValueJson } from "../../src/interpreter/values/value-json.ts";
import type { AggregateCall, DataflowDefinition, DataflowStage } from "../../src/protocol/dataflow.ts";

export function nullable(shape: SqlShape): SqlType {
  return { ...shape, isNullable: true };
}

export const string = nullable({ name: "VARCHAR", length: lengthMax });
export const bigint = nullable({ name: "BIGINT" });
export const int = nullable({ name: "INT" });
export const double = nullable({ name: "DOUBLE" });
export const boolean = nullable({ name: "BOOLEAN" });
export const timestamp = nullable({ name: "TIMESTAMP", precision: 3 });
export const instant = nullable({ name: "TIMESTAMP_LTZ", precision: 3 });

export function input(index: number, type: SqlType): RowExpression {
  return { node: "input", index, type };
}

export function literal(value: SqlValue, type: SqlType): RowExpression {
  return { node: "literal", value: encodeValueJson(value), type };
}

export function call(name: string, type: SqlType, ...operands: RowExpression[]): RowExpression {
  return { node: "call", function: name, arguments: operands, type };
}

export function aggregate(name: string, type: SqlType, ...operands: RowExpression[]): AggregateCall {
  return { function: name, arguments: operands, isDistinct: false, type };
}

export function dataflow(...stages: DataflowStage[]): DataflowDefinition {
  return { sql: "", timeZone: "UTC", stages };
}

/** A stage that reads events of a user, a time and an amount, with these types. */
export function eventsSource(types: readonly SqlType[]): DataflowStage {
  return {
    uid: "source",
    source: {
      stream: "events",
      columns: ["user", "time", "amount"].map((name, index) => ({ name, type: types[index] ?? int })),
      watermark: input(1, timestamp),
    },
    operators: [],
    sinks: [],
  };
}
