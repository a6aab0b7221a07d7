/**
 * Who follows the views of a partition, and what they are to be told.
 *
 * A hub is told in order, one call at a time, from what it has: what it acknowledged is not told again, but
 * after a crash. One that has nobody left to tell is forgotten. When a run ends, or the view's partitions are
 * others by now, its hubs are told that, and no more.
 */
import { EngineError, type ErrorBody, errorBodyOf } from "../base/errors.ts";
import type { PartitionJobs } from "./partition-jobs.ts";
import type { PartitionIdentity, RpcResult, ViewScan } from "./partition-types.ts";
import type { Clock } from "./ports.ts";
import { checkMap, stillMoving } from "./refusals.ts";
import { type ChangePage, type ChangePlace, comparePlaces, laterOf } from "./task/change-types.ts";
import type { Task } from "./task/task.ts";
import { acknowledge, type Follower, unitedKeys } from "./task/task-followers.ts";
import { isSettled, readSnapshot, type SnapshotPage, type SnapshotPosition } from "./task/view-snapshot.ts";

/** A view on this partition, and the map by which the caller knows that. */
export interface FollowedView {
  readonly job: string;
  readonly run: number;
  readonly map: number;
}

/** What a hub is told when it follows. */
export interface FollowAnswer {
  /** The first place from which changes are held. */
  readonly from: ChangePlace;
  /** Behind the last change that there is. */
  readonly head: ChangePlace;
  /** The hub has all changes before it, or need not have them. */
  readonly place: ChangePlace;
  /** True where the hub is told of all keys, whatever it asked for. */
  readonly isOfAllKeys: boolean;
}

/** One key of a view. */
export type FollowedKey = NonNullable<ViewScan["key"]> & { readonly hash: string };

/** Changes on their way to a hub, which has all before `from`. */
export interface ChangeCall extends ChangePage {
  readonly run: number;
  readonly follower: Follower;
  readonly from: ChangePlace;
}

/** A hub that is told no more, and why. */
export interface EndedFollower {
  readonly hub: string;
  readonly error: ErrorBody;
}

export class PartitionChanges {
  readonly #jobs: PartitionJobs;
  readonly #identity: () => PartitionIdentity;
  readonly #clock: Clock;
  #ended: EndedFollower[] = [];

  constructor(jobs: PartitionJobs, identity: () => PartitionIdentity, clock: Clock) {
    this.#jobs = jobs;
    this.#identity = identity;
    this.#clock = clock;
  }

  /** True while a hub has not been told all. */
  get isWaiting(): boolean {
    return this.#ended.length > 0 || this.#jobs.tasks.some(({ changes }) => changes.followers.isCalled);
  }

  /** True where `follow` may be called: not while many records are being applied at once. */
  canFollow(view: FollowedView): boolean {
    const { changes, isHalfway } = this.#taskOf(view);
    return changes.isOn || !isHalfway;
  }

  /**
   * Has a hub be told of changes from now on: of keys, by their hashes, beside those that it asked for
   * before, or of all. Again it changes nothing.
   */
  follow(view: FollowedView, hub: string, keys?: readonly string[]): FollowAnswer {
    const task = this.#taskOf(view);
    const { changes } = task;
    const { followers } = changes;
    const { map } = view;
    const known = followers.get(hub);
    if (known?.map !== map || !changes.isOn) {
      task.recordChanges();
      const place = laterOf(changes.head, changes.from);
      followers.add({ hub, map, place, keys: unitedKeys(new Set(), keys) });
      task.writeFollowers();
    } else {
      const united = unitedKeys(known.keys, keys);
      const isMore = united !== known.keys;
      // The answer that is on its way may say that nobody is left, which is not so any more.
      if (known.isCalled || isMore) followers.add({ hub, map, place: known.place, keys: united });
      if (isMore) task.writeFollowers();
    }
    const { from } = changes;
    const head = laterOf(changes.head, from);
    const { place = head, keys: told } = followers.get(hub) ?? {};
    return { from, head, place, isOfAllKeys: !told };
  }

  /** Reads changes from a place on; of one key, by its hash, or of all. */
  read(view: FollowedView, from: ChangePlace, hash: string | undefined): ChangePage {
    return this.#taskOf(view).changes.read(from, hash === undefined ? undefined : new Set([hash]));
  }

  /** True where `snapshot` may be called. */
  isSettled(view: FollowedView, position: SnapshotPosition | undefined): boolean {
    return isSettled(this.#taskOf(view), position?.place);
  }

  /** Reads a page of a snapshot; see `view-snapshot.ts`. */
  snapshot(
    view: FollowedView,
    key: FollowedKey | undefined,
    position: SnapshotPosition | undefined,
  ): SnapshotPage {
    return readSnapshot(this.#taskOf(view), key, position, this.#clock.now());
  }

  /** Returns the calls to make now; each must end in `settle`. */
  take(): ChangeCall[] {
    const calls: ChangeCall[] = [];
    for (const task of this.#jobs.tasks) {
      for (const follower of task.changes.followers.all) {
        if (!follower.isCalled && comparePlaces(follower.place, task.changes.head) < 0) {
          this.#takeOf(task, follower, calls);
        }
      }
    }
    return calls;
  }

  /** Returns the hubs to be told that it is over. */
  takeEnded(): EndedFollower[] {
    return this.#ended.splice(0);
  }

  /**
   * Takes the answer to a call: whether the hub has somebody left to tell. Returns false where it must be
   * tried again: then `retry` after a while.
   */
  settle({ run, follower, next }: ChangeCall, answer: RpcResult<boolean> | { readonly ok: false }): boolean {
    if (!answer.ok) return false;
    follower.isCalled = false;
    acknowledge(follower, next);
    const task = this.#jobs.openTask(run);
    if (!answer.value && task?.changes.followers.remove(follower, this.#clock.now())) task.writeFollowers();
    return true;
  }

  /** Lets what a call came to nothing with be told again. */
  retry({ follower }: ChangeCall): void {
    follower.isCalled = false;
  }

  /** Has all hubs be told that it is over, since the partition goes. */
  endAll(): void {
    for (const { changes } of this.#jobs.tasks) this.#endOf(changes.followers.all);
  }

  /** Runs a change of jobs; hubs that follow a run which that ends are told. */
  whileEnding(work: () => void): void {
    const before = this.#jobs.tasks.map(({ number, changes }) => ({
      number,
      followers: changes.followers.all,
    }));
    work();
    for (const { number, followers } of before) {
      if (!this.#jobs.has(number)) this.#endOf(followers);
    }
  }

  #endOf(followers: readonly Follower[]): void {
    const error = errorBodyOf(new EngineError("VIEW_NOT_FOUND", { message: "The view's job has ended." }));
    for (const { hub } of followers) this.#ended.push({ hub, error });
  }

  #takeOf(task: Task, follower: Follower, calls: ChangeCall[]): void {
    const { map, hub, place: from, keys } = follower;
    try {
      if (map < this.#identity().mapVersion) {
        const message = "The view's partitions are others by now, and places of the old ones say nothing.";
        throw new EngineError("CHANGES_GONE", { message });
      }
      const page = task.changes.read(from, keys);
      if (page.changes.length === 0 && !page.hasMore) {
        acknowledge(follower, page.next);
        return;
      }
      follower.isCalled = true;
      calls.push({ ...page, run: task.number, follower, from });
    } catch (thrown) {
      if (!(thrown instanceof EngineError)) throw thrown;
      task.changes.followers.remove(follower, this.#clock.now());
      task.writeFollowers();
      this.#ended.push({ hub, error: errorBodyOf(thrown) });
    }
  }

  #taskOf({ job, run, map }: FollowedView): Task {
    const identity = this.#identity();
    checkMap(identity, map);
    if (identity.awaits?.includes(run) === true && !this.#jobs.has(run)) throw stillMoving(identity, job);
    const task = this.#jobs.taskOf(job, run);
    if (task.barrier.isDividing) throw stillMoving(identity, job);
    if (task.plan.send || task.plan.chain?.result?.kind === "changelog") {
      const message = `"${job}" is a query whose results are changes already: POST /v1/sql gives them.`;
      throw new EngineError("QUERY_INVALID", { message });
    }
    return task;
  }
}
