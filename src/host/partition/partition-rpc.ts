/**
 * The RPC surface of a partition's object: what ingest, queries and the coordinator call.
 */

import type { LetterPage, LetterQuery } from "../../engine/letters/letter.ts";
import type { BegunReplay, ReplayWish } from "../../engine/letters/partition-letters.ts";
import type { Barrier } from "../../engine/log/barrier.ts";
import type { LogPlace } from "../../engine/log/read-frames.ts";
import type { AppendRequest, AppendResult } from "../../engine/log/records.ts";
import type { MapChange } from "../../engine/log/split-records.ts";
import type { FollowAnswer, FollowedKey, FollowedView } from "../../engine/partition-changes.ts";
import type {
  Handover,
  HandoverStatus,
  JobCommand,
  Mending,
  PartitionIdentity,
  PartitionStatus,
  RpcResult,
  ScanPosition,
  SplitOrder,
  Tick,
  ViewPage,
  ViewScan,
} from "../../engine/partition-types.ts";
import type { ProducerOrder } from "../../engine/producer-orders.ts";
import type { SavepointStatus } from "../../engine/savepoint/savepoint-store.ts";
import type { ChangePage, ChangePlace } from "../../engine/task/change-types.ts";
import type { SnapshotPage, SnapshotPosition } from "../../engine/task/view-snapshot.ts";
import type { LetterPlace } from "../../protocol/letter-id.ts";
import type { PartialAnswer, SentQuery } from "./evaluate-part.ts";

/** A savepoint's barrier as it enters a shard. */
export type SavepointBarrier = Omit<Barrier, "channels">;

/** What a query waits for: that the job has applied `minOffset`. */
export interface AwaitedOffset {
  readonly minOffset: number;
  readonly timeoutMs: number;
  /** The sender's time, ms. */
  readonly sentAt?: number;
}

/**
 * The RPC surface of a partition's object. No method throws for what can happen: it answers `ok: false`.
 *
 * `sentAt` is the caller's time, ms: an object whose own stands still, as the machine's clock was put back,
 * starts anew and answers `PARTITION_UNAVAILABLE`.
 */
export interface PartitionRpc {
  /** `handover` is what the log of a new shard begins with that another one was split into. */
  setUp(identity: PartitionIdentity, handover?: Handover): Promise<RpcResult<null>>;
  append(requests: readonly AppendRequest[]): Promise<RpcResult<readonly AppendResult[]>>;
  /** Moves the stream's watermark by hand; answers the record's offset. */
  setWatermark(generation: number, watermark: bigint, mapVersion?: number): Promise<RpcResult<number>>;
  /** The coordinator's tick for a shard that is idle, or held by producers. */
  tick(generation: number, tick: Tick): Promise<RpcResult<null>>;
  /** Registers, closes or forgets producers; again it changes nothing. Refused behind `deadline`, ms. */
  orderProducers(
    generation: number,
    orders: readonly ProducerOrder[],
    deadline: number,
  ): Promise<RpcResult<null>>;
  command(generation: number, command: JobCommand, sentAt?: number): Promise<RpcResult<null>>;
  /** Lets a failed job go on without something; false where it does already. It still has to be resumed. */
  mend(run: number, mending: Mending): Promise<RpcResult<boolean>>;
  status(sentAt?: number): Promise<RpcResult<PartitionStatus | null>>;
  /** Waits (at most `timeoutMs`) until the job has applied `minOffset`, then reads. */
  queryView(
    job: string,
    run: number,
    scan: ViewScan,
    wait: AwaitedOffset | undefined,
  ): Promise<RpcResult<ViewPage>>;
  /** Goes through a share of a view's rows, and answers what a part of a query of SQL keeps of them. */
  evaluateView(
    job: string,
    run: number,
    query: SentQuery<ScanPosition>,
  ): Promise<RpcResult<PartialAnswer<ScanPosition>>>;
  /** The same of what is retained of the stream. */
  evaluateStream(query: SentQuery<LogPlace>): Promise<RpcResult<PartialAnswer<LogPlace>>>;
  /** Lets a savepoint's barrier into the log of a shard; again it changes nothing. */
  beginSavepoint(generation: number, barrier: SavepointBarrier): Promise<RpcResult<null>>;
  /** How far a savepoint of a run is here; null before its barrier has come. `JOB_FAILED` ends it. */
  savepointStatus(
    run: number,
    savepoint: number,
    sentAt?: number,
  ): Promise<RpcResult<SavepointStatus | null>>;
  /** Splits a shard; again it answers the same. */
  split(order: SplitOrder, sentAt?: number): Promise<RpcResult<Handover>>;
  /** Lets a new map of the next stage into the log of a sender; again it changes nothing. */
  beginMap(generation: number, split: number, change: MapChange): Promise<RpcResult<null>>;
  /** Whether what the new partition of a split takes over of a run is there. */
  handoverOf(run: number, split: number, sentAt?: number): Promise<RpcResult<HandoverStatus>>;
  /**
   * Waits (at most `timeoutMs`) until the job has applied `offset` and the stage that reads the generation
   * `to` has acknowledged all that came of it. Answers the token for that stage: an offset for each of its
   * partitions, by number.
   */
  tokenBehind(
    job: string,
    run: number,
    offset: number,
    to: number,
    timeoutMs: number,
    sentAt?: number,
  ): Promise<RpcResult<readonly number[]>>;
  /** Has a hub be told what changes in a view from now on, of some keys or of all: see `PartitionChanges`. */
  follow(view: FollowedView, hub: string, keys?: readonly string[]): Promise<RpcResult<FollowAnswer>>;
  /** Changes from a place on; of one key, by its hash, or of all. `CHANGES_GONE` where some are not held. */
  changes(view: FollowedView, from: ChangePlace, hash: string | undefined): Promise<RpcResult<ChangePage>>;
  /** A page of a snapshot of a view that is followed, from the beginning or from a position on. */
  snapshot(
    view: FollowedView,
    key: FollowedKey | undefined,
    position: SnapshotPosition | undefined,
  ): Promise<RpcResult<SnapshotPage>>;
  letters(query: LetterQuery): Promise<RpcResult<LetterPage>>;
  /** See `PartitionLetters`: answers a replay to carry out and to end, maybe one that another has begun. */
  beginReplay(wish: ReplayWish): Promise<RpcResult<BegunReplay | null>>;
  endReplay(number: number, done: readonly LetterPlace[]): Promise<RpcResult<null>>;
  /** Deletes everything the object holds, when it belongs to `generation`. */
  destroy(generation: number): Promise<RpcResult<null>>;
}
