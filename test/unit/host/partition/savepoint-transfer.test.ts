/**
 * Savepoints up and down: whatever the blob store does, and whenever the object restarts, what is pinned is
 * uploaded once it can be, and a restored job has the state or says why it has not.
 */
import { describe, expect, test } from "vitest";
import type { HostPorts } from "../../../../src/host/partition/host-ports.ts";
import { PartitionHost } from "../../../../src/host/partition/partition-host.ts";
import { type BlobFate, FlakyBlobs } from "../../../support/memory-blobs.ts";
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
const task = "savepoints/7/1.0";

/** A host over a harness's storage whose turns, timers and alarms are run by hand. */
class HostHarness {
  readonly base = new PartitionHarness({ stream });
  readonly blobs: FlakyBlobs;
  readonly turns: (() => void)[] = [];
  readonly timers = new Set<() => void>();
  alarms: number[] = [];
  host: PartitionHost;

  constructor(fates: readonly BlobFate[] = []) {
    this.blobs = new FlakyBlobs(fates);
    this.base.startJob("job", counting);
    for (let batch = 0; batch < 8; batch++) {
      const user = (index: number) => `${"user".repeat(8)}-${batch * 5000 + index}`;
      this.base.append(Array.from({ length: 5000 }, (_, index) => [user(index), "1970-01-01 00:00:01"]));
      this.base.settle();
    }
    this.host = this.restart();
  }

  /** Ends the object, with all that it had not written, and starts it again. */
  restart(): PartitionHost {
    this.base.storage.crash();
    this.turns.length = 0;
    this.timers.clear();
    const options = { module: releaseModule, pageBudget: () => 1 << 24, checkpointTurnBytes: 1 << 22 };
    this.host = new PartitionHost(this.#ports(), options, undefined);
    this.base.storage.commit();
    return this.host;
  }

  #ports(): HostPorts {
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
        throw new Error(reason);
      },
      shards: new FakeShards(),
      blobs: this.blobs,
      reportActive: async () => {},
    };
  }

  /** Runs turns, and lets calls to the store come back, until nothing moves any more. */
  async run(): Promise<void> {
    for (let still = 0; still < 50; still++) {
      await Promise.resolve();
      this.base.storage.commit();
      const work = this.turns.shift();
      if (!work) continue;
      still = 0;
      work();
      this.base.storage.commit();
    }
  }

  async runTimers(): Promise<void> {
    const due = [...this.timers];
    this.timers.clear();
    for (const work of due) work();
    await this.run();
  }

  async save(): Promise<void> {
    await this.host.beginSavepoint(1, { run: 1, savepoint: 7 });
    await this.run();
  }

  async state() {
    const status = await this.host.savepointStatus(1, 7);
    return status.ok ? status.value : status;
  }
}

/** The names of all blobs of the task, the state last. */
function namesOf(parts: number): string[] {
  return [...Array.from({ length: parts }, (_, part) => `${task}/${part}`), `${task}/state`].sort();
}

async function saved(): Promise<HostHarness> {
  const harness = new HostHarness();
  await harness.save();
  return harness;
}

describe("an upload", () => {
  test("puts the parts and then the state, in turns behind the running job", async () => {
    const harness = await saved();
    const state = await harness.state();
    expect(state).toMatchObject({ state: "done", parts: expect.any(Number) });
    const parts = state && "parts" in state ? state.parts : 0;
    expect(parts).toBeGreaterThan(1);
    expect([...harness.blobs.inner.bodies.keys()].sort()).toEqual(namesOf(parts));
    expect([...harness.blobs.inner.bodies.keys()].at(-1)).toBe(`${task}/state`);
  });

  test("is tried again after a while for as long as the store is away", async () => {
    const fates = ["answered", "request lost", "answer lost", "request lost"] as const;
    const harness = new HostHarness(fates);
    await harness.save();
    for (let retry = 0; retry < 3; retry++) {
      expect(await harness.state()).toMatchObject({ state: "pinned" });
      expect(harness.timers.size).toBe(1);
      await harness.runTimers();
    }
    expect(await harness.state()).toMatchObject({ state: "done" });
    const parts = harness.blobs.inner.bodies.size - 1;
    expect([...harness.blobs.inner.bodies.keys()].sort()).toEqual(namesOf(parts));
    expect(harness.timers.size).toBe(0);
    const status = await harness.host.status();
    expect(status.ok && status.value?.jobs.map(({ retries }) => retries)).toMatchObject([
      { peers: 0, blobs: 3, last: { message: expect.stringContaining("store did not take") } },
    ]);
  });

  test("that a restart broke off goes on in the object that starts next, though nobody asks", async () => {
    const harness = new HostHarness(["answered", "answer lost"]);
    await harness.save();
    expect(await harness.state()).toMatchObject({ state: "pinned" });
    expect(harness.alarms.length).toBeGreaterThan(0);
    const before = harness.blobs.calls;
    harness.restart();
    await harness.run();
    expect(harness.blobs.calls).toBeGreaterThan(before);
    expect(await harness.state()).toMatchObject({ state: "done" });
  });

  test("of a job that is deleted meanwhile ends", async () => {
    const harness = new HostHarness(["request lost"]);
    await harness.save();
    harness.base.endJob("job", 1);
    harness.restart();
    await harness.run();
    expect(harness.blobs.calls).toBe(1);
    expect(await harness.state()).toBeNull();
  });
});

describe("a restore", () => {
  const restoreOf = ({ base }: HostHarness, run = 2) => {
    const { plan } = base.partition.jobs.taskOf("job", 1);
    const restore = { position: task, states: [task] };
    return { job: "fork", run, revision: 50 + run, state: "running" as const, plan, restore };
  };

  /** Has the job restored; others have their turn between its parts. */
  async function restore(harness: HostHarness) {
    const answer = harness.host.command(1, restoreOf(harness));
    await harness.run();
    return await answer;
  }

  async function rowsOf(harness: HostHarness, run = 2) {
    await harness.run();
    return await harness.host.queryView("fork", run, { newestFirst: true, limit: 100_000 }, undefined);
  }

  test("gives the job the state before it is there to be read", async () => {
    const harness = await saved();
    expect(await restore(harness)).toMatchObject({ ok: true });
    const view = await rowsOf(harness);
    expect(view.ok && view.value.rows.length).toBe(40_000);
  });

  test("lets others have their turn between its parts", async () => {
    const harness = await saved();
    let isDone = false;
    const answer = harness.host.command(1, restoreOf(harness)).then(() => {
      isDone = true;
    });
    let turns = 0;
    for (; !isDone && turns < 100; turns++) {
      for (let still = 0; still < 20; still++) await Promise.resolve();
      harness.turns.shift()?.();
    }
    await answer;
    // The state, and a turn behind each part.
    expect(turns).toBeGreaterThanOrEqual(harness.blobs.inner.bodies.size - 1);
  });

  test("asked for twice at once is done once", async () => {
    const harness = await saved();
    const before = harness.blobs.calls;
    const command = restoreOf(harness);
    const both = Promise.all([harness.host.command(1, command), harness.host.command(1, command)]);
    await harness.run();
    expect(await both).toMatchObject([{ ok: true }, { ok: true }]);
    expect(harness.blobs.calls - before).toBe(harness.blobs.inner.bodies.size);
  });

  test("from a store that is away is answered so, leaves nothing, and can be asked for again", async () => {
    const harness = await saved();
    harness.blobs.fates = ["answered", "answered", "request lost"];
    const lost = await restore(harness);
    expect(lost).toMatchObject({ ok: false, error: { code: "PARTITION_UNAVAILABLE" } });
    expect(await rowsOf(harness)).toMatchObject({ ok: false, error: { code: "JOB_NOT_FOUND" } });
    expect(await restore(harness)).toMatchObject({ ok: true });
    const view = await rowsOf(harness);
    expect(view.ok && view.value.rows.length).toBe(40_000);
  });

  test("that a crash broke off is begun anew by the next command", async () => {
    const harness = await saved();
    harness.blobs.fates = ["answered", "answered", "request lost"];
    await restore(harness);
    harness.restart();
    expect(await restore(harness)).toMatchObject({ ok: true });
    const view = await rowsOf(harness);
    expect(view.ok && view.value.rows.length).toBe(40_000);
  });

  test.each([
    ["a part is missing", (blobs: FlakyBlobs) => void blobs.inner.bodies.delete(`${task}/1`), "lacks"],
    ["the state is missing", (blobs: FlakyBlobs) => void blobs.inner.bodies.delete(`${task}/state`), "lacks"],
    [
      "a part is damaged",
      (blobs: FlakyBlobs) => void blobs.inner.bodies.set(`${task}/1`, new Uint8Array(20)),
      "damaged",
    ],
    [
      "a page is damaged",
      ({ inner }: FlakyBlobs) => {
        const body = inner.bodies.get(`${task}/1`) as Uint8Array;
        body.fill(0x55, 300, 400);
      },
      "the checksum is",
    ],
  ])("fails the job, and no other, where %s", async (_, damage, message) => {
    const harness = await saved();
    damage(harness.blobs);
    expect(await restore(harness)).toMatchObject({ ok: true });
    const status = await harness.host.status();
    const jobs = status.ok ? (status.value?.jobs ?? []) : [];
    expect(jobs).toMatchObject([
      { job: "job", state: "running" },
      { job: "fork", state: "failed", error: { message: expect.stringContaining(message) } },
    ]);
  });
});
