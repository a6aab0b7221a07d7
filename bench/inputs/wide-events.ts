/**
 * A wide record: thirty fields of mixed kinds, of which a job uses three (`user_id`, `ts`, `amount`).
 *
 * What is not used must still be read past: most of the bytes are strings and numbers that no one asks for.
 */
import { type ClickEvent, clickEvents } from "./click-events.ts";
import { randomFrom } from "./random.ts";

export type WideEvent = ClickEvent & Readonly<Record<string, string | number | boolean | null>>;

const fillersBefore = 13;
const fillersAfter = 13;

/** Generates `count` events; the used fields stand at the front, in the middle and near the end. */
export function* wideEvents(count: number, keyCount: number, seed = 1): Generator<WideEvent> {
  const random = randomFrom(seed + 1);
  for (const { user_id, ts, url, amount } of clickEvents(count, keyCount, seed)) {
    const event: Record<string, string | number | boolean | null> = { user_id };
    for (let index = 0; index < fillersBefore; index++) event[`before_${index}`] = filler(index, random());
    event.ts = ts;
    for (let index = 0; index < fillersAfter; index++) event[`after_${index}`] = filler(index, random());
    event.amount = amount;
    event.url = url;
    yield event as WideEvent;
  }
}

function filler(index: number, random: number): string | number | boolean | null {
  switch (index % 5) {
    case 0:
      return `session-${Math.floor(random * 1e9)}`;
    case 1:
      return Math.floor(random * 1e6);
    case 2:
      return random < 0.5;
    case 3:
      return Math.floor(random * 1e8) / 1e4;
    default:
      return random < 0.1 ? null : `Mozilla/5.0 (X11; Linux x86_64) build ${Math.floor(random * 100)}`;
  }
}
