/**
 * Passing on what a partition tells: to those who want it, each once and in order.
 *
 * Most want the same and stand at the same place, so their messages are written once.
 */
import { type ChangePlace, comparePlaces, type ViewChange } from "../../engine/task/change-types.ts";
import { type Audience, tagOfAll, tagOfKey } from "./audience.ts";
import { messagesOf, type Subscriber } from "./subscriber.ts";

export interface PassedChanges {
  readonly shard: number;
  readonly changes: readonly ViewChange[];
  /** Behind them. */
  readonly next: ChangePlace;
  /** By partition: all before it were passed on. */
  readonly told: ReadonlyMap<number, ChangePlace>;
}

/** Sends changes to all who are level with the hub. */
export function passOn(audience: Audience, passed: PassedChanges): void {
  const { changes } = passed;
  passOnTo(audience.withTag(tagOfAll), passed, changes);
  for (const [hash, its] of Map.groupBy(changes, (change) => change.hash)) {
    passOnTo(audience.withTag(tagOfKey(hash)), passed, its);
  }
}

function passOnTo(
  subscribers: Iterable<Subscriber>,
  { shard, next, told }: PassedChanges,
  changes: readonly ViewChange[],
): void {
  const [first] = changes;
  if (!first) return;
  // By key: more than one may have a hash.
  const common = new Map<string, readonly string[]>();
  for (const subscriber of subscribers) {
    const place = subscriber.placeOf(shard);
    if (subscriber.phase !== "Live" || !place) continue;
    const isCommon = comparePlaces(place, first.at) <= 0 && subscriber.isLevelWith(told);
    const { keyText } = subscriber;
    let messages = isCommon ? common.get(keyText) : undefined;
    if (!messages) {
      const wanted = changes.filter(
        (change) => comparePlaces(change.at, place) >= 0 && subscriber.wants(change),
      );
      messages = messagesOf(subscriber.eventsOf(shard, wanted, told));
      if (isCommon) common.set(keyText, messages);
    }
    if (messages.length === 0) continue;
    for (const message of messages) subscriber.send(message);
    subscriber.advance(shard, next);
    subscriber.save();
  }
}
