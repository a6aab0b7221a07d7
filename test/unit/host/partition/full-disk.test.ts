/**
 * A disk without room: what cannot be made durable is not acknowledged, memory is not ahead of storage, and
 * the object goes on by itself when there is room again.
 */
import { describe, expect, test } from "vitest";
import { StorageFailure } from "../../../../src/base/errors.ts";
import type { RpcResult } from "../../../../src/engine/partition-types.ts";
import type { HostPorts } from "../../../../src/host/partition/host-ports.ts";
import { PartitionHost } from "../../../../src/host/partition/partition-host.ts";
import { callShard } from "../../../../src/host/shards.ts";
import { Random } from "../../../arbitraries/random.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { PartitionHarness, releaseModule } from "../../../support/partition-harness.ts";
import { FakeShards } from "../fake-shards.ts";

const stream = {
  columns: [
    { name: "user", type: "STRING" },
    { name: "time", type: "TIMESTAMP(3)" },
  ],
  eventTime: { column: "time" },
};
const counting = { source: "events", key: ["user"], aggregates: { n: { function: "count" } } };
const full = "SQLite failed: Error: database or disk is full: SQLITE_FULL";

/** An object over a disk that is full or not: it dies when storage fails, and its alarm starts it again. */
class MortalHost {
  readonly base = new PartitionHarness({ stream });
  readonly #turns: (() => void)[] = [];
  isFull = false;
  alarmAt: number | undefined;
  deaths = 0;
  acknowledged: string[] = [];
  #host: PartitionHost | undefined;

  constructor() {
    this.base.startJob("job", counting);
    this.base.storage.beforeStatement = ({ statement }) => {
      if (this.isFull && /^(INSERT|UPDATE)/.test(statement)) throw new StorageFailure(full);
    };
  }

  get host(): PartitionHost {
    this.#host ??= new PartitionHost(this.#ports(), options, this.alarmAt);
    return this.#host;
  }

  /** Appends, and waits for the answer as a sender does. */
  async append(user: string): Promise<string> {
    const request = this.base.request(this.base.frame([[user, "1970-01-01 00:00:01"]]));
    const { host, deaths } = this;
    const answer = host.append([request]);
    await this.run();
    const died = this.deaths > deaths;
    const answered = died ? Promise.reject(new Error(full)) : answer;
    const address = { stream: "events", generation: 1, shard: 0 };
    const result = await callShard(
      new ManualClock(),
      1000,
      address,
      () => answered as Promise<RpcResult<unknown>>,
    );
    if (result.ok) this.acknowledged.push(user);
    return result.ok ? "logged" : `${result.error.status} ${result.error.code}`;
  }

  /** Runs the turns that are asked for, each as one commit. */
  async run(): Promise<void> {
    for (let turn = 0; turn < 1000; turn++) {
      await Promise.resolve();
      const work = this.#turns.shift();
      if (!work) break;
      work();
      this.#endTurn();
    }
    this.#endTurn();
  }

  /** Lets time come to the alarm that is set, and no other call. */
  async ring(): Promise<void> {
    if (this.alarmAt === undefined) return;
    this.base.ports.clock.time = Math.max(this.base.ports.clock.time, this.alarmAt);
    this.alarmAt = undefined;
    const { deaths } = this;
    const ringing = this.host.alarm();
    this.#endTurn();
    await ringing;
    await this.run();
    // The platform runs an alarm again whose object died.
    if (this.deaths > deaths) this.alarmAt ??= this.base.ports.clock.time + 2000;
  }

  #isDying = false;

  #endTurn(): void {
    if (!this.#isDying) {
      this.base.storage.commit();
      return;
    }
    this.#isDying = false;
    this.base.storage.crash();
    this.#turns.length = 0;
    this.#host = undefined;
    this.deaths++;
  }

  #ports(): HostPorts {
    return {
      ...this.base.ports,
      soon: (work) => void this.#turns.push(work),
      later: () => () => {},
      setAlarm: (at) => {
        this.alarmAt = at;
      },
      clearStorage: async () => {},
      abort: () => {
        this.#isDying = true;
      },
      shards: new FakeShards(),
      blobs: undefined,
      reportActive: async () => {},
    };
  }
}

const options = { module: releaseModule, pageBudget: () => 1 << 24, checkpointTurnBytes: 1 << 22 };

async function rowsOf(mortal: MortalHost): Promise<unknown[][]> {
  const asked = mortal.host.queryView("job", 1, { newestFirst: true, limit: 1000 }, undefined);
  await mortal.run();
  const page = await asked;
  if (!page.ok) throw new Error(page.error.message);
  return page.value.rows.map(({ values }) => [values.user, values.n]);
}

describe("a full disk", () => {
  test("refuses appends with a code that says so, and acknowledges none that is not durable", async () => {
    const mortal = new MortalHost();
    expect(await mortal.append("a")).toBe("logged");
    mortal.isFull = true;
    expect(await mortal.append("b")).toBe("507 STORAGE_FULL");
    expect(await mortal.append("c")).toBe("507 STORAGE_FULL");
    mortal.isFull = false;
    expect(await mortal.append("d")).toBe("logged");
    await mortal.run();
    expect((await rowsOf(mortal)).sort()).toEqual([
      ["a", 1],
      ["d", 1],
    ]);
  });

  test("holds up a checkpoint and no answer: queries see what is durable", async () => {
    const mortal = new MortalHost();
    await mortal.append("a");
    mortal.isFull = true;
    for (let alarm = 0; alarm < 5; alarm++) await mortal.ring();
    expect(mortal.deaths).toBeGreaterThan(0);
    expect(mortal.alarmAt).toBeDefined();
    expect(await rowsOf(mortal)).toEqual([["a", 1]]);
  });

  test("that has room again needs no call: the alarm takes up what was left", async () => {
    const mortal = new MortalHost();
    await mortal.append("a");
    mortal.isFull = true;
    for (let alarm = 0; alarm < 5; alarm++) await mortal.ring();
    mortal.isFull = false;
    for (let alarm = 0; alarm < 5; alarm++) await mortal.ring();
    const status = await mortal.host.status();
    expect(status.ok && status.value?.jobs[0]).toMatchObject({
      state: "running",
      lagRecords: 0,
      checkpoints: [{ offset: expect.any(Number) }],
    });
  });
});

test("however room comes and goes, a view is what was acknowledged", async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = new Random(seed);
    const mortal = new MortalHost();
    for (let step = 0; step < 40; step++) {
      if (random.chance(0.2)) mortal.isFull = !mortal.isFull;
      if (random.chance(0.3)) await mortal.ring();
      else await mortal.append(`user ${random.below(5)}`);
    }
    mortal.isFull = false;
    for (let alarm = 0; alarm < 3; alarm++) await mortal.ring();
    const counts = new Map<unknown, number>();
    for (const user of mortal.acknowledged) counts.set(user, (counts.get(user) ?? 0) + 1);
    expect(new Map((await rowsOf(mortal)).map(([user, n]) => [user, n as number])), `seed ${seed}`).toEqual(
      counts,
    );
  }
});
