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
import { accessCacheMs, hubSubscriptionsMax } from "../../base/limits.ts";
import type { FollowAnswer, FollowedKey } from "../../engine/partition-changes.ts";
import type { RpcResult } from "../../engine/partition-types.ts";
import { type ChangePlace, comparePlaces, laterOf } from "../../engine/task/change-types.ts";
import type { SnapshotPosition } from "../../engine/task/view-snapshot.ts";
import type { PartitionPlace } from "../../protocol/changes.ts";
import type { TokenHoldersRpc } from "../coordinator/token-holders.ts";
import type { PartitionRpc } from "../partition/partition-rpc.ts";
import { callShard, type Shards } from "../shards.ts";
import { deadlineAfter, type WallClock } from "../wall-clock.ts";
import { Audience } from "./audience.ts";
import { FollowedPartitions } from "./followed-partitions.ts";
import { endedToken, HeldTokens } from "./held-tokens.ts";
import type { GoodSecret, HubRpc, ToldChanges } from "./hub-rpc.ts";
import { passOn } from "./pass-on.ts";
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
  readonly coordinator: TokenHoldersRpc;
  /** Sets the alarm, unless one is set for an earlier time. */
  setAlarm(at: number): void;
}

/** What a subscriber begins with. */
export interface Admission {
  readonly phase: Phase;
  readonly places: readonly PartitionPlace[];
}

export class Hub implements HubRpc {
  readonly #ports: HubPorts;
  readonly #audience: Audience;
  /** By partition: the hub was told all before it. */
  readonly #told = new Map<number, ChangePlace>();
  /** By partition: how far it was when it was last asked; what it tells may be from before that. */
  readonly #heads = new Map<number, ChangePlace>();
  readonly #followed = new FollowedPartitions();
  readonly #tokens: HeldTokens;

  constructor(ports: HubPorts) {
    this.#ports = ports;
    this.#tokens = new HeldTokens(ports.coordinator);
    this.#audience = new Audience(ports.sockets, (subscriber) => {
      // It was being brought level when the hub left memory.
      if (subscriber.phase !== "Live") void this.#bringLevel(subscriber);
    });
  }

  /** Lets a subscription in, or says why not; then `begin`. */
  async admit(subscription: Subscription): Promise<RpcResult<Admission>> {
    const admitted = await this.#admission(subscription);
    const { hub, access } = subscription;
    if (!admitted.ok || !access) return admitted;
    const held = await this.#tokens.hold(hub, access);
    return held.ok ? admitted : held;
  }

  async #admission(subscription: Subscription): Promise<RpcResult<Admission>> {
    if (this.#audience.count >= hubSubscriptionsMax) {
      const message = `A hub of the view has ${hubSubscriptionsMax} subscribers.`;
      return { ok: false, error: errorBodyOf(new EngineError("SUBSCRIPTIONS_TOO_MANY", { message })) };
    }
    const { from, snapshot, shards } = subscription;
    if (!from && !snapshot && this.#followed.have(subscription)) {
      const places = shards.map((shard) => asPlace(this.#told.get(shard) as ChangePlace));
      return { ok: true, value: { phase: "Behind", places } };
    }
    const followed = await this.#follow(subscription, wantedOf([{ subscription }]));
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
    this.#audience.join(socket, subscriber);
    // Others may all be closing, and have none.
    this.#setAlarm([subscriber]);
    void this.#bringLevel(subscriber);
  }

  /** Takes what a subscriber says: acknowledgements. */
  received(socket: HubSocket, text: string): void {
    const subscriber = this.#audience.of(socket);
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
    this.#audience.leave(socket);
  }

  async tell({ shard, changes, next }: ToldChanges): Promise<RpcResult<boolean>> {
    const known = this.#told.get(shard);
    if (!known || comparePlaces(known, next) < 0) {
      passOn(this.#audience, { shard, changes, next, told: this.#told });
      this.#told.set(shard, next);
    }
    const isHeard = this.#audience.count > 0;
    if (!isHeard) this.#followed.leave(shard);
    return { ok: true, value: isHeard };
  }

  async end(error: ErrorBody): Promise<RpcResult<null>> {
    this.#followed.clear();
    for (const subscriber of this.#audience.all) subscriber.end(error);
    return { ok: true, value: null };
  }

  async limitToken(token: string, good: readonly GoodSecret[]): Promise<RpcResult<null>> {
    this.#tokens.limit(token);
    for (const subscriber of this.#audience.all) {
      const { access } = subscriber.subscription;
      if (access?.token !== token) continue;
      const secret = good.find(({ hash }) => hash === access.hash);
      if (secret) subscriber.limit(secret.until);
      else subscriber.end(endedToken());
    }
    this.#setAlarm(this.#open);
    return { ok: true, value: null };
  }

  /** Looks after partitions and tokens; who follows a view that is gone, or may not any more, is told. */
  async alarm(): Promise<void> {
    const now = this.#ports.clock.now();
    for (const subscriber of this.#audience.all) if (subscriber.until <= now) subscriber.end(endedToken());
    const [first] = this.#open;
    if (!first) {
      this.#tokens.forget();
      return;
    }
    const { hub, view } = first.subscription;
    const [followed] = await Promise.all([
      this.#follow({ hub, view }, wantedOf(this.#open)),
      this.#holdAgain(hub),
    ]);
    this.#setAlarm(this.#open);
    if (!followed.ok) {
      const { code } = followed.error;
      if (isFinal(code) || code === "MAP_STALE") await this.end(followed.error);
      return;
    }
    for (const subscriber of this.#open) {
      if (subscriber.phase === "Live") subscriber.bookmark(this.#told, now);
    }
  }

  get #open(): readonly Subscriber[] {
    return this.#audience.all.filter(({ isOpen }) => isOpen);
  }

  /** Has the alarm look after all, or when the first token ends of some that were let in with one. */
  #setAlarm(subscribers: readonly Subscriber[]): void {
    const first = subscribers.reduce((least, { until }) => Math.min(least, until), Number.POSITIVE_INFINITY);
    // Tokens end one after the other: those of a short time are closed together.
    const end = Math.ceil(first / accessCacheMs) * accessCacheMs;
    this.#ports.setAlarm(Math.min(this.#ports.clock.now() + hubAlarmMs, end));
  }

  /** Ends who has a token that is not good any more, though the hub was not told. */
  async #holdAgain(hub: string): Promise<void> {
    const accesses = this.#open.flatMap(({ subscription: { access } }) => (access ? [access] : []));
    const ended = await this.#tokens.holdAgain(hub, accesses).catch(() => undefined);
    if (!ended?.ok || ended.value.length === 0) return;
    for (const subscriber of this.#open) {
      const { access } = subscriber.subscription;
      const isOver = ended.value.some(({ token, hash }) => token === access?.token && hash === access.hash);
      if (isOver) subscriber.end(endedToken());
    }
  }

  /** Brings a subscriber to where it is sent what the hub is told; what fails is tried again. */
  async #bringLevel(subscriber: Subscriber): Promise<void> {
    let failure: ErrorBody | undefined;
    for (let attempt = 0; attempt < attemptsMax && subscriber.isOpen; attempt++) {
      if (attempt > 0) await deadlineAfter(this.#ports.clock, retryMs * attempt).passed;
      try {
        const { subscription } = subscriber;
        if (!this.#followed.have(subscription)) {
          const followed = await this.#follow(subscription, wantedOf([subscriber]));
          if (!followed.ok) throw errorOf(followed.error);
        }
        if (subscriber.phase === "Snapshot") await this.#sendSnapshot(subscriber);
        await this.#catchUp(subscriber);
        this.#audience.rest(subscriber);
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
      // One that started anew has still to come to where it was.
      const isBehind = comparePlaces(page.next, place) <= 0;
      if (isBehind) await deadlineAfter(this.#ports.clock, retryMs).passed;
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

  /**
   * A partition of which the hub was told what the subscriber has not, or is told without its key: that was
   * on its way when the key was asked for. Undefined where it is level.
   */
  #laggingOf(subscriber: Subscriber): number | undefined {
    return subscriber.subscription.shards.find((shard) => {
      const place = subscriber.placeOf(shard);
      const reached = [this.#told.get(shard), this.#heads.get(shard)];
      return reached.some((each) => each && place && comparePlaces(place, each) < 0);
    });
  }

  /** Makes partitions tell this hub of changes; answers in the order of `wanted`. */
  async #follow(
    { hub, view }: Pick<Subscription, "hub" | "view">,
    wanted: ReadonlyMap<number, readonly string[] | undefined>,
  ): Promise<RpcResult<readonly FollowAnswer[]>> {
    try {
      const asked = Array.from(wanted, async ([shard, keys]) => {
        const asked = this.#followed.ask(shard);
        const answer = await this.#ask(view, shard, (rpc) => rpc.follow(view, hub, keys));
        return { shard, keys, answer, asked };
      });
      const followed = await Promise.all(asked);
      for (const { shard, keys, answer, asked } of followed) {
        this.#told.set(shard, laterOf(this.#told.get(shard) ?? answer.place, answer.place));
        this.#heads.set(shard, laterOf(this.#heads.get(shard) ?? answer.head, answer.head));
        this.#followed.add(shard, keys, answer, asked);
      }
      return { ok: true, value: followed.map(({ answer }) => answer) };
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

/** By partition: the keys that somebody wants, by their hashes; undefined: all. */
function wantedOf(
  subscribers: readonly Pick<Subscriber, "subscription">[],
): ReadonlyMap<number, readonly string[] | undefined> {
  const wanted = new Map<number, Set<string> | undefined>();
  for (const { subscription } of subscribers) {
    const { key, shards } = subscription;
    for (const shard of shards) {
      const keys = wanted.has(shard) ? wanted.get(shard) : new Set<string>();
      if (key) keys?.add(key.hash);
      wanted.set(shard, key ? keys : undefined);
    }
  }
  return new Map(Array.from(wanted, ([shard, keys]) => [shard, keys && [...keys]]));
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
