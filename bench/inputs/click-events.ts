/**
 * The small event of most benches: one line of 76 to 79 bytes with four fields, one event a millisecond.
 *
 *     {"user_id":"u1001234","ts":1700000000123,"url":"/product/123","amount":12.34}
 *
 * Amounts have two decimals, so a sum is right when it rounds to the right number of cents.
 */
import { randomFrom } from "./random.ts";

export interface ClickEvent {
  readonly user_id: string;
  readonly ts: number;
  readonly url: string;
  readonly amount: number;
}

export const firstEventTime = 1_700_000_000_000;

/** Columns as `PUT /v1/streams/{stream}` takes them. */
export const clickColumns = [
  { name: "user_id", type: "STRING", nullable: false },
  { name: "ts", type: "TIMESTAMP(3)", nullable: false },
  { name: "url", type: "STRING", nullable: false },
  { name: "amount", type: "DOUBLE", nullable: false },
] as const;

/** Generates `count` events over at most `keyCount` users. */
export function* clickEvents(count: number, keyCount: number, seed = 1): Generator<ClickEvent> {
  const random = randomFrom(seed);
  for (let index = 0; index < count; index++) {
    yield {
      user_id: `u${1_000_000 + Math.floor(random() * keyCount)}`,
      ts: firstEventTime + index,
      url: `/product/${Math.floor(random() * 1000)}`,
      amount: Math.floor(random() * 10_000) / 100,
    };
  }
}
