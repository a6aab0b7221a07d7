/** How a hub brings a subscriber level with a partition. */
import { expect, test } from "vitest";
import type { ChangePlace } from "../../../../src/engine/task/change-types.ts";
import type { PartitionRpc } from "../../../../src/host/partition/partition-rpc.ts";
import { Hub } from "../../../../src/host/subscriptions/hub.ts";
import type { HubSocket } from "../../../../src/host/subscriptions/subscriber.ts";
import type { Subscription } from "../../../../src/host/subscriptions/subscription.ts";
import { ManualClock, settle } from "../../../support/manual-clock.ts";

const view = { job: "job", run: 1, map: 1, stream: "events", generation: 1 };
const subscription: Subscription = { hub: "hub", view, shards: [0], snapshot: false, from: [[5, 0]] };

class Socket implements HubSocket {
  readonly sent: string[] = [];
  #attachment: unknown;
  send(text: string): void {
    this.sent.push(text);
  }
  close(): void {}
  serializeAttachment(value: unknown): void {
    this.#attachment = value;
  }
  deserializeAttachment(): unknown {
    return this.#attachment;
  }
}

/** A partition whose last change is that of offset 9, and which is at `head` by now. */
function harness(head: ChangePlace) {
  const clock = new ManualClock();
  const socket = new Socket();
  const state = { head, asked: 0 };
  const place = { offset: 10, row: 0 };
  const rpc = {
    follow: async () => ({
      ok: true,
      value: { from: { offset: 1, row: 0 }, head: place, place, isOfAllKeys: true },
    }),
    changes: async (_view: unknown, from: ChangePlace) => {
      if (++state.asked > 100) throw new Error("asked over and over");
      const isThere = state.head.offset >= 10;
      const change = { at: { offset: 9, row: 0 }, kind: "+I", hash: "0", window: 0, row: '{"n":1}' };
      return {
        ok: true,
        value: { changes: isThere ? [change] : [], next: isThere ? place : from, hasMore: false },
      };
    },
  } as unknown as PartitionRpc;
  const hub = new Hub({
    clock,
    shards: { open: () => rpc },
    sockets: () => [],
    // Nobody comes with a token.
    coordinator: {} as never,
    setAlarm: () => {},
  });
  return { hub, socket, state, clock };
}

async function begun({ hub, socket }: Pick<ReturnType<typeof harness>, "hub" | "socket">): Promise<void> {
  const admitted = await hub.admit(subscription);
  if (!admitted.ok) throw new Error(admitted.error.message);
  hub.begin(socket, subscription, admitted.value);
  await settle();
}

test("a subscriber is sent what it lacks, and is level", async () => {
  const { hub, socket, state } = harness({ offset: 10, row: 0 });
  await begun({ hub, socket });
  expect(state.asked).toBe(1);
  expect(socket.sent.join()).toContain('"row":{"n":1}');
  expect(socket.deserializeAttachment()).toContain('"phase":"Live"');
});

test("a partition that is not yet again where it was is asked after a while, not over and over", async () => {
  const { hub, socket, state, clock } = harness({ offset: 5, row: 0 });
  await begun({ hub, socket });
  expect(state.asked).toBe(1);
  await clock.advance(500);
  expect(state.asked).toBe(2);
  expect(socket.sent).toEqual([]);
  state.head = { offset: 10, row: 0 };
  await clock.advance(500);
  expect(state.asked).toBe(3);
  expect(socket.sent.join()).toContain('"row":{"n":1}');
  expect(socket.deserializeAttachment()).toContain('"phase":"Live"');
});
