/**
 * A hub: passes what partitions tell of a view on to its subscribers.
 *
 * Every subscriber has all changes of its partitions from some place on, each once and in order. A new one
 * is brought level first: it reads what it lacks from the partition, until it has all that the hub was told;
 * from then on it is sent what comes. What is told again is before its place, and is dropped.
 *
 * The hub keeps nothing but what is attached to sockets. Idle, it leaves memory while they stay open. Now and
 * then an alarm looks whether its partitions still know it, and tells subscribers where they stand: who comes
 * back after a long quiet time goes on from there.
 */
import { decodeBase64 } from "../../base/base64.ts";
import { type ErrorCode, errorCodes } from "../../base/error-codes.ts";
import { EngineError, type ErrorBody, errorBodyOf } from "../../base/errors.ts";
import { hubSubscriptionsMax } from "../../base/limits.ts";
import type { FollowAnswer, FollowedKey } from "../../engine/partition-changes.ts";
import type { RpcResult } from "../../engine/partition-types.ts";
import { type ChangePlace, comparePlaces, laterOf, type ViewChange } from "../../engine/task/change-types.ts";
import type { SnapshotPosition } from "../../engine/task/view-snapshot.ts";
import type { PartitionPlace } from "../../protocol/changes.ts";
import type { PartitionRpc } from "../partition/partition-rpc.ts";
import { callShard, type Shards } from "../shards.ts";
import { deadlineAfter, type WallClock } from "../wall-clock.ts";
import type { HubRpc, ToldChanges } from "./hub-rpc.ts";
import { type HubSocket, type Phase, Subscriber } from "./subscriber.ts";
import type { SubscribedView, Subscription } from "./subscription.ts";

/** Time in ms between two looks after the partitions. */
const hubAlarmMs = 600_000;

const readTimeoutMs = 20_000;

/** Time in ms that who is brought level may take to acknowledge what it was sent. */
const roomTimeoutMs = 30_000;

/** Attempts to bring a subscriber level, and ms between them. */
const attemptsMax = 5;
const retryMs = 500;

export interface HubPorts {
  readonly clock: WallClock;
  readonly shards: Shards;
  /** Sockets with a tag, or all. */
  sockets(tag?: string): readonly HubSocket[];
  /** Sets the alarm, unless one is set. */
  setAlarm(at: number): void;
}

/** What a subscriber begins with. */
export interface Admission {
  readonly phase: Phase;
  readonly places: readonly PartitionPlace[];
}

/** The tag of sockets that take changes of a key, by its hash; without one, of all. */
export function tagOf({ key }: Pick<Subscription, "key">): string {
  return key ? `key ${key.hash}` : "all";
}

export class Hub implements HubRpc {
  readonly #ports: HubPorts;
  readonly #subscribers = new Map<HubSocket, Subscriber>();
  /** By partition: the hub was told all before it. */
  readonly #told = new Map<number, ChangePlace>();
  /** Partitions that surely tell this hub. */
  readonly #followed = new Set<number>();
  /** Listing all sockets takes time for each. */
  #count: number;
  readonly #closed = new WeakSet<HubSocket>();

  constructor(ports: HubPorts) {
    this.#ports = ports;
    this.#count = ports.sockets().length;
  }

  /** Lets a subscription in, or says why not; then `begin`. */
  async admit(subscription: Subscription): Promise<RpcResult<Admission>> {
    if (this.#count >= hubSubscriptionsMax) {
      const message = `A hub of the view has ${hubSubscriptionsMax} subscribers.`;
      return { ok: false, error: errorBodyOf(new EngineError("SUBSCRIPTIONS_TOO_MANY", { message })) };
    }
    const { from, snapshot, shards } = subscription;
    if (!from && !snapshot && shards.every((shard) => this.#followed.has(shard))) {
      const places = shards.map((shard) => asPlace(this.#told.get(shard) as ChangePlace));
      return { ok: true, value: { phase: "Behind", places } };
    }
    const followed = await this.#follow(subscription);
    if (!followed.ok) return followed;
    const heads = followed.value.map(({ head }) => asPlace(head));
    if (!from) return { ok: true, value: { phase: snapshot ? "Snapshot" : "Behind", places: heads } };
    const isHeld = followed.value.every((answer, index) => {
      const [offset, row] = from[index] as PartitionPlace;
      return comparePlaces({ offset, row }, answer.from) >= 0;
    });
    if (isHeld) return { ok: true, value: { phase: "Behind", places: from } };
    if (snapshot) return { ok: true, value: { phase: "Snapshot", places: heads } };
    const message = "lastEventId: changes behind that event are not held any more.";
    return { ok: false, error: errorBodyOf(new EngineError("CHANGES_GONE", { message })) };
  }

  /** Begins with a subscriber that was let in, on a socket that the platform has accepted. */
  begin(socket: HubSocket, subscription: Subscription, { phase, places }: Admission): void {
    const subscriber = Subscriber.begin(socket, subscription, phase, places);
    this.#subscribers.set(socket, subscriber);
    this.#count++;
    if (this.#count === 1) this.#ports.setAlarm(this.#ports.clock.now() + hubAlarmMs);
    void this.#bringLevel(subscriber);
  }

  /** Takes what a subscriber says: acknowledgements. */
  received(socket: HubSocket, text: string): void {
    const subscriber = this.#subscriberOf(socket);
    const ack = ackOf(text);
    if (ack !== undefined) {
      subscriber.acknowledge(ack);
      return;
    }
    const message = `Found ${text.slice(0, 100)}, expected {"ack": <number of a message>}.`;
    subscriber.end(errorBodyOf(new EngineError("REQUEST_INVALID", { message })));
  }

  /** Notes that a socket was closed. */
  closed(socket: HubSocket): void {
    if (this.#closed.has(socket)) return;
    this.#closed.add(socket);
    this.#subscribers.get(socket)?.leave();
    this.#subscribers.delete(socket);
    this.#count--;
  }

  async tell({ shard, changes, next }: ToldChanges): Promise<RpcResult<boolean>> {
    const known = this.#told.get(shard);
    if (!known || comparePlaces(known, next) < 0) this.#passOn(shard, changes, next);
    if (this.#count <= 0) this.#followed.delete(shard);
    return { ok: true, value: this.#count > 0 };
  }

  async end(error: ErrorBody): Promise<RpcResult<null>> {
    this.#followed.clear();
    for (const socket of this.#ports.sockets()) this.#subscriberOf(socket).end(error);
    return { ok: true, value: null };
  }

  /** Looks after the partitions; who follows a view that is gone is told. */
  async alarm(): Promise<void> {
    const sockets = this.#ports.sockets();
    const [first] = sockets;
    if (!first) return;
    const shards = new Set(sockets.flatMap((socket) => this.#subscriberOf(socket).subscription.shards));
    const { hub, view } = this.#subscriberOf(first).subscription;
    const followed = await this.#follow({ hub, view, shards: [...shards] });
    this.#ports.setAlarm(this.#ports.clock.now() + hubAlarmMs);
    if (!followed.ok) {
      const { code } = followed.error;
      if (isFinal(code) || code === "MAP_STALE") await this.end(followed.error);
      return;
    }
    for (const socket of this.#ports.sockets()) {
      const subscriber = this.#subscriberOf(socket);
      if (subscriber.phase === "Live") this.#bookmark(subscriber);
    }
  }

  /** Tells where a subscriber stands though nothing came for it. */
  #bookmark(subscriber: Subscriber): void {
    for (const shard of subscriber.subscription.shards) {
      const told = this.#told.get(shard);
      if (told) subscriber.advance(shard, told);
    }
    subscriber.send(`"id":"${subscriber.idAt(this.#told)}"`);
    subscriber.save();
  }

  #subscriberOf(socket: HubSocket): Subscriber {
    const known = this.#subscribers.get(socket);
    if (known) return known;
    const subscriber = Subscriber.of(socket);
    this.#subscribers.set(socket, subscriber);
    // It was being brought level when the hub left memory.
    if (subscriber.phase !== "Live") void this.#bringLevel(subscriber);
    return subscriber;
  }

  #passOn(shard: number, changes: readonly ViewChange[], next: ChangePlace): void {
    const takers = new Map<string, readonly Subscriber[]>();
    const takersOf = (tag: string): readonly Subscriber[] => {
      const known = takers.get(tag);
      if (known) return known;
      const live = this.#ports.sockets(tag).flatMap((socket) => {
        const subscriber = this.#subscriberOf(socket);
        return subscriber.phase === "Live" ? [subscriber] : [];
      });
      takers.set(tag, live);
      return live;
    };
    const wanted = new Map<Subscriber, ViewChange[]>();
    for (const change of changes) {
      for (const tag of ["all", `key ${change.hash}`]) {
        for (const subscriber of takersOf(tag)) {
          const place = subscriber.placeOf(shard);
          if (!place || comparePlaces(change.at, place) < 0 || !subscriber.wants(change)) continue;
          const others = wanted.get(subscriber);
          if (others) others.push(change);
          else wanted.set(subscriber, [change]);
        }
      }
    }
    // Most want the same, with the same ids: of a change the one behind it, not behind all that is told now.
    let common: readonly string[] | undefined;
    for (const [subscriber, its] of wanted) {
      const wantsAll = !subscriber.subscription.key && its.length === changes.length;
      const isCommon = wantsAll && subscriber.isLevelWith(this.#told);
      const events = (isCommon ? common : undefined) ?? subscriber.eventsOf(shard, its, this.#told);
      if (isCommon) common = events;
      subscriber.sendEvents(events);
      subscriber.advance(shard, next);
      subscriber.save();
    }
    this.#told.set(shard, next);
  }

  /** Brings a subscriber to where it is sent what the hub is told; what fails is tried again. */
  async #bringLevel(subscriber: Subscriber): Promise<void> {
    let failure: ErrorBody | undefined;
    for (let attempt = 0; attempt < attemptsMax && subscriber.isOpen; attempt++) {
      if (attempt > 0) await deadlineAfter(this.#ports.clock, retryMs * attempt).passed;
      try {
        const { shards } = subscriber.subscription;
        if (!shards.every((shard) => this.#followed.has(shard))) {
          const followed = await this.#follow(subscriber.subscription);
          if (!followed.ok) throw errorOf(followed.error);
        }
        if (subscriber.phase === "Snapshot") await this.#sendSnapshot(subscriber);
        await this.#catchUp(subscriber);
        return;
      } catch (thrown) {
        failure = errorBodyOf(thrown);
        if (isFinal(failure.code)) break;
      }
    }
    if (failure) subscriber.end(failure);
  }

  async #sendSnapshot(subscriber: Subscriber): Promise<void> {
    const { view, shards, key } = subscriber.subscription;
    const wanted: FollowedKey | undefined = key && { ...key, bytes: decodeBase64(key.bytes) };
    subscriber.send(`"snapshot":"begin"`);
    subscriber.save();
    for (const shard of shards) {
      let position: SnapshotPosition | undefined;
      do {
        const asked = position;
        const page = await this.#ask(view, shard, (rpc) => rpc.snapshot(view, wanted, asked));
        const changes = page.changes.filter((change) => subscriber.wants(change));
        subscriber.sendEvents(subscriber.eventsOf(shard, changes, undefined));
        subscriber.sendRows(page.rows);
        subscriber.moveTo(shard, page.place);
        subscriber.save();
        position = page.next;
        await this.#roomFor(subscriber);
      } while (position && subscriber.isOpen);
    }
    subscriber.enter("Behind");
    subscriber.send(`"snapshot":"end","id":"${subscriber.idAt(this.#told)}"`);
  }

  async #catchUp(subscriber: Subscriber): Promise<void> {
    const { view, key } = subscriber.subscription;
    for (let shard = this.#laggingOf(subscriber); shard !== undefined; shard = this.#laggingOf(subscriber)) {
      const lagging = shard;
      const place = subscriber.placeOf(lagging) as ChangePlace;
      const page = await this.#ask(view, lagging, (rpc) => rpc.changes(view, place, key?.hash));
      const changes = page.changes.filter((change) => subscriber.wants(change));
      subscriber.sendEvents(subscriber.eventsOf(lagging, changes, this.#told));
      subscriber.advance(lagging, page.next);
      subscriber.save();
      await this.#roomFor(subscriber);
      if (!subscriber.isOpen) return;
    }
    subscriber.enter("Live");
  }

  /** Waits until it has acknowledged some of what it was sent; who never does is too slow. */
  async #roomFor(subscriber: Subscriber): Promise<void> {
    if (subscriber.hasRoom) return;
    const deadline = deadlineAfter(this.#ports.clock, roomTimeoutMs);
    await Promise.race([subscriber.room(), deadline.passed]);
    deadline.cancel();
    if (!subscriber.hasRoom) subscriber.endAsTooSlow();
  }

  /** A partition of which the hub was told what the subscriber has not; undefined where it is level. */
  #laggingOf(subscriber: Subscriber): number | undefined {
    return subscriber.subscription.shards.find((shard) => {
      const [told, place] = [this.#told.get(shard), subscriber.placeOf(shard)];
      return told && place && comparePlaces(place, told) < 0;
    });
  }

  /** Makes partitions tell this hub of changes. */
  async #follow({
    hub,
    view,
    shards,
  }: Pick<Subscription, "hub" | "view" | "shards">): Promise<RpcResult<readonly FollowAnswer[]>> {
    try {
      const answers = await Promise.all(
        shards.map((shard) => this.#ask(view, shard, (rpc) => rpc.follow(view, hub))),
      );
      for (const [index, { place }] of answers.entries()) {
        const shard = shards[index] as number;
        this.#told.set(shard, laterOf(this.#told.get(shard) ?? place, place));
        this.#followed.add(shard);
      }
      return { ok: true, value: answers };
    } catch (thrown) {
      return { ok: false, error: errorBodyOf(thrown) };
    }
  }

  async #ask<Value>(
    { stream, generation }: SubscribedView,
    shard: number,
    call: (rpc: PartitionRpc) => Promise<RpcResult<Value>>,
  ): Promise<Value> {
    const { clock, shards } = this.#ports;
    const address = { stream, generation, shard };
    const answer = await callShard(clock, readTimeoutMs, address, () => call(shards.open(address)));
    if (!answer.ok) throw errorOf(answer.error);
    return answer.value;
  }
}

/** True where asking again would answer the same. */
function isFinal(code: ErrorCode): boolean {
  return errorCodes[code].retry === "never";
}

function errorOf({ code, message, details }: ErrorBody): EngineError {
  return new EngineError(code, { message, ...(details && { details }) });
}

function asPlace({ offset, row }: ChangePlace): PartitionPlace {
  return [offset, row];
}

/** The number of the message that is acknowledged; undefined for any other text. */
function ackOf(text: string): number | undefined {
  try {
    const ack = (JSON.parse(text) as { ack?: unknown } | null)?.ack;
    return Number.isSafeInteger(ack) ? (ack as number) : undefined;
  } catch {
    return undefined;
  }
}
