/**
 * What a stage of a dataflow sends: to each later stage that reads of it by one edge, whatever ports it has
 * there; and to streams that people made.
 */
import { EngineError } from "../../base/errors.ts";
import { stagePartitionsMax } from "../../base/limits.ts";
import { type Column, formatType } from "../../columnar/schema.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import type { DataflowStage, StreamSink } from "../../protocol/dataflow.ts";
import type { StreamDefinition } from "../../protocol/stream-spec.ts";
import { compileProgram } from "../expressions/compile.ts";
import type { ChainColumn, ChainEdge, ChainSend } from "./chain-plan.ts";
import { type ExchangeColumns, firstKeyColumn } from "./exchange-columns.ts";
import { columnTypeOf } from "./lane-values.ts";
import type { SinkStream, SinkStreams } from "./plan-sink.ts";
import type { EdgePlan, SendPlan, SendTarget } from "./task-plan.ts";

interface DraftedStage {
  readonly stage: DataflowStage;
  readonly reads: StreamDefinition;
  readonly exchange: ExchangeColumns | undefined;
}

/** Returns the edges of the stage `index`; throws JOB_INVALID where a stream does not take its rows. */
export function planChainEdges(
  index: number,
  drafts: readonly DraftedStage[],
  targetOf: (stage: number) => SendTarget,
  sinks: SinkStreams,
): EdgePlan[] {
  const onward = drafts.flatMap(({ stage, reads, exchange }, to): EdgePlan[] => {
    const inputs = (stage.inputs ?? []).flatMap((input, port): ChainSend[] => {
      const { operator: of, key, types } = input;
      return input.stage === index ? [{ port, of, key, types }] : [];
    });
    if (inputs.length === 0 || !exchange) return [];
    const chain: ChainEdge = { to: "stage", inputs, keyLanes: exchange.keyLanes };
    const key = reads.columns.map((_, column) => column).slice(firstKeyColumn);
    const isKeyed = reads.distributionKey.length > 0;
    const send = { ...(!isKeyed && { edge: "global" as const }), key: isKeyed ? key : [], to: targetOf(to) };
    return [edgeOf(chain, reads.columns, send)];
  });
  const streams = (drafts[index]?.stage.sinks ?? []).flatMap((sink): EdgePlan[] => {
    if (sink.sink !== "stream") return [];
    const found = sinks.get(sink.stream);
    if (!found) throw refusal(sink, `there is no stream "${sink.stream}"`);
    return [planStream(sink, found)];
  });
  return [...onward, ...streams];
}

function edgeOf(chain: ChainEdge, columns: readonly Column[], send: Omit<SendPlan, "columns">): EdgePlan {
  const sourceColumns = columns.map(({ name, type, nullable }, streamColumn) => {
    return { name, type, nullable, streamColumn };
  });
  return {
    of: "chain",
    chain,
    sourceColumns,
    program: compileProgram({ sourceColumns, computed: [], filter: undefined }),
    send: {
      ...send,
      columns: columns.map(({ name, type, nullable }, column) => {
        return { name, type, nullable, from: { from: "column", column } };
      }),
    },
  };
}

function planStream(sink: StreamSink, { definition, schemaVersion, target }: SinkStream): EdgePlan {
  const { columns, eventTime, distributionKey } = definition;
  if (target.partitions > stagePartitionsMax) {
    const found = `stream "${sink.stream}" has ${target.partitions} shards`;
    throw refusal(sink, `${found}, expected at most ${stagePartitionsMax}`);
  }
  const taken = columns.map((column) => columnFor(sink, column));
  const unknown = sink.columns.find(({ name }) => !columns.some((column) => column.name === name));
  if (unknown) throw refusal(sink, `stream "${sink.stream}" has no column "${unknown.name}"`);
  const isSpread = distributionKey.length === 0 && target.partitions > 1;
  const indexOf = (name: string | undefined) => columns.findIndex((column) => column.name === name);
  const chain: ChainEdge = { to: "stream", name: sink.stream, of: sink.of, columns: taken };
  return edgeOf(chain, columns, {
    ...(isSpread && { edge: "rebalance" as const }),
    key: (isSpread ? [] : distributionKey).map(indexOf),
    to: target,
    into: {
      schemaVersion,
      eventTimeColumn: indexOf(eventTime.column),
      outOfOrdernessMs: eventTime.outOfOrdernessMs,
    },
  });
}

/** Which of the rows' columns goes into a column of the stream. */
function columnFor(sink: StreamSink, { name, type, nullable }: Column): ChainColumn | null {
  const column = sink.columns.findIndex((each) => each.name === name);
  const found: SqlType | undefined = sink.columns[column]?.type;
  if (!found) {
    if (nullable) return null;
    throw refusal(sink, `column "${name}" of stream "${sink.stream}" is never null, and rows do not have it`);
  }
  const [has, wants] = [columnTypeOf(found, "bytes"), type].map(formatType);
  if (has !== wants) {
    throw refusal(sink, `column "${name}" of stream "${sink.stream}": found ${has}, expected ${wants}`);
  }
  return { column, type: found };
}

function refusal({ name }: StreamSink, why: string): EngineError {
  return new EngineError("JOB_INVALID", { message: `Table "${name}": ${why}.`, details: { table: name } });
}
