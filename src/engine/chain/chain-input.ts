/**
 * A frame as rows of a chain: the columns of a stream, or what an exchange brings.
 *
 * All rows are read at once: a record's work may go on over several turns, and the frame is good for one.
 */

import { assert } from "../../base/assert.ts";
import type { Schema } from "../../columnar/schema.ts";
import type { LaneValue } from "../../columnar/values.ts";
import { nanosPerMilli, type Row, type SqlValue } from "../../interpreter/values/sql-value.ts";
import { decodeRow } from "../../interpreter/values/value-codec.ts";
import { type ColumnRows, copyColumn } from "../../kernel/column-batch.ts";
import { FrameDecoder } from "../../kernel/frame-codec.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { KeyColumns } from "../../kernel/keys.ts";
import type { ReadColumn, RecordFact } from "../../protocol/dataflow.ts";
import type { LogRecord } from "../log/records.ts";
import type { PartitionIdentity } from "../partition-types.ts";
import type { ChainPlan } from "../plan/chain-plan.ts";
import { kindsPerPort, rowColumn, tagColumn } from "../plan/exchange-columns.ts";
import { laneReader } from "../plan/lane-values.ts";
import type { TaskPlan } from "../plan/task-plan.ts";
import { type ChainRow, RowKind } from "./chain-row.ts";

/** Rows of a frame in their order. */
export interface ReadRows {
  readonly count: number;
  portOf(row: number): number;
  rowAt(row: number): ChainRow;
}

/** Bits of the upper half of a hash below its key group. */
const keyGroupShift = 22;

export class ChainInput {
  readonly #kernel: Kernel;
  readonly #plan: TaskPlan;
  readonly #chain: ChainPlan;
  readonly #schema: Schema;
  readonly #decoder: FrameDecoder;
  readonly #identity: () => Pick<PartitionIdentity, "keyGroups" | "shard">;

  constructor(
    kernel: Kernel,
    plan: TaskPlan,
    schema: Schema,
    identity: () => Pick<PartitionIdentity, "keyGroups" | "shard">,
  ) {
    assert(plan.chain, "the plan has a chain");
    this.#kernel = kernel;
    this.#plan = plan;
    this.#chain = plan.chain;
    this.#schema = schema;
    this.#decoder = new FrameDecoder(kernel);
    this.#identity = identity;
  }

  read(record: ReadRecord): ReadRows {
    const { frame } = record;
    const wanted = this.#plan.sourceColumns.map(({ streamColumn }) => streamColumn);
    const { batch, release } = this.#decoder.decode(frame, this.#schema, wanted);
    try {
      const columns = wanted.map((column) => copyColumn(this.#kernel.memory, batch, column));
      const groups = this.#groupsOf(batch);
      const { source } = this.#chain;
      if (!source) return readExchange(this.#chain, columns, groups, batch.rows);
      const readers = columnReaders(source.columns, columns, record, this.#identity().shard);
      const kinds = source.kindColumn === undefined ? undefined : columns[source.kindColumn];
      return readSource(readers, kinds, groups, batch.rows);
    } finally {
      release();
    }
  }

  /** The key group of each row. */
  #groupsOf(batch: ColumnRows): (row: number) => number {
    const route = this.#chain.route.map((column) => this.#plan.sourceColumns[column]?.streamColumn ?? 0);
    // Rows that come by no key are kept by the partition's first group.
    const [first] = this.#identity().keyGroups;
    if (route.length === 0 || batch.rows === 0) return () => first;
    const keys = new KeyColumns(this.#kernel, batch.rows);
    keys.build(batch, route, 0);
    const halves = this.#kernel.memory.u32(keys.hashes, batch.rows * 2).slice();
    keys.release();
    return (row) => (halves[row * 2 + 1] as number) >>> keyGroupShift;
  }
}

type Lanes = readonly LaneValue[];

/** What a record is, beside its rows. */
export type ReadRecord = Pick<LogRecord, "frame" | "offset" | "appendTime">;

type ColumnReader = (row: number) => SqlValue;

/**
 * Returns what reads the value of each column in a row: of a lane, or what the log says of the record.
 * `lanes` are those of the columns that lie in rows, in order.
 */
export function columnReaders(
  columns: readonly Pick<ReadColumn, "type" | "metadata">[],
  lanes: readonly Lanes[],
  record: ReadRecord,
  partition: number,
): ColumnReader[] {
  let next = 0;
  return columns.map(({ type, metadata }) => {
    if (metadata) {
      const value = factOf(record, metadata, partition);
      return () => value;
    }
    const [read, values] = [laneReader(type), lanes[next++]];
    return (row) => read(values?.[row] ?? null);
  });
}

function factOf({ offset, appendTime }: ReadRecord, fact: RecordFact, partition: number): SqlValue {
  switch (fact) {
    case "timestamp":
      return BigInt(appendTime) * nanosPerMilli;
    case "offset":
      return BigInt(offset);
    case "partition":
      return partition;
  }
}

function readSource(
  readers: readonly ColumnReader[],
  kinds: Lanes | undefined,
  groups: (row: number) => number,
  count: number,
): ReadRows {
  return {
    count,
    portOf: () => 0,
    rowAt: (row) => ({
      kind: kinds ? (Number(kinds[row] ?? 0) as RowKind) : RowKind.Insert,
      values: readers.map((read) => read(row)),
      group: groups(row),
    }),
  };
}

function readExchange(
  { ports }: ChainPlan,
  columns: readonly Lanes[],
  groups: (row: number) => number,
  count: number,
): ReadRows {
  const tagOf = (row: number) => Number(columns[tagColumn]?.[row]);
  const portOf = (row: number) => Math.floor(tagOf(row) / kindsPerPort);
  return {
    count,
    portOf,
    rowAt: (row) => ({
      kind: (tagOf(row) % kindsPerPort) as RowKind,
      values: decodeRow(ports[portOf(row)] ?? [], columns[rowColumn]?.[row] as Uint8Array) as Row,
      group: groups(row),
    }),
  };
}
