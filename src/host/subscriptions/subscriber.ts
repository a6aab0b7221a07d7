/**
 * One subscriber of a hub: what it wants, what it has, and how much of that it has acknowledged.
 *
 * All that must outlast the hub's memory is attached to its socket. What it has not acknowledged is not: a
 * hub leaves memory only when nothing was sent for a while.
 */
import { EngineError, type ErrorBody, errorBodyOf } from "../../base/errors.ts";
import { acknowledgedEvery, changeMessageMax, unacknowledgedMax } from "../../base/limits.ts";
import { type ChangePlace, comparePlaces, laterOf, type ViewChange } from "../../engine/task/change-types.ts";
import { formatEventId, type PartitionPlace } from "../../protocol/changes.ts";
import { isOfKey, type Subscription } from "./subscription.ts";

/** What the hub has of a socket. */
export interface HubSocket {
  send(text: string): void;
  close(code: number, reason: string): void;
  serializeAttachment(value: unknown): void;
  deserializeAttachment(): unknown;
}

/**
 * `Snapshot` is sent what there is, `Behind` is sent changes that others have had; `Live` ones are sent what
 * the hub is told.
 */
export type Phase = "Snapshot" | "Behind" | "Live";

/** What is attached to a socket, as JSON: text is attached faster than objects. */
interface Attachment {
  readonly subscription: Subscription;
  readonly phase: Phase;
  readonly places: readonly PartitionPlace[];
  readonly messages: number;
  /** When the token ends that let it in, where that is another time than was known then. */
  readonly until?: number | undefined;
  /** When it was last told where it stands. */
  readonly bookmarkedAt?: number | undefined;
}

/** Close codes are the HTTP statuses of errors, above these. */
const closeCodeBase = 4000;

/** Time in ms between two messages that say nothing but where a subscriber stands. */
const bookmarkMsMin = 300_000;

/** Longest reason of a close, in bytes. */
const reasonMax = 120;

export class Subscriber {
  readonly subscription: Subscription;
  isOpen = true;
  #phase: Phase;
  /** The key that is wanted, as text; that of who wants all is empty. */
  readonly keyText: string;
  /** The subscription, as the end of what is attached. */
  readonly #wish: string;
  readonly socket: HubSocket;
  /** By partition: the first change that it has not. */
  readonly #places: Map<number, ChangePlace>;
  #messages: number;
  #until: number | undefined;
  #bookmarkedAt: number | undefined;
  /** Lengths of messages that are not acknowledged, the oldest first. */
  #owed: number[] = [];
  #owedLength = 0;
  /** Length of messages since an acknowledgement was asked for. */
  #unasked = 0;
  #wake: (() => void) | undefined;

  constructor(socket: HubSocket, attachment: Attachment) {
    const { subscription, phase, places, messages, until, bookmarkedAt } = attachment;
    this.socket = socket;
    this.subscription = subscription;
    this.#wish = `,"subscription":${JSON.stringify(subscription)}}`;
    const { key } = subscription;
    this.keyText = key ? `${key.nulls} ${key.bytes}` : "";
    this.#phase = phase;
    this.#messages = messages;
    this.#until = until ?? subscription.access?.until;
    this.#bookmarkedAt = bookmarkedAt;
    this.#places = new Map(
      subscription.shards.map((shard, index) => {
        const [offset, row] = places[index] ?? [0, 0];
        return [shard, { offset, row }];
      }),
    );
  }

  /** Begins with places in the order of the subscription's partitions. */
  static begin(
    socket: HubSocket,
    subscription: Subscription,
    phase: Phase,
    places: readonly PartitionPlace[],
  ): Subscriber {
    const subscriber = new Subscriber(socket, { subscription, phase, places, messages: 0 });
    subscriber.save();
    return subscriber;
  }

  /** Goes on with what is attached to a socket. */
  static of(socket: HubSocket): Subscriber {
    return new Subscriber(socket, JSON.parse(String(socket.deserializeAttachment())) as Attachment);
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** In ms since 1970; no end is infinite. */
  get until(): number {
    return this.#until ?? Number.POSITIVE_INFINITY;
  }

  /** True where it is level and was sent nothing since it is here: its socket has all of it attached. */
  get isUntouched(): boolean {
    return this.#phase === "Live" && this.isOpen && this.#owed.length === 0 && this.#unasked === 0;
  }

  /** True where it may be sent more before it acknowledges what it was. */
  get hasRoom(): boolean {
    return this.#owedLength <= unacknowledgedMax / 2;
  }

  placeOf(shard: number): ChangePlace | undefined {
    return this.#places.get(shard);
  }

  /** Notes that it has all before a place. */
  advance(shard: number, place: ChangePlace): void {
    const known = this.#places.get(shard);
    if (known) this.#places.set(shard, laterOf(known, place));
  }

  /** Notes where it stands, whatever that was before: at a page of a snapshot. */
  moveTo(shard: number, place: ChangePlace): void {
    this.#places.set(shard, place);
  }

  /** Sets the end of the token that let it in; undefined: the end that was known then. */
  limit(until: number | undefined): void {
    this.#until = until;
    this.save();
  }

  /** Tells where it stands though nothing came for it, unless that was done a moment ago. */
  bookmark(told: ReadonlyMap<number, ChangePlace>, now: number): void {
    if (now - (this.#bookmarkedAt ?? 0) < bookmarkMsMin) return;
    this.#bookmarkedAt = now;
    for (const shard of this.subscription.shards) {
      const place = told.get(shard);
      if (place) this.advance(shard, place);
    }
    this.send(`"id":"${this.idAt(told)}"`);
    this.save();
  }

  enter(phase: Phase): void {
    this.#phase = phase;
    this.save();
  }

  wants({ hash, row }: Pick<ViewChange, "hash" | "row">): boolean {
    const { key } = this.subscription;
    return !key || (key.hash === hash && isOfKey(row, key));
  }

  /** The id behind all that it has; others have had everything before `told`. */
  idAt(told: ReadonlyMap<number, ChangePlace>): string {
    const { view, shards } = this.subscription;
    const isLive = this.#phase === "Live";
    const places = shards.map((shard): [number, PartitionPlace] => {
      const own = this.#places.get(shard) as ChangePlace;
      const common = isLive ? told.get(shard) : undefined;
      const { offset, row } = common ? laterOf(own, common) : own;
      return [shard, [offset, row]];
    });
    return formatEventId({ run: view.run, map: view.map, places: new Map(places) });
  }

  /**
   * Changes of one partition as events, each with the id behind it where `told` is given; it has them then.
   */
  eventsOf(
    shard: number,
    changes: readonly ViewChange[],
    told: ReadonlyMap<number, ChangePlace> | undefined,
  ): string[] {
    return changes.map(({ at, kind, row }) => {
      this.moveTo(shard, { offset: at.offset, row: at.row + 1 });
      const id = told ? `"id":"${this.idAt(told)}",` : "";
      return `{${id}"kind":"${kind}","row":${row}}`;
    });
  }

  /** True where ids are those of all that have what was told, and no more. */
  isLevelWith(told: ReadonlyMap<number, ChangePlace>): boolean {
    for (const [shard, place] of this.#places) {
      const common = told.get(shard);
      if (!common || comparePlaces(place, common) > 0) return false;
    }
    return true;
  }

  /** Sends rows of a snapshot. */
  sendRows(rows: readonly string[]): void {
    this.sendEvents(rows.map((row) => `{"kind":"+I","row":${row}}`));
  }

  /** Sends a message, given as the text of its members; ends the subscription where too much is owed. */
  send(members: string): void {
    if (!this.isOpen) return;
    this.#messages++;
    this.#unasked += members.length;
    const isAsked = this.#unasked >= acknowledgedEvery;
    if (isAsked) this.#unasked = 0;
    const text = `{"message":${this.#messages},${isAsked ? '"ack":true,' : ""}${members}}`;
    this.#owed.push(text.length);
    this.#owedLength += text.length;
    if (this.#owedLength > unacknowledgedMax && this.#owed.length > 1) {
      this.endAsTooSlow();
      return;
    }
    this.#deliver(text);
  }

  endAsTooSlow(): void {
    const message = `${this.#owedLength} characters of messages are not acknowledged.`;
    this.end(errorBodyOf(new EngineError("SUBSCRIBER_TOO_SLOW", { message })));
  }

  /** Says why it ends, and closes. */
  end({ code, message, help, status }: ErrorBody): void {
    if (!this.isOpen) return;
    this.#deliver(
      `{"message":${this.#messages + 1},"error":${JSON.stringify({ code, status, message, help })}}`,
    );
    this.isOpen = false;
    this.#close(closeCodeBase + status, `${code}: ${message}`);
    this.#wake?.();
  }

  /** Takes the acknowledgement of a message, and of all before it. */
  acknowledge(message: number): void {
    const owed = this.#messages - message;
    while (this.#owed.length > Math.max(0, owed)) this.#owedLength -= this.#owed.shift() ?? 0;
    if (this.hasRoom) this.#wake?.();
  }

  /** Waits until it has room, or has ended. */
  async room(): Promise<void> {
    while (this.isOpen && !this.hasRoom) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Notes that the socket is gone. */
  leave(): void {
    this.isOpen = false;
    this.#wake?.();
  }

  /** Attaches to the socket what the hub must know when it comes back. */
  save(): void {
    if (!this.isOpen) return;
    const places = this.subscription.shards.map((shard) => {
      const { offset, row } = this.#places.get(shard) as ChangePlace;
      return `[${offset},${row}]`;
    });
    const now = `"phase":"${this.#phase}","messages":${this.#messages},"places":[${places.join(",")}]`;
    const until = this.#until === undefined ? "" : `,"until":${this.#until}`;
    const at = this.#bookmarkedAt === undefined ? "" : `,"bookmarkedAt":${this.#bookmarkedAt}`;
    this.socket.serializeAttachment(`{${now}${until}${at}${this.#wish}`);
  }

  /** Sends events, as many to a message as it holds. */
  sendEvents(events: readonly string[]): void {
    for (const message of messagesOf(events)) this.send(message);
  }

  /** A socket that was closed by the other side takes nothing more. */
  #deliver(text: string): void {
    try {
      this.socket.send(text);
    } catch {
      this.leave();
    }
  }

  #close(code: number, reason: string): void {
    try {
      this.socket.close(code, reason.slice(0, reasonMax));
    } catch {
      this.leave();
    }
  }
}

/** Events as members of messages, as many to each as it holds. */
export function messagesOf(events: readonly string[]): string[] {
  const messages: string[] = [];
  let chunk: string[] = [];
  let length = 0;
  for (const event of events) {
    if (length > 0 && length + event.length > changeMessageMax) {
      messages.push(`"changes":[${chunk.join(",")}]`);
      chunk = [];
      length = 0;
    }
    chunk.push(event);
    length += event.length;
  }
  if (chunk.length > 0) messages.push(`"changes":[${chunk.join(",")}]`);
  return messages;
}
