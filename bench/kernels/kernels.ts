/**
 * Each kernel of an event's way alone, on one core: decoding JSON, writing and reading frames, hashing keys,
 * finding cells, updating accumulators. Batches of 10 000 rows, as they come from a request of that many
 * events.
 *
 * A kernel's figure is its third-fastest sample. They do not add up to the whole path: between them lie
 * calls, copies and caches gone cold.
 */
import { KIND_F64 } from "../../assembly/abi.ts";
import type { Schema } from "../../src/columnar/schema.ts";
import { findCells, type KeyedRows, updateAccumulator } from "../../src/kernel/aggregates.ts";
import type { ColumnBatch } from "../../src/kernel/column-batch.ts";
import { FrameDecoder, FrameEncoder, noWatermark } from "../../src/kernel/frame-codec.ts";
import { bodyStart } from "../../src/kernel/json-body.ts";
import { JsonDecoder } from "../../src/kernel/json-decoder.ts";
import { Kernel } from "../../src/kernel/kernel.ts";
import type { KeyedTable } from "../../src/kernel/keyed-table.ts";
import { KeyColumns } from "../../src/kernel/keys.ts";
import { PageCache } from "../../src/kernel/page-cache.ts";
import { firstRows } from "../../src/kernel/selection.ts";
import { TableLayout } from "../../src/kernel/table-layout.ts";
import { readStreamDefinition } from "../../src/protocol/stream-spec.ts";
import { readKernelModule } from "../engine/kernel-module.ts";
import type { Bench, Check } from "../harness/bench.ts";
import { digest, kernelFigure } from "../harness/figures.ts";
import { measureInTurns, roundsFor } from "../harness/measure.ts";
import { ndjsonBodies } from "../inputs/bodies.ts";
import { clickColumns, clickEvents } from "../inputs/click-events.ts";

const keyCount = 10_000;
const rowsPerBatch = 10_000;
const batchCount = 20;
const pageBudgetBytes = 64 * 1024 * 1024;
const userColumn = 0;
const amountColumn = 3;

const label = {
  channel: 0n,
  sequence: { offset: 0, part: 0 },
  previous: { offset: 0, part: 0 },
  watermark: noWatermark,
  schemaVersion: 1,
};

export const kernels: Bench = {
  name: "kernels",
  question: "each kernel alone, one core, 10 000 keys",
  async run(context) {
    const events = (context.isSmoke ? 1 : batchCount) * rowsPerBatch;
    const path = new KernelPath(events);
    const samples = await measureInTurns(
      {
        decode: () => path.decode(),
        encodeFrames: () => path.encodeFrames(),
        decodeFrames: () => path.decodeFrames(),
        hash: () => path.hash(),
        find: () => path.find(),
        update: () => path.update(),
      },
      roundsFor(context, { rounds: 40, warmUps: 4 }),
    );
    const figure = (name: string, taken: readonly number[]) => kernelFigure(name, events, taken);
    return {
      settings: { events, rowsPerBatch, keyCount, seed: 1 },
      figures: [
        figure("decode NDJSON, 4 fields", samples.decode),
        kernelFigure("decode NDJSON, bytes", path.inputBytes, samples.decode, "bytes/s"),
        figure("encode frames, 4 columns", samples.encodeFrames),
        figure("decode frames, 3 columns", samples.decodeFrames),
        figure("keys and their hashes", samples.hash),
        figure("find cells", samples.find),
        figure("update count, sum and max", samples.update),
      ],
      ratios: [],
      checks: path.checks(),
    };
  },
};

/** All batches decoded, and every kernel ready to run over them again and again. */
class KernelPath {
  readonly inputBytes: number;
  readonly #events: number;
  readonly #bodies: readonly Uint8Array[];
  readonly #schema: Schema;
  readonly #kernel = new Kernel(readKernelModule());
  readonly #decoder: JsonDecoder;
  readonly #encoder: FrameEncoder;
  readonly #frameDecoder = new FrameDecoder(this.#kernel);
  readonly #cache = new PageCache(this.#kernel, { budgetBytes: pageBudgetBytes });
  readonly #layout = new TableLayout(this.#kernel.memory, [
    { operation: "count" },
    { operation: "sum", kind: KIND_F64 },
    { operation: "max", kind: KIND_F64 },
  ]);
  readonly #table: KeyedTable;
  readonly #batches: readonly { readonly batch: ColumnBatch; readonly rows: KeyedRows }[];
  readonly #keys: readonly KeyColumns[];
  #frames: Uint8Array[] = [];
  #finds = 0;
  #updates = 0;

  constructor(events: number) {
    const { bodies, bytes } = ndjsonBodies(clickEvents(events, keyCount), rowsPerBatch);
    const { columns } = readStreamDefinition({ columns: clickColumns, eventTime: { column: "ts" } });
    this.inputBytes = bytes;
    this.#events = events;
    this.#bodies = bodies;
    this.#schema = { version: 1, columns };
    this.#decoder = new JsonDecoder(this.#kernel, this.#schema);
    this.#encoder = new FrameEncoder(this.#kernel, this.#schema);
    this.#table = this.#cache.openTable(this.#layout, () => undefined);
    const decoded = bodies.map((body) => this.#decoder.decode(body, "ndjson", bodyStart));
    this.#keys = decoded.map(() => new KeyColumns(this.#kernel, rowsPerBatch));
    this.#batches = decoded.map(({ batch }, index) => {
      const { keys, keyNulls, hashes } = this.#keys[index] as KeyColumns;
      const cells = this.#kernel.memory.allocate(rowsPerBatch * 4);
      const rows = { selection: 0, count: batch.rows, keys, keyNulls, hashes, tables: this.#table, cells };
      return { batch, rows };
    });
    this.hash();
    this.encodeFrames();
    this.find();
  }

  decode(): undefined {
    for (const body of this.#bodies) this.#decoder.decode(body, "ndjson", bodyStart).release();
  }

  encodeFrames(): undefined {
    this.#frames = this.#batches.flatMap(({ batch }) =>
      this.#encoder.encode(label, batch, firstRows(batch.rows), []),
    );
  }

  decodeFrames(): undefined {
    for (const frame of this.#frames) this.#frameDecoder.decode(frame, this.#schema, [0, 1, 3]).release();
  }

  hash(): undefined {
    this.#batches.forEach(({ batch }, index) => {
      this.#keys[index]?.build(batch, [userColumn], 0);
    });
  }

  /** Finds the cells of every batch; they stay good, as all keys are there after the first time. */
  find(): undefined {
    this.#cache.beginBatch();
    for (const { rows } of this.#batches) {
      const failure = findCells(this.#kernel, rows, 1n);
      if (failure) throw new Error(`row ${failure.row} was not found a cell: ${failure.reason}`);
    }
    this.#finds++;
    if (this.#finds === 1) this.find();
  }

  update(): undefined {
    for (const { batch, rows } of this.#batches) {
      const amount = batch.columnPointer(amountColumn);
      updateAccumulator(this.#kernel, this.#layout, 0, rows, 0, 0n);
      updateAccumulator(this.#kernel, this.#layout, 1, rows, amount, 0n);
      updateAccumulator(this.#kernel, this.#layout, 2, rows, amount, 0n);
    }
    this.#updates++;
  }

  checks(): Check[] {
    const expected = [...clickEvents(this.#events, keyCount)];
    const lines = this.#batches.flatMap(({ batch }) =>
      Array.from({ length: batch.rows }, (_, row) => this.#lineOf(batch, row)),
    );
    const again = this.#frames.flatMap((frame) => {
      const decoded = this.#frameDecoder.decode(frame, this.#schema, "all");
      return this.#encoder.encode(label, decoded.batch, firstRows(decoded.batch.rows), []);
    });
    return [
      {
        name: "decoded rows",
        found: digest(lines.join("\n")),
        expected: digest(expected.map((event) => JSON.stringify(Object.values(event))).join("\n")),
      },
      { name: "frames of decoded frames", found: digestBytes(again), expected: digestBytes(this.#frames) },
      {
        name: "sum of all counts",
        found: String(this.#countAll()),
        expected: String(this.#updates * this.#events),
      },
    ];
  }

  #lineOf(batch: ColumnBatch, row: number): string {
    const values = clickColumns.map((_, index) => {
      const value = batch.value(index, row);
      if (value instanceof Uint8Array) return new TextDecoder().decode(value);
      return typeof value === "bigint" ? Number(value) : value;
    });
    return JSON.stringify(values);
  }

  #countAll(): bigint {
    let count = 0n;
    for (const page of this.#table.pages()) {
      for (let index = 0; index < page.cellCount; index++) {
        count += page.cell(index).accumulators[0] as bigint;
      }
    }
    return count;
  }
}

function digestBytes(frames: readonly Uint8Array[]): string {
  return `${frames.length} frames ${digest(Buffer.concat(frames).toString("latin1"))}`;
}
