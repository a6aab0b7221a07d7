/**
 * What a chain sends: rows gather and go in batches, cut by their number alone, so that a replay makes the
 * same messages.
 */
import { EngineError } from "../../base/errors.ts";
import { type Kind, kindOf } from "../../columnar/schema.ts";
import type { LaneValue } from "../../columnar/values.ts";
import type { Row, SqlValue } from "../../interpreter/values/sql-value.ts";
import { encodeRow } from "../../interpreter/values/value-codec.ts";
import { fillBatch } from "../../kernel/fill-batch.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { OperatorInput } from "../../protocol/dataflow.ts";
import { minWatermark } from "../log/records.ts";
import type { ChainEdge, ChainSend } from "../plan/chain-plan.ts";
import { keyTypesOf, kindsPerPort } from "../plan/exchange-columns.ts";
import { laneWriter } from "../plan/lane-values.ts";
import type { OutputEdge } from "../task/output-edge.ts";
import { type ChainRow, RowKind, rowKindNames } from "./chain-row.ts";

/** Rows, and bytes of them, that gather before they are sent. */
const gatheredRowsMax = 1024;
const gatheredBytesMax = 256 * 1024;

/** Where rows of an input or operator go. */
export interface Outlet {
  readonly of: OperatorInput;
  readonly push: (row: ChainRow) => void;
}

export class ChainOutput {
  readonly #kernel: Kernel;
  readonly #edge: OutputEdge;
  readonly #kinds: readonly Kind[];
  readonly #columns: LaneValue[][];
  #bytes = 0;

  constructor(kernel: Kernel, edge: OutputEdge) {
    this.#kernel = kernel;
    this.#edge = edge;
    this.#kinds = edge.sourceColumns.map(({ type }) => kindOf(type));
    this.#columns = edge.sourceColumns.map(() => []);
  }

  /** What of the chain goes by it. */
  outlets(chain: ChainEdge): Outlet[] {
    if (chain.to === "stream") return [{ of: chain.of, push: this.#toStream(chain) }];
    return chain.inputs.map((input) => ({ of: input.of, push: this.#toStage(input, chain.keyLanes) }));
  }

  get isFull(): boolean {
    return (this.#columns[0]?.length ?? 0) >= gatheredRowsMax || this.#bytes >= gatheredBytesMax;
  }

  /** Sends what has gathered of what the record at `offset` made. */
  send(offset: number): void {
    if ((this.#columns[0]?.length ?? 0) === 0) return;
    const { batch, release } = fillBatch(this.#kernel, this.#kinds, this.#columns);
    try {
      this.#edge.sendBatch(batch, { offset, watermark: minWatermark });
    } finally {
      release();
      for (const column of this.#columns) column.length = 0;
      this.#bytes = 0;
    }
  }

  #add(lanes: readonly LaneValue[]): void {
    for (const [index, lane] of lanes.entries()) {
      this.#columns[index]?.push(lane);
      this.#bytes += lane instanceof Uint8Array ? lane.length + 8 : 8;
    }
  }

  #toStage(input: ChainSend, keyLanes: boolean): (row: ChainRow) => void {
    const { port, key, types } = input;
    const keyTypes = keyTypesOf(input);
    const writers = keyTypes.map((type) => laneWriter(type, "text"));
    const keysOf = (values: Row): LaneValue[] => {
      const parts = key.map((column) => values[column] as SqlValue);
      if (!keyLanes) return [encodeRow(keyTypes, parts)];
      return writers.map((write, index) => write(parts[index] as SqlValue));
    };
    return ({ kind, values }) =>
      this.#add([BigInt(port * kindsPerPort + kind), encodeRow(types, values), ...keysOf(values)]);
  }

  #toStream({ name, columns }: Extract<ChainEdge, { to: "stream" }>): (row: ChainRow) => void {
    const writers = columns.map((column) => {
      const write = column && laneWriter(column.type, "bytes");
      return (values: Row) => (column && write ? write(values[column.column] as SqlValue) : null);
    });
    const wanted = this.#edge.sourceColumns;
    return ({ kind, values }) => {
      if (kind !== RowKind.Insert) {
        throw new EngineError("JOB_FAILED", {
          message:
            `Table "${name}" is a stream, which takes nothing back, and a row with ${rowKindNames[kind]} ` +
            "came for it. Write the results into a table with a primary key, or aggregate them by windows.",
        });
      }
      const lanes = writers.map((write) => write(values));
      const missing = wanted.findIndex(({ nullable }, index) => !nullable && lanes[index] === null);
      if (missing >= 0) {
        const column = wanted[missing]?.name;
        const message = `A row for table "${name}" has no "${column}", which is never null there.`;
        throw new EngineError("JOB_FAILED", { message });
      }
      this.#add(lanes);
    };
  }
}
