/**
 * Those who listen to a hub, by socket and by what they want.
 *
 * After the hub was out of memory each comes back when it is needed: a change of one key does not read what
 * is attached to thousands of other sockets.
 */
import { type HubSocket, Subscriber } from "./subscriber.ts";
import type { Subscription } from "./subscription.ts";

/** The tag of sockets that take changes of a key, by its hash. */
export function tagOfKey(hash: string): string {
  return `key ${hash}`;
}

/** The tag of sockets that take all changes. */
export const tagOfAll = "all";

export function tagOf({ key }: Pick<Subscription, "key">): string {
  return key ? tagOfKey(key.hash) : tagOfAll;
}

export class Audience {
  /** Listing all sockets takes time for each. */
  #count: number;
  readonly #sockets: (tag?: string) => readonly HubSocket[];
  readonly #returned: (subscriber: Subscriber) => void;
  readonly #bySocket = new Map<HubSocket, Subscriber>();
  /** All that have a tag, once asked for. */
  readonly #byTag = new Map<string, Set<Subscriber>>();
  readonly #gone = new WeakSet<HubSocket>();

  /** `sockets`: those that are open, with a tag or all; `returned` is told who is back in memory. */
  constructor(sockets: (tag?: string) => readonly HubSocket[], returned: (subscriber: Subscriber) => void) {
    this.#sockets = sockets;
    this.#returned = returned;
    this.#count = sockets().length;
  }

  get count(): number {
    return this.#count;
  }

  get all(): readonly Subscriber[] {
    return this.#sockets().map((socket) => this.of(socket));
  }

  of(socket: HubSocket): Subscriber {
    const known = this.#bySocket.get(socket);
    if (known) return known;
    const subscriber = Subscriber.of(socket);
    this.#bySocket.set(socket, subscriber);
    this.#returned(subscriber);
    return subscriber;
  }

  withTag(tag: string): Iterable<Subscriber> {
    const known = this.#byTag.get(tag);
    if (known) return known;
    const found = new Set(this.#sockets(tag).map((socket) => this.of(socket)));
    // Keys that nobody wants are without number.
    if (found.size > 0) this.#byTag.set(tag, found);
    return found;
  }

  join(socket: HubSocket, subscriber: Subscriber): void {
    this.#bySocket.set(socket, subscriber);
    this.#byTag.get(tagOf(subscriber.subscription))?.add(subscriber);
    this.#count++;
  }

  /** Lets go of who was sent nothing, and is back from what is attached to its socket when it is needed. */
  rest(subscriber: Subscriber): void {
    const { socket, subscription, isUntouched } = subscriber;
    if (isUntouched && !this.#byTag.has(tagOf(subscription))) this.#bySocket.delete(socket);
  }

  /** Takes out who has a socket that was closed; again it changes nothing. */
  leave(socket: HubSocket): void {
    if (this.#gone.has(socket)) return;
    this.#gone.add(socket);
    this.#count--;
    const subscriber = this.#bySocket.get(socket);
    if (!subscriber) return;
    subscriber.leave();
    this.#bySocket.delete(socket);
    const tag = tagOf(subscriber.subscription);
    const others = this.#byTag.get(tag);
    others?.delete(subscriber);
    if (others?.size === 0) this.#byTag.delete(tag);
  }
}
