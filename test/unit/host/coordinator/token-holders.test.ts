/** Hubs that have sockets of tokens: they are told of a token's end until they answer, whoever crashes. */
import { expect, test } from "vitest";
import { tokenHolderMs } from "../../../../src/base/limits.ts";
import type { RpcResult } from "../../../../src/engine/partition-types.ts";
import { TokenHolders } from "../../../../src/host/coordinator/token-holders.ts";
import type { GoodSecret, HubRpc } from "../../../../src/host/subscriptions/hub-rpc.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { NodeStorage } from "../../../support/node-storage.ts";

type Limit = readonly [hub: string, token: string, hashes: readonly string[]];

class Setup {
  readonly sql = new NodeStorage();
  readonly clock = new ManualClock();
  /** By token. */
  readonly good = new Map<string, readonly GoodSecret[]>([
    ["a", [{ hash: "a1" }]],
    ["b", [{ hash: "b1" }, { hash: "b0", until: this.clock.now() + 1000 }]],
  ]);
  readonly told: Limit[] = [];
  alarmAt: number | undefined;
  fails = false;
  holders = this.open();

  open(): TokenHolders {
    const { sql, clock } = this;
    return new TokenHolders({
      ...{ sql, clock },
      hubs: { open: (hub) => ({ limitToken: (...limit) => this.#limit(hub, ...limit) }) as HubRpc },
      goodSecrets: (token) => this.good.get(token) ?? [],
      setAlarm: (at) => {
        this.alarmAt = at;
      },
    });
  }

  async hold(hub: string, ...held: [token: string, hash: string][]): Promise<readonly boolean[]> {
    const answer = await this.holders.holdTokens(
      hub,
      held.map(([token, hash]) => ({ token, hash })),
    );
    if (!answer.ok) throw new Error(answer.error.message);
    return answer.value;
  }

  get held(): string[] {
    return this.sql.run("SELECT token, hub FROM token_holders").map((row) => row.join(" "));
  }

  async #limit(hub: string, token: string, good: readonly GoodSecret[]): Promise<RpcResult<null>> {
    this.told.push([hub, token, good.map(({ hash }) => hash)]);
    if (this.fails) throw new Error("the hub is gone");
    return { ok: true, value: null };
  }
}

test("only good tokens are held, and a secret no longer than it is good", async () => {
  const setup = new Setup();
  const all: [string, string][] = [
    ["a", "a1"],
    ["a", "a0"],
    ["b", "b0"],
    ["c", "c1"],
  ];
  expect(await setup.hold("hub", ...all)).toEqual([true, false, true, false]);
  expect(setup.held).toEqual(["a hub", "b hub"]);
  await setup.clock.advance(1000);
  expect(await setup.hold("hub", ["b", "b0"], ["b", "b1"])).toEqual([false, true]);
  expect(setup.alarmAt).toBeUndefined();
});

test("every hub that holds a token is told of its end once, and of the secrets that are left", async () => {
  const setup = new Setup();
  for (const hub of ["one", "two"]) await setup.hold(hub, ["a", "a1"], ["b", "b1"]);
  setup.good.delete("a");
  setup.holders.changed("a");
  await setup.holders.advance();
  expect(setup.told).toEqual([
    ["one", "a", []],
    ["two", "a", []],
  ]);
  expect(setup.held).toEqual(["b one", "b two"]);
  setup.holders.changed("b");
  await setup.holders.advance();
  expect(setup.told.slice(2)).toEqual([
    ["one", "b", ["b1", "b0"]],
    ["two", "b", ["b1", "b0"]],
  ]);
  expect(setup.held).toEqual(["b one", "b two"]);
});

test("a hub that does not answer is told again, by a coordinator that started anew too", async () => {
  const setup = new Setup();
  await setup.hold("hub", ["a", "a1"]);
  setup.fails = true;
  setup.good.delete("a");
  setup.holders.changed("a");
  await new Promise((resolve) => setImmediate(resolve));
  expect(setup.told).toHaveLength(1);
  for (const attempt of [2, 3]) {
    const at = setup.alarmAt ?? 0;
    expect(at).toBeGreaterThan(setup.clock.now());
    setup.alarmAt = undefined;
    setup.holders = setup.open();
    expect(setup.alarmAt).toBe(at);
    await setup.clock.advance(at - setup.clock.now());
    setup.fails = attempt < 3;
    await setup.holders.advance();
    expect(setup.told).toHaveLength(attempt);
  }
  expect(setup.held).toEqual([]);
});

test("a hub that says no more that it has a token is forgotten", async () => {
  const setup = new Setup();
  await setup.hold("one", ["a", "a1"]);
  await setup.clock.advance(tokenHolderMs / 2);
  await setup.hold("two", ["a", "a1"]);
  await setup.clock.advance(tokenHolderMs / 2 + 1);
  await setup.hold("two", ["a", "a1"]);
  expect(setup.held).toEqual(["a two"]);
});
