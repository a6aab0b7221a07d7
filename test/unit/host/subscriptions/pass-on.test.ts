/**
 * Passing on what a partition tells. The law: each subscriber gets what it would get if it were alone,
 * whatever others want and wherever they stand, in the memory of the hub or only attached to its socket.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { comparePlaces, type ViewChange } from "../../../../src/engine/task/change-types.ts";
import { Audience, tagOf } from "../../../../src/host/subscriptions/audience.ts";
import { passOn } from "../../../../src/host/subscriptions/pass-on.ts";
import { type HubSocket, Subscriber } from "../../../../src/host/subscriptions/subscriber.ts";
import type { Subscription } from "../../../../src/host/subscriptions/subscription.ts";
import type { ChangeMessage, PartitionPlace } from "../../../../src/protocol/changes.ts";

const view = { stream: "s", generation: 1, job: "j", run: 1, map: 1 };
const shards = [0, 1];

/** Users, of whom two have the same hash. */
const hashes: Readonly<Record<string, string>> = { ann: "1", bob: "2", eve: "2" };

class FakeSocket implements HubSocket {
  readonly tag: string;
  readonly messages: ChangeMessage[] = [];
  #attached: unknown;

  constructor(tag: string) {
    this.tag = tag;
  }

  send(text: string): void {
    this.messages.push(JSON.parse(text));
  }

  close(): void {}

  serializeAttachment(value: unknown): void {
    this.#attached = value;
  }

  deserializeAttachment(): unknown {
    return this.#attached;
  }
}

interface Wanted {
  readonly user: string | undefined;
  readonly phase: "Live" | "Behind";
  readonly places: readonly PartitionPlace[];
  readonly isInMemory: boolean;
}

const place = fc.tuple(fc.nat(4), fc.nat(2));
const wanted: fc.Arbitrary<Wanted> = fc.record({
  user: fc.constantFrom(undefined, undefined, ...Object.keys(hashes)),
  phase: fc.constantFrom("Live", "Live", "Live", "Behind"),
  places: fc.tuple(place, place),
  isInMemory: fc.boolean(),
});
const tells = fc.array(
  fc.record({ shard: fc.constantFrom(...shards), users: fc.array(fc.constantFrom(...Object.keys(hashes))) }),
  { maxLength: 6 },
);

function subscriptionOf({ user }: Pick<Wanted, "user">): Subscription {
  const key = user && { bytes: user, nulls: 0, hash: hashes[user] as string, columns: { user } };
  return { hub: "hub", view, shards, snapshot: false, ...(key && { key }) };
}

/** Messages of all sockets when one after the other is told. */
function told(all: readonly Wanted[], calls: readonly { shard: number; users: readonly string[] }[]) {
  const sockets = all.map((each) => new FakeSocket(tagOf(subscriptionOf(each))));
  const audience = new Audience(
    (tag) => sockets.filter((socket) => tag === undefined || tag === socket.tag),
    () => {},
  );
  for (const [index, each] of all.entries()) {
    const socket = sockets[index] as FakeSocket;
    const subscriber = Subscriber.begin(socket, subscriptionOf(each), each.phase, each.places);
    if (each.isInMemory) audience.join(socket, subscriber);
  }
  const places = new Map(shards.map((shard) => [shard, { offset: 2, row: 0 }]));
  for (const { shard, users } of calls) {
    const { offset } = places.get(shard) ?? { offset: 0 };
    const changes = users.map((user, row): ViewChange => {
      return {
        at: { offset, row },
        kind: "+I",
        hash: hashes[user] ?? "",
        window: 0,
        row: `{"user":"${user}"}`,
      };
    });
    const next = { offset: offset + 1, row: 0 };
    passOn(audience, { shard, changes, next, told: places });
    places.set(shard, next);
  }
  return sockets.map(({ messages }) => messages);
}

test("each subscriber gets what it would get alone, and every id once and in order", () => {
  fc.assert(
    fc.property(fc.array(wanted, { maxLength: 8 }), tells, (all, calls) => {
      const together = told(all, calls);
      for (const [index, each] of all.entries()) expect(together[index]).toEqual(told([each], calls)[0]);
    }),
  );
});

test("who is level gets all changes of its key from its place on, and who is not gets none", () => {
  fc.assert(
    fc.property(wanted, tells, (each, calls) => {
      const [messages = []] = told([each], calls);
      const rows = messages.flatMap(({ changes = [] }) => changes.map(({ row }) => row.user));
      const offsets = shards.map(() => 2);
      const expected = calls.flatMap(({ shard, users }) => {
        const offset = offsets[shard] ?? 0;
        offsets[shard] = offset + 1;
        const [from, fromRow] = each.places[shard] as PartitionPlace;
        return users.filter((user, row) => {
          const isBehind = comparePlaces({ offset, row }, { offset: from, row: fromRow }) >= 0;
          return isBehind && (each.user === undefined || each.user === user);
        });
      });
      expect(rows).toEqual(each.phase === "Live" ? expected : []);
    }),
  );
});
