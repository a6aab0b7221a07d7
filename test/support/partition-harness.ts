/**
 * A partition in Node: a stream, a job, rows as plain JSON values in, view rows out; crash and restart at
 * will.
 *
 * Every call is a turn of its own. `crash` drops the turn that is open and starts a new partition over what
 * is durable.
 */

import { checkpointTurnBytesMax } from "../../src/base/limits.ts";
import type { BadRecord } from "../../src/columnar/bad-record.ts";
import { kindOf, type Schema } from "../../src/columnar/schema.ts";
import { type JsonScalar, readValue } from "../../src/columnar/values.ts";
import type { AppendRequest, AppendResult, ProducerPart } from "../../src/engine/log/records.ts";
import { minWatermark } from "../../src/engine/log/records.ts";
import { Partition } from "../../src/engine/partition.ts";
import type {
  JobCommand,
  PartitionIdentity,
  ViewPage,
  ViewRow,
  ViewScan,
} from "../../src/engine/partition-types.ts";
import { planJob } from "../../src/engine/plan/plan-job.ts";
import type { UserFunctions } from "../../src/interpreter/user-functions.ts";
import { fillBatch } from "../../src/kernel/fill-batch.ts";
import { FrameEncoder } from "../../src/kernel/frame-codec.ts";
import { Kernel } from "../../src/kernel/kernel.ts";
import { firstRows } from "../../src/kernel/selection.ts";
import { readJobDefinition } from "../../src/protocol/job-spec.ts";
import { readStreamDefinition, type StreamDefinition } from "../../src/protocol/stream-spec.ts";
import type { Step } from "../arbitraries/partition-runs.ts";
import { kernelBuilds } from "./kernels.ts";
import { portsOver, type TestPorts } from "./manual-ports.ts";
import { NodeStorage } from "./node-storage.ts";

export type Row = readonly JsonScalar[];

export interface HarnessOptions {
  /** A stream's body, or its definition, which no body can say of one between stages. */
  readonly stream: unknown;
  readonly definition?: StreamDefinition;
  /** What its identity is besides that of the only shard of the stream. */
  readonly identity?: Partial<PartitionIdentity>;
  readonly storage?: NodeStorage;
  readonly module?: WebAssembly.Module;
  readonly pageBudget?: number;
  /** What the worker registers when the partition starts. */
  readonly functions?: () => UserFunctions;
  readonly checkpointTurnBytes?: number;
  readonly keyGroups?: readonly [number, number];
}

export const releaseModule = (kernelBuilds[0] as readonly [string, WebAssembly.Module])[1];

export class PartitionHarness {
  readonly definition: StreamDefinition;
  readonly schema: Schema;
  readonly storage: NodeStorage;
  readonly ports: TestPorts<NodeStorage>;
  readonly identity: PartitionIdentity;
  partition: Partition;
  readonly #options: HarnessOptions;
  readonly #encoderKernel: Kernel;
  #revision = 0;

  constructor(options: HarnessOptions) {
    this.#options = options;
    this.definition = options.definition ?? readStreamDefinition(options.stream);
    this.schema = { version: 1, columns: this.definition.columns };
    this.storage = options.storage ?? new NodeStorage();
    this.ports = portsOver(this.storage, 1_000_000);
    this.#encoderKernel = new Kernel(options.module ?? releaseModule);
    const { eventTime, idle, idleTimeoutMs, retention } = this.definition;
    this.identity = {
      stream: "events",
      generation: 1,
      shard: 0,
      shardCount: 1,
      keyGroups: options.keyGroups ?? [0, 1024],
      mapVersion: 1,
      schema: this.schema,
      eventTimeColumn: this.schema.columns.findIndex(({ name }) => name === eventTime.column),
      outOfOrdernessMs: eventTime.outOfOrdernessMs,
      idleTimeoutMs,
      idle,
      retention: { timeMs: retention.timeMs, bytesMax: retention.bytesPerShard },
      ...options.identity,
    };
    this.partition = this.#start();
    this.turn(() => this.partition.setUp(this.identity));
  }

  /** Moves the clock on. */
  pass(ms: number): void {
    this.ports.clock.time += ms;
  }

  /** Runs one turn: its writes commit, or are dropped when it throws. */
  turn<Value>(work: () => Value): Value {
    const value = work();
    this.storage.commit();
    return value;
  }

  /** The process dies: what was not committed is gone. */
  crash(): void {
    this.storage.crash();
    this.partition = this.#start();
    this.storage.commit();
  }

  startJob(job: string, body: unknown, run = 1): void {
    const plan = planJob(readJobDefinition(body), this.definition);
    this.wish({ job, run, state: "running", plan });
  }

  endJob(job: string, run: number): void {
    const { plan } = this.partition.jobs.taskOf(job, run);
    this.wish({ job, run, state: "deleted", plan });
  }

  /** Tells the partition what is wanted of a job, as the newest wish. */
  wish(command: Omit<JobCommand, "revision">): void {
    this.#revision++;
    this.turn(() =>
      this.partition.command(this.identity.generation, { ...command, revision: this.#revision }),
    );
  }

  /** Encodes rows as one frame; the watermark is the newest event time less the bound. */
  frame(rows: readonly Row[], rejected: readonly BadRecord[] = []): Uint8Array {
    const { columns } = this.schema;
    const lanes = columns.map((column, index) =>
      rows.map((row) => {
        const value = readValue(row[index] ?? null, column.type);
        if (value === undefined) throw new Error(`${row[index]} is no ${column.type.name}`);
        return value;
      }),
    );
    const kinds = columns.map(({ type }) => kindOf(type));
    const { batch, release } = fillBatch(this.#encoderKernel, kinds, lanes);
    const times = (lanes[this.identity.eventTimeColumn] ?? []) as bigint[];
    const newest = [...times, minWatermark].sort((a, b) => (a < b ? 1 : -1))[0] ?? minWatermark;
    const watermark = rows.length === 0 ? minWatermark : newest - BigInt(this.identity.outOfOrdernessMs);
    const sequence = { offset: 0, part: 0 };
    const label = { channel: 0n, sequence, previous: sequence, watermark, schemaVersion: 1 };
    const frames = new FrameEncoder(this.#encoderKernel, this.schema).encode(
      label,
      batch,
      firstRows(rows.length),
      rejected,
    );
    release();
    if (frames.length !== 1) throw new Error("the rows make more than one frame");
    return frames[0] as Uint8Array;
  }

  request(frame: Uint8Array, producer?: ProducerPart): AppendRequest {
    const { generation } = this.identity;
    return { generation, mapVersion: 1, deadline: Number.MAX_SAFE_INTEGER, tokenId: "t", producer, frame };
  }

  append(rows: readonly Row[], producer?: ProducerPart): AppendResult {
    const [result] = this.turn(() => this.partition.append([this.request(this.frame(rows), producer)]));
    return result as AppendResult;
  }

  /** Works until nothing is left; returns the number of slices. Throws when a job failed. */
  settle(): number {
    let slices = 0;
    while (this.turn(() => this.partition.step()) > 0) slices++;
    for (const { job, state, error } of this.turn(() => this.partition.jobs.statuses())) {
      if (state === "failed" && error) throw new Error(`job "${job}" failed: ${error.message}`);
    }
    return slices;
  }

  /** Takes a checkpoint of all jobs now. */
  checkpoint(): void {
    this.pass(60_000);
    this.turn(() => this.partition.jobs.checkpointOld(this.ports.clock.now()));
    this.settle();
  }

  /** Does what a generated run says. */
  perform(step: Step): void {
    if (step.do === "crash") {
      if (step.midTurn) this.partition.step();
      this.crash();
      return;
    }
    if (step.do === "checkpoint") {
      this.pass(60_000);
      this.turn(() => this.partition.jobs.checkpointOld(this.ports.clock.time));
    }
    for (let slice = 0; slice < step.slices; slice++) this.turn(() => this.partition.step());
  }

  /** Reads a page of a view, over as many turns as that takes. */
  scan(job = "job", scan: Partial<ViewScan> = {}, run = 1): ViewPage {
    const whole = { newestFirst: false, limit: 100_000, ...scan };
    const rows: ViewRow[] = [];
    for (let page = whole; ; ) {
      const read = this.turn(() => this.partition.queryView(job, run, page));
      rows.push(...read.rows);
      if (!read.resume) return { ...read, rows };
      page = { ...page, after: read.resume, limit: whole.limit - rows.length };
    }
  }

  /** All rows of a view as `[…outputs, final]`, sorted: the order of a scan is by hash. */
  rows(job = "job", scan: Partial<ViewScan> = {}, run = 1): unknown[][] {
    const { rows } = this.scan(job, scan, run);
    return rows
      .map(({ values, final }: ViewRow) => [...Object.values(values), final])
      .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }

  #start(): Partition {
    const module = this.#options.module ?? releaseModule;
    const pageBudget = () => this.#options.pageBudget ?? 32 * 1024 * 1024;
    const checkpointTurnBytes = this.#options.checkpointTurnBytes ?? checkpointTurnBytesMax;
    const functions = this.#options.functions?.();
    return new Partition({ ...this.ports, functions }, { module, pageBudget, checkpointTurnBytes });
  }
}
