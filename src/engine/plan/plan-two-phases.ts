/**
 * Local–global aggregation: from two stages of which the second aggregates to two that both do.
 *
 * The first adds up what a record has of a key and slice, with the accumulators of the whole; their values
 * travel in place of the arguments; the second aggregates these: counts and sums are summed, a minimum of
 * minima is the minimum. Outputs stay as they are, since accumulators keep their places.
 */
import type { AccumulatorSpec } from "../../columnar/accumulator.ts";
import { type DataType, kindOf } from "../../columnar/schema.ts";
import type { StreamDefinition } from "../../protocol/stream-spec.ts";
import { compileProgram } from "../expressions/compile.ts";
import type { SendPlan, SentColumn, SourceColumn, TaskPlan } from "./task-plan.ts";

const bigint = { name: "BIGINT" } as const;

/** Digits of a DECIMAL that a lane holds whatever they are. */
const lanePrecision = 18;

/** The two stages, and the stream between them. */
export interface TwoPhases {
  readonly send: Omit<SendPlan, "to">;
  readonly input: StreamDefinition;
  readonly last: TaskPlan;
}

/** `whole` is the plan of the second stage over `input`, the rows that `send` sends one by one. */
export function planTwoPhases(
  whole: TaskPlan,
  input: StreamDefinition,
  send: Omit<SendPlan, "to">,
): TwoPhases {
  const sourceOf = (column: number): SentColumn => {
    const { streamColumn } = whole.sourceColumns[column] as SourceColumn;
    return send.columns[streamColumn] as SentColumn;
  };
  const columnOf = ({ from }: SentColumn) => (from.from === "column" ? from.column : 0);
  const specs = withRowCount(whole.accumulators);
  const accumulators = specs.map((spec): AccumulatorSpec => {
    return { ...spec, argument: spec.argument === null ? null : columnOf(sourceOf(spec.argument)) };
  });
  const kept = [whole.eventTimeColumn, ...whole.key.map(({ column }) => column)].map(sourceOf);
  const plain = [...new Set(kept)];
  const added = specs.map((spec, accumulator): SentColumn => {
    const argument = spec.argument === null ? undefined : sourceOf(spec.argument);
    const name = `${spec.operation}(${argument?.name ?? "*"})`;
    const from = { from: "accumulator", accumulator } as const;
    return { name, ...typeOf(spec, argument?.type), from };
  });
  const columns = [...plain, ...added];
  const sourceColumns = columns.map(({ name, type, nullable }, streamColumn): SourceColumn => {
    return { name, type, nullable, streamColumn };
  });
  const local = {
    accumulators,
    eventTimeColumn: columnOf(sourceOf(whole.eventTimeColumn)),
    window: whole.window,
    latenessMs: whole.latenessMs,
  };
  return {
    send: { ...send, columns, local },
    input: { ...input, columns: columns.map(({ name, type, nullable }) => ({ name, type, nullable })) },
    last: {
      ...whole,
      sourceColumns,
      computedColumns: [],
      program: compileProgram({ sourceColumns, computed: [], filter: undefined }),
      eventTimeColumn: plain.indexOf(sourceOf(whole.eventTimeColumn)),
      key: whole.key.map((key) => ({ ...key, column: plain.indexOf(sourceOf(key.column)) })),
      accumulators: whole.accumulators.map((spec, index) => globalSpecOf(spec, plain.length + index)),
      rowCountColumn: plain.length + rowCountOf(specs),
    },
  };
}

/** The accumulators, with one that counts rows: only it knows for how many a row stands. */
function withRowCount(specs: readonly AccumulatorSpec[]): AccumulatorSpec[] {
  if (rowCountOf(specs) >= 0) return [...specs];
  const count = { operation: "count", kind: kindOf(bigint), argument: null, wide: false, nullable: false };
  return [...specs, count as AccumulatorSpec];
}

function rowCountOf(specs: readonly AccumulatorSpec[]): number {
  return specs.findIndex(({ operation, argument }) => operation === "count" && argument === null);
}

function globalSpecOf(spec: AccumulatorSpec, argument: number): AccumulatorSpec {
  if (spec.operation === "count") return { ...spec, operation: "sum", argument, nullable: false };
  return { ...spec, argument };
}

/** The type in which an accumulator's value travels. */
function typeOf(
  spec: AccumulatorSpec,
  argument: DataType | undefined,
): Pick<SentColumn, "type" | "nullable"> {
  if (spec.operation === "count" || !argument) return { type: bigint, nullable: false };
  const { nullable } = spec;
  if (spec.operation !== "sum") return { type: argument, nullable };
  if (argument.name === "DECIMAL") return { type: { ...argument, precision: lanePrecision }, nullable };
  return { type: argument.name === "DOUBLE" ? argument : bigint, nullable };
}
