/**
 * The types of the rows that the operators of a stage make.
 */
import { assert } from "../../base/assert.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import type { OperatorDefinition, OperatorInput } from "../../protocol/dataflow.ts";

type Types = readonly SqlType[];

/** Returns the types of each operator's rows; those of the ports are given. */
export function operatorTypesOf(ports: readonly Types[], operators: readonly OperatorDefinition[]): Types[] {
  const made: Types[] = [];
  for (const operator of operators)
    made.push(typesOf(operator, inputTypesOf(operator.inputs[0], ports, made)));
  return made;
}

/** The types of what comes in by a port, or of an operator's rows. */
export function inputTypesOf(
  input: OperatorInput | undefined,
  ports: readonly Types[],
  operators: readonly Types[],
): Types {
  assert(input, "an operator reads something");
  const types = "port" in input ? ports[input.port] : operators[input.operator];
  assert(types, "an operator reads ports, and operators before it");
  return types;
}

/**
 * The types of window_start, window_end and window_time over a column of such a type; undefined: no column.
 */
export function windowTypesOf(time: SqlType | undefined): readonly [SqlType, SqlType, SqlType] {
  const bound: SqlType = { name: "TIMESTAMP", precision: 3, isNullable: false };
  return [bound, bound, time?.name === "TIMESTAMP" ? bound : { ...bound, name: "TIMESTAMP_LTZ" }];
}

function typesOf(operator: OperatorDefinition, input: Types): Types {
  switch (operator.operator) {
    case "calc":
      return operator.projection?.map(({ type }) => type) ?? input;
    case "expand":
      return operator.projections[0]?.map(({ type }) => type) ?? input;
    case "unnest": {
      const ordinality: SqlType = { name: "INT", isNullable: operator.isLeft };
      return [...input, ...operator.elementTypes, ...(operator.hasOrdinality ? [ordinality] : [])];
    }
    case "window assign": {
      const { time } = operator;
      return [...input, ...windowTypesOf("column" in time ? input[time.column] : undefined)];
    }
    case "group aggregate":
      return [...operator.keyTypes, ...operator.aggregates.map(({ type }) => type)];
    case "window aggregate": {
      const made = [...operator.aggregates, ...operator.properties].map(({ type }) => type);
      return [...operator.keyTypes, ...made];
    }
    case "local aggregate":
      return operator.types;
    case "constraint":
      return operator.columns.map(({ type }) => type);
    default:
      return input;
  }
}
