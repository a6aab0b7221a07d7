/**
 * A body that is posted again and again, each time with later event times.
 *
 * Event times only go on, so a body cannot be sent twice as it is: its rows would be late. A body of 10^n
 * events, one a millisecond, spans times that share all but their last n digits, and only the shared digits
 * are written anew.
 */
import { ndjsonBodies } from "../inputs/bodies.ts";
import { clickEvents, firstEventTime } from "../inputs/click-events.ts";

const timeDigits = 13;
const timeField = Buffer.from('"ts":');

export class EventBody {
  readonly bytes: Buffer;
  readonly events: number;
  /** Sum of all amounts, which have two decimals. */
  readonly cents: number;
  readonly #places: number[] = [];
  readonly #sharedDigits: number;

  /** `events` is a power of ten. Bodies of different seeds have different users and amounts. */
  constructor(events: number, keyCount: number, seed: number) {
    this.events = events;
    this.#sharedDigits = timeDigits - Math.round(Math.log10(events));
    const records = [...clickEvents(events, keyCount, seed)];
    this.cents = records.reduce((sum, { amount }) => sum + Math.round(amount * 100), 0);
    const { bodies } = ndjsonBodies(records, events);
    this.bytes = Buffer.from(bodies[0] as Uint8Array);
    for (let at = this.bytes.indexOf(timeField); at !== -1; at = this.bytes.indexOf(timeField, at + 1)) {
      this.#places.push(at + timeField.length);
    }
  }

  /** Moves the events to the `number`-th span of time. */
  moveTo(number: number): void {
    const digits = Buffer.from(String(firstEventTime + number * this.events), "latin1");
    const { bytes } = this;
    for (const place of this.#places) {
      for (let digit = 0; digit < this.#sharedDigits; digit++) bytes[place + digit] = digits[digit] as number;
    }
  }
}
