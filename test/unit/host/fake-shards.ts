/**
 * Shards without an engine: they keep what they were told, answer what a test wants, and can be made to fail.
 *
 * Appends follow the rules of acceptance as far as a sender sees them: set-up first, map version, producer
 * pairs.
 */
import { EngineError, errorBodyOf } from "../../../src/base/errors.ts";
import type { LetterPage, LetterQuery } from "../../../src/engine/letters/letter.ts";
import type { ReplayWish } from "../../../src/engine/letters/partition-letters.ts";
import { LiveProducers } from "../../../src/engine/log/live-producers.ts";
import type { LogPlace } from "../../../src/engine/log/read-frames.ts";
import type { AppendRequest, AppendResult } from "../../../src/engine/log/records.ts";
import type { MapChange } from "../../../src/engine/log/split-records.ts";
import type {
  Handover,
  HandoverStatus,
  JobCommand,
  JobStatus,
  Mending,
  PartitionIdentity,
  PartitionStatus,
  RpcResult,
  ScanPosition,
  SplitOrder,
  Tick,
  ViewPage,
  ViewScan,
} from "../../../src/engine/partition-types.ts";
import { changesOf, type ProducerOrder, raisedBy } from "../../../src/engine/producer-orders.ts";
import type { SavepointStatus } from "../../../src/engine/savepoint/savepoint-store.ts";
import {
  evaluatePart,
  type PartialAnswer,
  type ReadPage,
  type SentQuery,
} from "../../../src/host/partition/evaluate-part.ts";
import { rowPageOf } from "../../../src/host/partition/partition-reads.ts";
import type { PartitionRpc, SavepointBarrier } from "../../../src/host/partition/partition-rpc.ts";
import { type ShardAddress, type Shards, shardName } from "../../../src/host/shards.ts";
import type { Row } from "../../../src/interpreter/values/sql-value.ts";
import type { LetterPlace } from "../../../src/protocol/letter-id.ts";
import { scanOf } from "../../../src/sql/batch/divide.ts";

export class FakeShards implements Shards {
  readonly partitions = new Map<string, FakePartition>();

  open(address: ShardAddress): FakePartition {
    const name = shardName(address);
    const partition = this.partitions.get(name) ?? new FakePartition(address);
    this.partitions.set(name, partition);
    return partition;
  }

  at(stream: string, generation: number, shard: number): FakePartition {
    return this.open({ stream, generation, shard });
  }
}

export class FakePartition implements PartitionRpc {
  readonly address: ShardAddress;
  readonly calls: string[] = [];
  readonly appends: (readonly AppendRequest[])[] = [];
  readonly logged: AppendRequest[] = [];
  readonly jobs = new Map<number, JobCommand>();
  readonly live = new LiveProducers();
  /** The shard's clock. */
  now: () => number = () => 0;
  identity: PartitionIdentity | undefined;
  isDestroyed = false;
  status_: Partial<PartitionStatus> = {};
  jobStatus: Partial<JobStatus> = {};
  page: ViewPage = { rows: [], hasMore: false, watermark: 0n, appliedOffset: 0 };
  /** What each turn of an evaluation reads. */
  pageOf: (scan: ViewScan) => ViewPage = () => this.page;
  token: readonly number[] = [];
  savepoint: SavepointStatus | null = null;
  savepointFailure: string | undefined;
  handover: Handover = { nextOffset: 1, acceptance: new Uint8Array(0) };
  handedOver: HandoverStatus = { state: "None", parts: 0 };
  /** Of the stream, for queries. */
  streamRows: readonly Row[] = [];
  letterPage: LetterPage = { letters: [], next: undefined };
  /** Runs before every call; what it throws is what the platform would throw. */
  beforeCall: (method: string) => void | Promise<void> = () => {};
  /** Refuses an append, when it answers an error. */
  refuse: (request: AppendRequest) => EngineError | undefined = () => undefined;

  constructor(address: ShardAddress) {
    this.address = address;
  }

  setUp(identity: PartitionIdentity) {
    return this.#call("setUp", () => {
      this.identity = identity;
      return null;
    });
  }

  append(requests: readonly AppendRequest[]) {
    return this.#call("append", () => {
      this.appends.push(requests);
      return requests.map((request) => this.#accept(request));
    });
  }

  setWatermark(_generation: number, watermark: bigint) {
    return this.#call(`setWatermark ${watermark}`, () => this.logged.length);
  }

  tick(_generation: number, { watermark, producers }: Tick) {
    const told = producers.map((each) => ` ${each.producer} at ${each.watermark}`).join("");
    return this.#call(`tick ${watermark ?? "-"}${told}`, () => {
      for (const change of raisedBy(producers, this.live)) this.live.change(change, this.now());
      return null;
    });
  }

  orderProducers(_generation: number, orders: readonly ProducerOrder[]) {
    const told = orders.map(({ order, producer }) => `${order} ${producer}`).join(", ");
    return this.#call(told, () => {
      for (const change of changesOf(orders, this.live)) this.live.change(change, this.now());
      return null;
    });
  }

  mend(run: number, mending: Mending) {
    return this.#call(`mend ${run} ${JSON.stringify(mending)}`, () => true);
  }

  command(_generation: number, command: JobCommand) {
    return this.#call(`command ${command.job} ${command.run} ${command.state}`, () => {
      if (!this.identity) throw new EngineError("MAP_STALE", { message: "Not set up." });
      if (command.state === "deleted") this.jobs.delete(command.run);
      else this.jobs.set(command.run, command);
      return null;
    });
  }

  status() {
    return this.#call("status", (): PartitionStatus | null => {
      if (!this.identity) return null;
      return {
        shard: this.address.shard,
        generation: this.address.generation,
        firstOffset: 0,
        nextOffset: this.logged.length,
        watermark: 0n,
        ownWatermark: 0n,
        producers: [...this.live.entries()],
        isIdle: false,
        isEnded: false,
        lastFrameAt: undefined,
        counts: { rows: 0, rejected: 0, duplicates: 0, bytes: 0 },
        storageBytes: 0,
        ...this.status_,
        jobs: [...this.jobs.values()].map((job) => this.#jobStatus(job)),
      };
    });
  }

  queryView(job: string, run: number, scan: ViewScan, wait?: { minOffset: number; timeoutMs: number }) {
    return this.#call(`queryView ${job} ${run} ${wait?.minOffset ?? "-"} limit ${scan.limit}`, () => {
      if (!this.jobs.has(run)) throw new EngineError("VIEW_NOT_FOUND", { message: "No such job here." });
      return this.page;
    });
  }

  evaluateView(job: string, run: number, query: SentQuery<ScanPosition>) {
    return this.#call(`evaluateView ${job} ${run} behind ${query.after?.hash ?? "-"}`, async () => {
      if (!this.jobs.has(run)) throw new EngineError("VIEW_NOT_FOUND", { message: "No such job here." });
      const { mapVersion, key, shape } = query;
      const whole = {
        ...(mapVersion !== undefined && { mapVersion }),
        ...(key && { key }),
        newestFirst: true,
      };
      return await this.#evaluate<ScanPosition>(query, (after, limit) => {
        const page = this.pageOf({ ...whole, limit, ...(after && { after }) });
        return rowPageOf(page, scanOf(query), shape);
      });
    });
  }

  evaluateStream(query: SentQuery<LogPlace>) {
    return this.#call(`evaluateStream behind ${query.after?.from ?? "-"}`, () =>
      this.#evaluate<LogPlace>(query, () => ({ rows: this.streamRows, bytes: 0, next: undefined })),
    );
  }

  async #evaluate<Place>(
    query: SentQuery<Place>,
    read: (after: Place | undefined, limit: number) => ReadPage<Place>,
  ): Promise<PartialAnswer<Place>> {
    const answer = await evaluatePart<Place>(
      async (...place) => ({ ok: true, value: read(...place) }),
      (work) => queueMicrotask(work),
      query,
      undefined,
    );
    if (!answer.ok) throw new EngineError(answer.error.code, { message: answer.error.message });
    return answer.value;
  }

  beginSavepoint(_generation: number, { run, savepoint, drains, sends }: SavepointBarrier) {
    const counts = Object.entries(sends ?? {}).map(([stage, channels]) => ` ${channels} to ${stage}`);
    const how = `${drains ? " drains" : ""}${counts.join("")}`;
    return this.#call(`beginSavepoint ${run} ${savepoint}${how}`, () => null);
  }

  split({ split, identity }: SplitOrder) {
    return this.#call(`split ${split}`, () => {
      this.identity = identity;
      return this.handover;
    });
  }

  beginMap(_generation: number, split: number, change: MapChange) {
    return this.#call(`beginMap ${split} of ${change.parent}`, () => null);
  }

  handoverOf(run: number, split: number) {
    return this.#call(`handoverOf ${run} ${split}`, () => this.handedOver);
  }

  savepointStatus(run: number, savepoint: number) {
    return this.#call(`savepointStatus ${run} ${savepoint}`, () => {
      const message = this.savepointFailure;
      if (message !== undefined) throw new EngineError("JOB_FAILED", { message });
      return this.savepoint;
    });
  }

  tokenBehind(job: string, run: number, offset: number, to: number) {
    return this.#call(`tokenBehind ${job} ${run} ${offset} to ${to}`, () => this.token);
  }

  follow() {
    return this.#call("follow", (): never => unfollowed());
  }

  changes() {
    return this.#call("changes", (): never => unfollowed());
  }

  snapshot() {
    return this.#call("snapshot", (): never => unfollowed());
  }

  letters({ job, after, limit }: LetterQuery) {
    const place = after ? `${after.run}.${after.offset}.${after.row}` : "-";
    return this.#call(`letters ${job ?? "-"} ${place} ${limit}`, () => this.letterPage);
  }

  beginReplay({ places }: ReplayWish) {
    return this.#call(`beginReplay of ${places.length}`, () => null);
  }

  endReplay(number: number, done: readonly LetterPlace[]) {
    return this.#call(`endReplay ${number} of ${done.length}`, () => null);
  }

  destroy(_generation: number) {
    return this.#call("destroy", () => {
      this.isDestroyed = true;
      this.identity = undefined;
      return null;
    });
  }

  async #call<Value>(method: string, run: () => Value | Promise<Value>): Promise<RpcResult<Value>> {
    this.calls.push(method);
    await this.beforeCall(method);
    try {
      return { ok: true, value: await run() };
    } catch (thrown) {
      return { ok: false, error: errorBodyOf(thrown) };
    }
  }

  #accept(request: AppendRequest): AppendResult {
    const stale =
      request.generation !== this.identity?.generation || request.mapVersion !== this.identity.mapVersion;
    const error = stale ? new EngineError("MAP_STALE", { message: "Stale." }) : this.refuse(request);
    if (error) return { status: "refused", error: errorBodyOf(error) };
    const { producer } = request;
    const known = this.logged.findIndex(
      (other) =>
        producer !== undefined &&
        other.producer?.producer === producer.producer &&
        other.producer.sequence === producer.sequence &&
        other.producer.part === producer.part,
    );
    if (known !== -1) return { status: "duplicate", offset: known };
    if (!this.#isRegistered(request)) {
      const unregistered = new EngineError("PRODUCER_UNREGISTERED", { message: "Not registered." });
      return { status: "refused", error: errorBodyOf(unregistered) };
    }
    this.logged.push(request);
    return { status: "logged", offset: this.logged.length - 1 };
  }

  #isRegistered({ tokenId, producer, registration }: AppendRequest): boolean {
    if (!producer || !this.identity?.waitsForProducers) return true;
    const known = this.live.find({ tokenId, producer: producer.producer });
    return known?.isClosed === false && known.registration === registration;
  }

  #jobStatus(job: JobCommand): JobStatus {
    return {
      job: job.job,
      run: job.run,
      state: job.state === "paused" ? "paused" : "running",
      error: undefined,
      watermark: 0n,
      appliedOffset: 0,
      lostRecords: 0,
      lagRecords: 0,
      lagBytes: 0,
      counts: { rows: 0, filtered: 0, late: 0, bad: 0 },
      openWindows: 0,
      unacknowledgedBytes: 0,
      stateBytesInMemory: 0,
      checkpoints: [],
      ...this.jobStatus,
    };
  }
}

function unfollowed(): never {
  throw new EngineError("VIEW_NOT_FOUND", { message: "Nobody follows a view here." });
}
