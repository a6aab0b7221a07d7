/**
 * The one scheduler of a simulated life: what happens next, and what time it is then.
 *
 * Events run in the order of their time; those of one time in an order that the seed draws. Nothing else
 * moves the clock, so a seed gives one history, event by event.
 */
import type { Random } from "../arbitraries/random.ts";

/** What an event is for: a life is at rest when none is left. */
export type EventKind = "alarm" | "message" | "timer" | "fault" | "client";

export interface SimulatedEvent {
  readonly at: number;
  readonly tie: number;
  readonly number: number;
  readonly kind: EventKind;
  readonly label: string;
  readonly run: () => void | Promise<void>;
  isCancelled: boolean;
}

export class EventQueue {
  readonly #random: Random;
  readonly #heap: SimulatedEvent[] = [];
  readonly #waiting = new Map<EventKind, number>();
  #now: number;
  #count = 0;

  constructor(random: Random, now: number) {
    this.#random = random;
    this.#now = now;
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.#now;
  }

  /** Events that wait, of one kind or of all, those that were cancelled not counted. */
  waiting(kind?: EventKind): number {
    if (kind) return this.#waiting.get(kind) ?? 0;
    return [...this.#waiting.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Runs `run` after `ms`, unless the returned function is called before. */
  add(kind: EventKind, label: string, ms: number, run: () => void | Promise<void>): () => void {
    const at = this.#now + Math.max(0, Math.ceil(ms));
    const event = { at, tie: this.#random.below(2 ** 30), number: this.#count++, kind, label, run };
    const waiting: SimulatedEvent = { ...event, isCancelled: false };
    this.#push(waiting);
    this.#waiting.set(kind, this.waiting(kind) + 1);
    return () => {
      if (waiting.isCancelled) return;
      waiting.isCancelled = true;
      this.#waiting.set(kind, this.waiting(kind) - 1);
    };
  }

  /** Takes the next event off and moves the clock to it; undefined when nothing waits. */
  next(): SimulatedEvent | undefined {
    for (let event = this.#pop(); event; event = this.#pop()) {
      if (event.isCancelled) continue;
      this.#waiting.set(event.kind, this.waiting(event.kind) - 1);
      event.isCancelled = true;
      this.#now = event.at;
      return event;
    }
    return undefined;
  }

  #push(event: SimulatedEvent): void {
    const heap = this.#heap;
    let place = heap.push(event) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (isBefore(heap[parent] as SimulatedEvent, event)) break;
      heap[place] = heap[parent] as SimulatedEvent;
      place = parent;
    }
    heap[place] = event;
  }

  #pop(): SimulatedEvent | undefined {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return first;
    let place = 0;
    while (true) {
      let child = place * 2 + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right && isBefore(right, heap[child] as SimulatedEvent)) child++;
      if (isBefore(last, heap[child] as SimulatedEvent)) break;
      heap[place] = heap[child] as SimulatedEvent;
      place = child;
    }
    heap[place] = last;
    return first;
  }
}

function isBefore(left: SimulatedEvent, right: SimulatedEvent): boolean {
  if (left.at !== right.at) return left.at < right.at;
  return left.tie !== right.tie ? left.tie < right.tie : left.number < right.number;
}
