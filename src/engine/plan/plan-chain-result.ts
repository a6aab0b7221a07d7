/**
 * The results that a stage of a dataflow keeps: a view, the last row of each key; or a changelog, rows as
 * they come, by their number. Both lie in the cells that views of other jobs have, with an accumulator for
 * each column that is no key, so they are read as those are.
 */
import { EngineError } from "../../base/errors.ts";
import { aggregatesMax, keyColumnsMax } from "../../base/limits.ts";
import type { AccumulatorSpec } from "../../columnar/accumulator.ts";
import { type DataType, kindOf } from "../../columnar/schema.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import type { ChangelogSink, DataflowStage, SinkDefinition, ViewSink } from "../../protocol/dataflow.ts";
import type { StreamDefinition } from "../../protocol/stream-spec.ts";
import type { ResultPlan } from "./chain-plan.ts";
import { columnTypeOf } from "./lane-values.ts";
import type { KeyColumn, OutputColumn, TaskPlan } from "./task-plan.ts";

/** Columns of a changelog before those of its rows. */
export const sequenceName = "$sequence";
export const kindName = "$kind";

export interface PlannedResult {
  readonly plan: Pick<TaskPlan, "key" | "routingKey" | "accumulators" | "outputs" | "retentionMs">;
  readonly chain?: ResultPlan;
}

/** Throws JOB_INVALID where a stage would keep two tables, or one that has no room in cells. */
export function planResult(stage: DataflowStage, reads: StreamDefinition): PlannedResult {
  const [sink, another] = stage.sinks.filter(isKept);
  if (!sink) return { plan: { key: [], routingKey: [], accumulators: [], outputs: [], retentionMs: null } };
  if (another) throw refusal(sink, `"${another.name}" is kept by the same stage; give each its own`);
  return sink.sink === "view" ? planView(sink, stage, reads) : planChangelog(sink, reads);
}

function isKept(sink: SinkDefinition): sink is ViewSink | ChangelogSink {
  return sink.sink === "view" || sink.sink === "changelog";
}

function planView(sink: ViewSink, stage: DataflowStage, reads: StreamDefinition): PlannedResult {
  const { columns, key, of, retentionMs } = sink;
  const values = columns.flatMap((_, column) => (key.includes(column) ? [] : [column]));
  checkRoom(sink, key.length, values.length);
  const typeOf = (column: number) => columnTypeOf(columns[column]?.type as SqlType, "text");
  const keyColumns = key.map((column): KeyColumn => {
    return { name: columns[column]?.name ?? "", type: typeOf(column), nullable: true, column };
  });
  const outputs = columns.map(({ name }, column): OutputColumn => {
    const [inKey, inValues] = [key.indexOf(column), values.indexOf(column)];
    const from =
      inKey >= 0
        ? ({ from: "key", key: inKey } as const)
        : ({ from: "accumulator", accumulator: inValues } as const);
    return { name, type: typeOf(column), from };
  });
  const accumulators = values.map((column) => lastOf(typeOf(column)));
  const routingKey = routingOf(sink, keyColumns, stage, reads);
  const types = columns.map(({ type }) => type);
  return {
    plan: { key: keyColumns, routingKey, accumulators, outputs, retentionMs },
    chain: { kind: "view", of, types, key },
  };
}

/** Positions in the key of what rows are routed by. */
function routingOf(
  { routing, ...sink }: ViewSink,
  key: readonly KeyColumn[],
  { source, inputs = [] }: DataflowStage,
  { shards }: StreamDefinition,
): readonly number[] {
  const isByKey = source ? source.distribution !== undefined : inputs.some((input) => input.key.length > 0);
  if (isByKey) return routing ?? [...key.keys()];
  if (!source || shards === 1) return [];
  throw refusal(sink, "its stream has several shards, and its rows may lie in any of them");
}

function planChangelog(sink: ChangelogSink, { shards }: StreamDefinition): PlannedResult {
  const { columns, of, retentionMs } = sink;
  if (shards > 1) throw refusal(sink, `it is kept in the order of its rows by one partition, not ${shards}`);
  checkRoom(sink, 1, columns.length + 1);
  const types = columns.map(({ type }) => columnTypeOf(type, "text"));
  const [sequence, kind] = [{ name: "BIGINT" } as const, { name: "STRING" } as const];
  const outputs: OutputColumn[] = [
    { name: sequenceName, type: sequence, from: { from: "key", key: 0 } },
    { name: kindName, type: kind, from: { from: "accumulator", accumulator: 0 } },
    ...columns.map(({ name }, index): OutputColumn => {
      return { name, type: types[index] as DataType, from: { from: "accumulator", accumulator: index + 1 } };
    }),
  ];
  return {
    plan: {
      key: [{ name: sequenceName, type: sequence, nullable: false, column: 0 }],
      routingKey: [],
      accumulators: [kind, ...types].map(lastOf),
      outputs,
      retentionMs,
    },
    chain: { kind: "changelog", of, types: columns.map(({ type }) => type), key: [] },
  };
}

function lastOf(type: DataType): AccumulatorSpec {
  return { operation: "last", kind: kindOf(type), argument: null, wide: false, nullable: true };
}

function checkRoom(sink: ViewSink | ChangelogSink, keys: number, values: number): void {
  if (keys > keyColumnsMax)
    throw refusal(sink, `its key has ${keys} columns, expected at most ${keyColumnsMax}`);
  if (values <= aggregatesMax) return;
  throw refusal(sink, `it has ${values} columns beside its key, expected at most ${aggregatesMax}`);
}

function refusal({ name }: SinkDefinition, why: string): EngineError {
  return new EngineError("JOB_INVALID", { message: `Table "${name}": ${why}.`, details: { table: name } });
}
