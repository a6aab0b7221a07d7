/**
 * The process around a partition: group commits, waiting queries, lost storage, the alarm. Turns are run by
 * hand.
 */
import { describe, expect, test } from "vitest";
import { StorageFailure } from "../../../../src/base/errors.ts";
import type { AppendRequest } from "../../../../src/engine/log/records.ts";
import type { TaskPlan } from "../../../../src/engine/plan/task-plan.ts";
import type { HostPorts } from "../../../../src/host/partition/host-ports.ts";
import { PartitionHost } from "../../../../src/host/partition/partition-host.ts";
import { MemoryBlobs } from "../../../support/memory-blobs.ts";
import { NodeStorage } from "../../../support/node-storage.ts";
import { PartitionHarness, releaseModule } from "../../../support/partition-harness.ts";
import { FakeShards } from "../fake-shards.ts";

const stream = {
  columns: [
    { name: "user", type: "STRING" },
    { name: "time", type: "TIMESTAMP(3)" },
  ],
  eventTime: { column: "time", outOfOrderness: 0 },
};
const counting = { source: "events", key: ["user"], aggregates: { n: { function: "count" } } };

/** A host over a harness's storage. `turns` holds the turns that were asked for and not run yet. */
class HostHarness {
  readonly base = new PartitionHarness({ stream });
  readonly turns: (() => void)[] = [];
  readonly timers = new Set<() => void>();
  alarms: number[] = [];
  activeReports = 0;
  aborted: string | undefined;
  pageBudget = () => 1 << 24;
  host: PartitionHost;

  constructor() {
    this.base.startJob("job", counting);
    this.host = this.restart();
  }

  restart(): PartitionHost {
    this.base.storage.crash();
    this.turns.length = 0;
    const options = {
      module: releaseModule,
      pageBudget: () => this.pageBudget(),
      checkpointTurnBytes: 1 << 22,
    };
    this.host = new PartitionHost(this.ports(), options, undefined);
    this.base.storage.commit();
    return this.host;
  }

  ports(): HostPorts {
    return {
      ...this.base.ports,
      soon: (work) => void this.turns.push(work),
      later: (work) => {
        this.timers.add(work);
        return () => void this.timers.delete(work);
      },
      setAlarm: (at) => void this.alarms.push(at),
      clearStorage: async () => {},
      abort: (reason) => {
        this.aborted = reason;
      },
      shards: new FakeShards(),
      blobs: new MemoryBlobs(),
      reportActive: async () => {
        this.activeReports++;
      },
    };
  }

  request(user: string): AppendRequest {
    return this.base.request(this.base.frame([[user, "1970-01-01 00:00:01"]]));
  }

  /** Runs the turns that are due, and those that they ask for, up to `count`. */
  async run(count = 1000): Promise<void> {
    for (let turn = 0; turn < count; turn++) {
      await Promise.resolve();
      const work = this.turns.shift();
      if (!work) return;
      work();
      this.base.storage.commit();
    }
  }

  query(minOffset?: number) {
    const wait = minOffset === undefined ? undefined : { minOffset, timeoutMs: 100 };
    return this.host.queryView("job", 1, { newestFirst: true, limit: 10 }, wait);
  }
}

describe("appends", () => {
  test("behind another one in one turn are one row of the log, and are answered one by one", async () => {
    const harness = new HostHarness();
    const answers = ["a", "b", "c"].map((user) => harness.host.append([harness.request(user)]));
    await harness.run();
    expect(await Promise.all(answers)).toMatchObject(
      [1, 2, 3].map((offset) => ({ ok: true, value: [{ status: "logged", offset }] })),
    );
    expect(harness.base.storage.run("SELECT offset, records FROM log")).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });

  test("cost one statement each, in all the turns that log and apply them", async () => {
    const harness = new HostHarness();
    await Promise.all([harness.host.append([harness.request("a")]), harness.run()]);
    const statements: string[] = [];
    harness.base.storage.beforeStatement = ({ statement }) => void statements.push(statement);
    for (const user of ["b", "c"]) {
      await Promise.all([harness.host.append([harness.request(user)]), harness.run()]);
    }
    expect(statements.map((each) => each.split(" ").slice(0, 3).join(" "))).toEqual(
      Array(2).fill("INSERT INTO log"),
    );
    harness.base.storage.beforeStatement = undefined;
    expect(await harness.query(3)).toMatchObject({ ok: true, value: { appliedOffset: 3 } });
  });

  test("leave an alarm in the turn that logs them, and not one write each", async () => {
    const harness = new HostHarness();
    harness.alarms = [];
    for (const user of ["a", "b", "c"]) {
      const answer = harness.host.append([harness.request(user)]);
      await harness.run();
      await answer;
    }
    expect(harness.alarms).toHaveLength(1);
  });

  test("are refused and the object ends when storage fails: nothing is acknowledged", async () => {
    const harness = new HostHarness();
    harness.base.storage.beforeStatement = ({ statement }) => {
      if (statement.startsWith("INSERT INTO log")) throw new StorageFailure("the disk broke");
    };
    const answer = harness.host.append([harness.request("a")]);
    await harness.run();
    expect(await answer).toMatchObject({ ok: false, error: { code: "STORAGE_FAILED", status: 503 } });
    expect(harness.aborted).toBe("the disk broke");
    harness.base.storage.beforeStatement = undefined;
    harness.restart();
    const again = harness.host.append([harness.request("a")]);
    await harness.run();
    expect(await again).toMatchObject({ ok: true, value: [{ status: "logged", offset: 1 }] });
  });
});

describe("a shard whose log cannot be read from its end", () => {
  test("says so to every call, and is gone when its stream is deleted", async () => {
    const harness = new HostHarness();
    const answer = harness.host.append([harness.request("a")]);
    await harness.run();
    await answer;
    harness.base.storage.run("UPDATE log SET bytes = substr(bytes, 1, 50)");
    harness.base.storage.commit();
    const host = harness.restart();
    const error = {
      code: "FRAME_CORRUPT",
      message: expect.stringMatching(
        /cannot be opened: The log row at offset 1 is damaged.*delete the stream/s,
      ),
    };
    const append = host.append([harness.request("b")]);
    await harness.run();
    expect(await append).toMatchObject({ ok: true, value: [{ status: "refused", error }] });
    for (const call of [
      host.status(),
      host.setUp(harness.base.identity),
      harness.query(),
      host.setWatermark(1, 5n),
    ]) {
      expect(await call).toMatchObject({ ok: false, error });
    }
    await host.alarm();
    expect(await host.destroy(1)).toMatchObject({ ok: true });
    expect(await host.status()).toEqual({ ok: true, value: null });
  });
});

describe("queries", () => {
  test("with a token wait until it is applied", async () => {
    const harness = new HostHarness();
    const append = harness.host.append([harness.request("a")]);
    const query = harness.query(1);
    await harness.run();
    await append;
    expect(await query).toMatchObject({
      ok: true,
      value: { appliedOffset: 1, rows: [{ values: { n: 1 } }] },
    });
    expect(harness.timers.size).toBe(0);
  });

  test("with a token that does not come end with QUERY_TIMEOUT", async () => {
    const harness = new HostHarness();
    const query = harness.query(7);
    await harness.run();
    for (const timer of harness.timers) timer();
    expect(await query).toMatchObject({ ok: false, error: { code: "QUERY_TIMEOUT", status: 504 } });
  });

  test("of changes, after a restart, wait for what whoever follows has had", async () => {
    const harness = new HostHarness();
    const view = { job: "job", run: 1, map: 1 };
    const followed = await harness.host.follow(view, "hub");
    harness.base.storage.commit();
    if (!followed.ok) throw new Error(followed.error.message);
    const append = harness.host.append([harness.request("a"), harness.request("b")]);
    await harness.run();
    await append;
    harness.restart();
    const changes = harness.host.changes(view, followed.value.head, undefined);
    await harness.run();
    expect(await changes).toMatchObject({
      ok: true,
      value: { changes: [{ kind: "+I" }, { kind: "+I" }], next: { offset: 3, row: 0 } },
    });
  });

  test("after a restart wait for what was logged before it", async () => {
    const harness = new HostHarness();
    const append = harness.host.append([harness.request("a"), harness.request("a")]);
    await harness.run();
    await append;
    harness.restart();
    const query = harness.query();
    await harness.run();
    expect(await query).toMatchObject({ ok: true, value: { rows: [{ values: { n: 2 } }] } });
  });
});

describe("an object that was never set up, or was destroyed", () => {
  test("writes nothing, and sends every caller back to the map", async () => {
    const harness = new HostHarness();
    harness.alarms = [];
    const storage = new NodeStorage();
    let turns: (() => void)[] = [];
    const fresh = { ...harness.ports(), sql: storage, soon: (work: () => void) => void turns.push(work) };
    const options = { module: releaseModule, pageBudget: () => 1 << 24, checkpointTurnBytes: 1 << 22 };
    const host = new PartitionHost(fresh, options, undefined);
    const append = host.append([harness.request("a")]);
    for (const turn of turns) turn();
    turns = [];
    const stale = { ok: false, error: { code: "MAP_STALE" } };
    expect(await append).toMatchObject({ ok: true, value: [{ status: "refused", error: stale.error }] });
    expect(await host.queryView("job", 1, { newestFirst: true, limit: 1 }, undefined)).toMatchObject(stale);
    expect(await host.setWatermark(1, 5n)).toMatchObject(stale);
    expect(await host.status()).toEqual({ ok: true, value: null });
    await host.alarm();
    expect(await host.destroy(1)).toMatchObject({ ok: true });
    expect(storage.run("SELECT name FROM sqlite_master")).toEqual([]);
    expect(harness.alarms).toEqual([]);
    expect(await harness.host.destroy(1)).toMatchObject({ ok: true });
    expect(await harness.host.setWatermark(1, 5n)).toMatchObject(stale);
    expect(await harness.host.status()).toEqual({ ok: true, value: null });
  });
});

describe("the alarm", () => {
  test("is set when a turn breaks off, the first one too: work goes on though nobody calls", async () => {
    const harness = new HostHarness();
    const append = harness.host.append([harness.request("a")]);
    await harness.run(1);
    await append;
    harness.pageBudget = () => {
      throw new Error("a defect");
    };
    harness.alarms = [];
    harness.restart();
    expect(harness.alarms).toHaveLength(1);
    await harness.host.alarm();
    await harness.run();
    expect(harness.alarms).toHaveLength(2);
    harness.pageBudget = () => 1 << 24;
    await harness.host.alarm();
    await harness.run();
    expect(await harness.query()).toMatchObject({ ok: true, value: { rows: [{ values: { n: 1 } }] } });
  });
});

test("a shard with siblings tells the coordinator each time that it leaves idleness", async () => {
  const harness = new HostHarness();
  await harness.host.setUp({ ...harness.base.identity, shardCount: 2 });
  const post = async () => {
    const append = harness.host.append([harness.request("a")]);
    await harness.run();
    await append;
  };
  await post();
  await post();
  expect(harness.activeReports).toBe(1);
  harness.base.pass(60_000);
  await harness.host.alarm();
  expect(await harness.host.status()).toMatchObject({ value: { isIdle: true } });
  await post();
  expect(harness.activeReports).toBe(2);
});

describe("an object whose clock stands still", () => {
  const wait = (sentAt: number) => ({ minOffset: 0, timeoutMs: 100, sentAt });
  const dated: Readonly<Record<string, (host: PartitionHost, sentAt: number) => Promise<unknown>>> = {
    status: (host, sentAt) => host.status(sentAt),
    command: (host, sentAt) =>
      host.command(1, { job: "job", run: 1, revision: 0, state: "running", plan: {} as TaskPlan }, sentAt),
    savepointStatus: (host, sentAt) => host.savepointStatus(1, 1, sentAt),
    handoverOf: (host, sentAt) => host.handoverOf(1, 1, sentAt),
    queryView: (host, sentAt) => host.queryView("job", 1, { newestFirst: true, limit: 1 }, wait(sentAt)),
    tokenBehind: (host, sentAt) => host.tokenBehind("job", 1, 0, 1, 100, sentAt),
    tick: (host, sentAt) => host.tick(1, { producers: [], sentAt }),
  };

  test.each(Object.entries(dated))("starts anew with what is sent by another: %s", async (_, call) => {
    const harness = new HostHarness();
    const now = harness.base.ports.clock.now();
    // Its clock was right before.
    void call(harness.host, now);
    expect(harness.aborted).toBeUndefined();
    const answer = await call(harness.host, now - 600_000);
    expect(answer).toMatchObject({ ok: false, error: { code: "PARTITION_UNAVAILABLE" } });
    expect(harness.aborted).toMatch("clock was put back");
  });
});
