/**
 * Who follows a task's view: hubs, which pass changes on to subscribers, each with what it has.
 *
 * They are in the checkpoint. What a hub has acknowledged since the last one is forgotten by a crash: it is
 * told again and drops what it knows. The keys that it follows are never fewer than it asked for: they are in
 * storage in the turn that answers.
 */
import { followedKeysMax } from "../../base/limits.ts";
import { type ChangePlace, laterOf } from "./change-types.ts";

/** Hashes of the keys that a hub is told of; undefined: of all. */
export type FollowedKeys = ReadonlySet<string> | undefined;

/**
 * A hub: its name, the map by which it knows the view's partitions, and what it has, [offset, row]; the keys
 * that it follows, where these are not all.
 */
export interface StoredFollower {
  readonly hub: string;
  readonly map: number;
  readonly place: readonly [number, number];
  readonly keys?: readonly string[];
}

export interface Follower {
  readonly hub: string;
  readonly map: number;
  readonly keys: FollowedKeys;
  /** All changes before it are with the hub. */
  place: ChangePlace;
  /** True while a call is on its way. */
  isCalled: boolean;
}

export class TaskFollowers {
  readonly #byHub = new Map<string, Follower>();
  /** The same, in order: every turn asks for them. */
  #all: readonly Follower[] = [];
  #leftAt: number | undefined;

  constructor(stored: readonly StoredFollower[], leftAt: number | undefined) {
    for (const { hub, map, place, keys } of stored) {
      const [offset, row] = place;
      const followed = keys && new Set(keys);
      this.#byHub.set(hub, { hub, map, keys: followed, place: { offset, row }, isCalled: false });
    }
    this.#all = [...this.#byHub.values()];
    this.#leftAt = leftAt;
  }

  get all(): readonly Follower[] {
    return this.#all;
  }

  /** True while a call to one of them is on its way, or to be made again. */
  get isCalled(): boolean {
    return this.all.some(({ isCalled }) => isCalled);
  }

  get state(): { readonly followers: readonly StoredFollower[]; readonly leftAt?: number } {
    const followers = this.all.map(({ hub, map, place, keys }): StoredFollower => {
      return { hub, map, place: [place.offset, place.row], ...(keys && { keys: [...keys] }) };
    });
    return { followers, ...(this.#leftAt !== undefined && { leftAt: this.#leftAt }) };
  }

  get(hub: string): Follower | undefined {
    return this.#byHub.get(hub);
  }

  /** True where all have left, the last one before `time`. */
  isLeftSince(time: number): boolean {
    return this.#leftAt !== undefined && this.#leftAt < time;
  }

  /** Adds a hub that has nothing to be told of what is before `place`. */
  add({ hub, map, place, keys }: Omit<Follower, "isCalled">): Follower {
    const follower = { hub, map, keys, place, isCalled: false };
    this.#byHub.set(hub, follower);
    this.#all = [...this.#byHub.values()];
    this.#leftAt = undefined;
    return follower;
  }

  /** Takes a hub out at the time `now`; not the one that came in its place meanwhile. */
  remove(follower: Follower, now: number): boolean {
    if (this.#byHub.get(follower.hub) !== follower) return false;
    this.#byHub.delete(follower.hub);
    this.#all = [...this.#byHub.values()];
    if (this.#byHub.size === 0) this.#leftAt = now;
    return true;
  }
}

/** The keys of both; `one` itself where the other has none more, and all where they are too many. */
export function unitedKeys(one: FollowedKeys, other: readonly string[] | undefined): FollowedKeys {
  if (!one || !other) return undefined;
  if (other.every((key) => one.has(key))) return one;
  const united = new Set([...one, ...other]);
  return united.size <= followedKeysMax ? united : undefined;
}

/** Notes that a hub has all that is before `place`. */
export function acknowledge(follower: Follower, place: ChangePlace): void {
  follower.place = laterOf(follower.place, place);
}
