/**
 * When keys are to be looked at, by event time or append time: in tables of so many milliseconds each, so
 * that those that are due are found without looking at others.
 *
 * A key may be noted more often than it has something to do: who asks looks what there is. It may be noted
 * again while those that are due are gone through, in the same table too.
 */
import { decodeUtf8, encodeUtf8 } from "../../base/utf8.ts";
import type { OperatorState } from "./operator-state.ts";
import { PendingWindows } from "./pending-windows.ts";
import type { Slot, StateTable } from "./state-table.ts";

/** A time as it is stored: a number in text. */
const timeCodec = Object.freeze({
  encode: (time: bigint) => encodeUtf8(time.toString()),
  decode: (bytes: Uint8Array) => BigInt(decodeUtf8(bytes)),
});

export class Timers {
  readonly #spanMs: bigint;
  /** By span and key, the earliest time at which the key is due in it. */
  readonly #state: StateTable<bigint>;
  readonly #spans: PendingWindows;
  /** Of spans of which that is known, the earliest time. */
  readonly #earliest = new Map<number, bigint>();
  /** The span that is gone through, and the earliest time that stays in it. */
  #settling: { readonly span: number; left: bigint | undefined } | undefined;

  constructor(state: OperatorState, spanMs: number) {
    this.#spanMs = BigInt(Math.max(1, Math.floor(spanMs)));
    this.#state = state.table(timeCodec);
    this.#spans = new PendingWindows(this.#state.windows());
  }

  /** Notes that a key is due at `time`. */
  add(group: number, key: Uint8Array, time: bigint): void {
    const span = this.#spanOf(time);
    const slot = this.#state.get(group, key, span);
    if (slot.value !== undefined && slot.value <= time) return;
    const isNew = !this.#spans.all().includes(span);
    this.#state.put(slot, time);
    this.#spans.add(span);
    if (this.#settling?.span === span) this.#leave(this.#settling, time);
    const known = isNew ? time : this.#earliest.get(span);
    if (known !== undefined) this.#earliest.set(span, time < known ? time : known);
  }

  /** The earliest time that is noted, or one before it. */
  get next(): bigint | undefined {
    const { first } = this.#spans;
    return first === undefined ? undefined : (this.#earliest.get(first) ?? BigInt(first));
  }

  /** Keys that are due at `time`, page by page; they are noted no more. */
  *due(time: bigint): Generator<Slot<bigint>[]> {
    for (const span of [...this.#spans.all()]) {
      if ((this.#earliest.get(span) ?? BigInt(span)) > time) continue;
      const settling = { span, left: undefined as bigint | undefined };
      this.#settling = settling;
      for (const groups of this.#state.groups([span])) {
        const due: Slot<bigint>[] = [];
        for (const [slot] of groups) {
          if (slot?.value === undefined) continue;
          if (slot.value <= time) due.push(slot);
          else this.#leave(settling, slot.value);
        }
        for (const slot of due) this.#state.put(slot, undefined);
        yield due;
      }
      this.#settling = undefined;
      this.#settle(span, settling.left);
    }
  }

  #leave(settling: { left: bigint | undefined }, time: bigint): void {
    if (settling.left === undefined || time < settling.left) settling.left = time;
  }

  /** `left` is the earliest of those that are still to come. */
  #settle(span: number, left: bigint | undefined): void {
    if (left !== undefined) {
      this.#earliest.set(span, left);
      return;
    }
    this.#state.drop(span);
    this.#spans.remove(span);
    this.#earliest.delete(span);
  }

  #spanOf(time: bigint): number {
    const rest = time % this.#spanMs;
    return Number(time - (rest < 0n ? rest + this.#spanMs : rest));
  }
}
