/**
 * The Durable Object of a shard: hands its storage, alarm and RPC calls to the partition's host.
 */
import { DurableObject } from "cloudflare:workers";
import { checkpointTurnBytesMax } from "../base/limits.ts";
import type { LetterQuery } from "../engine/letters/letter.ts";
import type { ReplayWish } from "../engine/letters/partition-letters.ts";
import type { LogPlace } from "../engine/log/read-frames.ts";
import type { AppendRequest } from "../engine/log/records.ts";
import type { MapChange } from "../engine/log/split-records.ts";
import type { Handover, Mending, PartitionIdentity, ScanPosition, Tick } from "../engine/partition-types.ts";
import type { ProducerOrder } from "../engine/producer-orders.ts";
import type { SentQuery } from "../host/partition/evaluate-part.ts";
import type { HostPorts } from "../host/partition/host-ports.ts";
import { PartitionHost } from "../host/partition/partition-host.ts";
import type { PartitionRpc, SavepointBarrier } from "../host/partition/partition-rpc.ts";
import type { LetterPlace } from "../protocol/letter-id.ts";
import { coordinatorOf } from "./coordinator-stub.ts";
import type { Environment } from "./environment.ts";
import { KeptHubStubs } from "./hub-stubs.ts";
import { isolate } from "./isolate.ts";
import { kernelModule } from "./load-kernel.ts";
import { logRow } from "./log.ts";
import { ObjectStorage, PlatformClock, PlatformRandom } from "./object-storage.ts";
import { blobsOf } from "./savepoint-blobs.ts";
import { KeptShardStubs } from "./shard-stubs.ts";
import { userFunctions } from "./user-functions.ts";

export class Shard extends DurableObject<Environment> implements PartitionRpc {
  #host: PartitionHost | undefined;

  constructor(ctx: DurableObjectState, env: Environment) {
    super(ctx, env);
    void ctx.blockConcurrencyWhile(async () => {
      const alarmAt = await ctx.storage.getAlarm();
      const options = {
        module: kernelModule,
        pageBudget: () => isolate.pageBudget(this),
        checkpointTurnBytes: checkpointTurnBytesMax,
      };
      this.#host = new PartitionHost(this.#ports(), options, alarmAt ?? undefined);
    });
  }

  get #ready(): PartitionHost {
    if (!this.#host) throw new Error("The object has not started.");
    return this.#host;
  }

  setUp(identity: PartitionIdentity, handover?: Handover) {
    return this.#ready.setUp(identity, handover);
  }

  append(requests: readonly AppendRequest[]) {
    return this.#ready.append(requests);
  }

  setWatermark(generation: number, watermark: bigint, mapVersion?: number) {
    return this.#ready.setWatermark(generation, watermark, mapVersion);
  }

  tick(generation: number, tick: Tick) {
    return this.#ready.tick(generation, tick);
  }

  orderProducers(generation: number, orders: readonly ProducerOrder[], deadline: number) {
    return this.#ready.orderProducers(generation, orders, deadline);
  }

  command(...asked: Parameters<PartitionRpc["command"]>) {
    return this.#ready.command(...asked);
  }

  mend(run: number, mending: Mending) {
    return this.#ready.mend(run, mending);
  }

  status(sentAt?: number) {
    return this.#ready.status(sentAt);
  }

  queryView(...asked: Parameters<PartitionRpc["queryView"]>) {
    return this.#ready.queryView(...asked);
  }

  evaluateView(job: string, run: number, query: SentQuery<ScanPosition>) {
    return this.#ready.evaluateView(job, run, query);
  }

  evaluateStream(query: SentQuery<LogPlace>) {
    return this.#ready.evaluateStream(query);
  }

  beginSavepoint(generation: number, barrier: SavepointBarrier) {
    return this.#ready.beginSavepoint(generation, barrier);
  }

  split(...asked: Parameters<PartitionRpc["split"]>) {
    return this.#ready.split(...asked);
  }

  beginMap(generation: number, split: number, change: MapChange) {
    return this.#ready.beginMap(generation, split, change);
  }

  handoverOf(...asked: Parameters<PartitionRpc["handoverOf"]>) {
    return this.#ready.handoverOf(...asked);
  }

  savepointStatus(...asked: Parameters<PartitionRpc["savepointStatus"]>) {
    return this.#ready.savepointStatus(...asked);
  }

  tokenBehind(...asked: Parameters<PartitionRpc["tokenBehind"]>) {
    return this.#ready.tokenBehind(...asked);
  }

  follow(...asked: Parameters<PartitionRpc["follow"]>) {
    return this.#ready.follow(...asked);
  }

  changes(...asked: Parameters<PartitionRpc["changes"]>) {
    return this.#ready.changes(...asked);
  }

  snapshot(...asked: Parameters<PartitionRpc["snapshot"]>) {
    return this.#ready.snapshot(...asked);
  }

  letters(query: LetterQuery) {
    return this.#ready.letters(query);
  }

  beginReplay(wish: ReplayWish) {
    return this.#ready.beginReplay(wish);
  }

  endReplay(number: number, done: readonly LetterPlace[]) {
    return this.#ready.endReplay(number, done);
  }

  destroy(generation: number) {
    return this.#ready.destroy(generation);
  }

  override alarm() {
    return this.#ready.alarm();
  }

  #ports(): HostPorts {
    const { storage } = this.ctx;
    return {
      sql: new ObjectStorage(storage),
      clock: new PlatformClock(),
      random: new PlatformRandom(),
      functions: userFunctions,
      print: logRow,
      soon: (work) => void setTimeout(work, 0),
      later: (work, ms) => {
        const timer = setTimeout(work, ms);
        return () => clearTimeout(timer);
      },
      setAlarm: (at) => void storage.setAlarm(at),
      clearStorage: async () => {
        await storage.deleteAlarm();
        await storage.deleteAll();
      },
      abort: (reason) => this.ctx.abort(reason),
      mayStartAnew: (sentAt) => isolate.clockRestarts.note(this.ctx.id.toString(), sentAt),
      shards: new KeptShardStubs(this.env),
      hubs: new KeptHubStubs(this.env),
      blobs: blobsOf(this.env),
      reportActive: async ({ stream, generation, shard }) => {
        await coordinatorOf(this.env).shardActive(stream, generation, shard);
      },
    };
  }
}
