/**
 * Taking savepoints over shards that are slow, away or forgetful, into a store that is now and then: each is
 * complete once, with its manifest behind everything else, and what belongs to it happens once.
 */
import { expect, test } from "vitest";
import type { SavepointStatus } from "../../../../src/engine/savepoint/savepoint-store.ts";
import { Coordinator } from "../../../../src/host/coordinator/coordinator.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { type BlobFate, FlakyBlobs } from "../../../support/memory-blobs.ts";
import { NodeStorage } from "../../../support/node-storage.ts";
import { jobOf, streamOf } from "../definitions.ts";
import { FakeShards } from "../fake-shards.ts";

const done: SavepointStatus = { state: "done", parts: 2, bytes: 700, partsLeft: 0, bytesLeft: 0 };
const pinned: SavepointStatus = { state: "pinned", parts: 2, bytes: 700, partsLeft: 1, bytesLeft: 300 };
const plainly = { stop: false, drain: false };

class Harness {
  readonly sql = new NodeStorage();
  readonly clock = new ManualClock();
  readonly shards = new FakeShards();
  readonly blobs: FlakyBlobs;
  alarmAt: number | undefined;
  coordinator: Coordinator;

  constructor(fates: readonly BlobFate[] = []) {
    this.blobs = new FlakyBlobs(fates);
    this.coordinator = this.start();
  }

  start(): Coordinator {
    return new Coordinator({
      ...{ sql: this.sql, clock: this.clock, shards: this.shards, blobs: this.blobs },
      generated: undefined,
      setAlarm: (at) => {
        this.alarmAt = at;
      },
      abort: (reason) => {
        throw new Error(reason);
      },
    });
  }

  /** A job of one shard and two partitions behind it. */
  async startJob(): Promise<this> {
    await this.coordinator.putStream("clicks", streamOf());
    await this.coordinator.putJob("totals", jobOf({ parallelism: 2 }));
    return this;
  }

  get source() {
    return this.shards.at("clicks", 1, 0);
  }

  get partitions() {
    return [this.source, ...[0, 1].map((shard) => this.shards.at("totals/1", 2, shard))];
  }

  tell(status: SavepointStatus | null): void {
    for (const partition of this.partitions) partition.savepoint = status;
  }

  /** Moves the time and runs the alarm as often as it is due, as the platform would. */
  async pass(ms: number): Promise<void> {
    const end = this.clock.now() + ms;
    while (this.alarmAt !== undefined && this.alarmAt <= end) {
      const at = this.alarmAt;
      this.alarmAt = undefined;
      await this.clock.advance(Math.max(0, at - this.clock.now()));
      const worked = this.coordinator.onAlarm();
      await this.clock.advance(0);
      await worked;
    }
    await this.clock.advance(Math.max(0, end - this.clock.now()));
  }

  /** Takes a savepoint, as long as its request waits. */
  async take(wish = plainly) {
    const taken = this.coordinator.createSavepoint("totals", wish);
    await this.clock.advance(4_000);
    return await taken;
  }

  async jobs(): Promise<string[]> {
    const listed = await this.coordinator.jobs();
    return listed.ok ? listed.value.map(({ job }) => job) : [];
  }
}

async function started(fates?: readonly BlobFate[]): Promise<Harness> {
  return await new Harness(fates).startJob();
}

test("the barrier enters the source's shards alone; the manifest says what there is", async () => {
  const harness = await started();
  harness.tell(done);
  expect(await harness.take()).toMatchObject({
    ok: true,
    value: {
      ...{ savepoint: 1, job: "totals", run: 1, state: "done", stop: false, drain: false },
      tasks: { done: 3, of: 3 },
      parts: { done: 6, of: 6 },
      bytes: { done: 2100, of: 2100 },
    },
  });
  expect(harness.source.calls).toContain("beginSavepoint 1 1 1 to 2");
  for (const partition of harness.partitions.slice(1)) {
    expect(partition.calls.filter((called) => called.startsWith("begin"))).toEqual([]);
  }
  const manifest = harness.blobs.inner.bodies.get("savepoints/1/manifest");
  expect(JSON.parse(new TextDecoder().decode(manifest))).toMatchObject({
    ...{ version: 1, savepoint: 1, job: "totals", run: 1 },
    stages: [
      { generation: 1, shards: 1 },
      { generation: 2, shards: 2 },
    ],
    tasks: ["1.0", "2.0", "2.1"].map((task) => ({ name: `savepoints/1/${task}`, parts: 2, bytes: 700 })),
  });
});

test("a request waits for a while; alarms go on behind it, also in the coordinator's next life", async () => {
  const harness = await started();
  expect(await harness.take()).toMatchObject({
    ok: true,
    value: { state: "running", tasks: { done: 0, of: 3 }, parts: { done: 0, of: 0 } },
  });
  harness.tell(pinned);
  await harness.pass(1_000);
  expect(await harness.coordinator.savepoint(1)).toMatchObject({
    value: { state: "running", parts: { done: 3, of: 6 }, bytes: { done: 1200, of: 2100 } },
  });
  expect(harness.blobs.inner.bodies.size).toBe(0);
  harness.alarmAt = undefined;
  harness.coordinator = harness.start();
  harness.tell(done);
  await harness.pass(1_000);
  const listed = await harness.coordinator.savepoints("totals");
  expect(listed).toMatchObject({ value: [{ state: "done", tasks: { done: 3, of: 3 } }] });
  expect(listed.ok && listed.value[0]?.durationMs).toBeGreaterThan(4_000);
});

test("a shard that is away is asked for its barrier until it answers", async () => {
  const harness = await started();
  harness.tell(done);
  harness.source.beforeCall = () => {
    throw new Error("away");
  };
  expect(await harness.take()).toMatchObject({ value: { state: "running", tasks: { done: 2, of: 3 } } });
  harness.source.beforeCall = () => {};
  await harness.pass(1_000);
  expect(await harness.coordinator.savepoint(1)).toMatchObject({ value: { state: "done" } });
});

test("a manifest that the store does not take is written again", async () => {
  const harness = await started(["request lost", "answer lost"]);
  harness.tell(done);
  expect(await harness.take()).toMatchObject({ value: { state: "done" } });
  expect(harness.blobs.calls).toBe(3);
  expect([...harness.blobs.inner.bodies.keys()]).toEqual(["savepoints/1/manifest"]);
});

test("a job stops in the turn that its savepoint is complete, and not before", async () => {
  const harness = await started();
  harness.tell(pinned);
  expect(await harness.take({ stop: true, drain: true })).toMatchObject({ value: { state: "running" } });
  expect(harness.source.calls).toContain("beginSavepoint 1 1 drains 1 to 2");
  expect(await harness.jobs()).toEqual(["totals"]);
  harness.tell(done);
  await harness.pass(1_000);
  expect(await harness.jobs()).toEqual([]);
  expect(harness.source.jobs.size).toBe(0);
  expect(await harness.coordinator.savepoint(1)).toMatchObject({
    value: { state: "done", stop: true, drain: true },
  });
});

test("a request whose savepoint an alarm completes meanwhile answers with it", async () => {
  const harness = await started();
  harness.tell(pinned);
  const taken = harness.coordinator.createSavepoint("totals", { stop: true, drain: false });
  await harness.clock.advance(50);
  harness.tell(done);
  await harness.coordinator.onAlarm();
  expect(await harness.jobs()).toEqual([]);
  await harness.clock.advance(200);
  expect(await taken).toMatchObject({ value: { savepoint: 1, state: "done" } });
  expect(await harness.coordinator.savepoint(1)).toMatchObject({ value: { state: "done" } });
});

test("one is taken at a time, and only of a job that runs everywhere", async () => {
  const harness = await started();
  expect(await harness.take()).toMatchObject({ value: { state: "running" } });
  expect(await harness.take()).toMatchObject({
    error: { code: "SAVEPOINT_CONFLICT", message: expect.stringContaining("taking savepoint 1") },
  });
  expect(await harness.coordinator.deleteSavepoint(1)).toMatchObject({
    error: { code: "SAVEPOINT_CONFLICT" },
  });
  harness.tell(done);
  await harness.pass(1_000);
  await harness.coordinator.setJobState("totals", "paused");
  expect(await harness.take()).toMatchObject({ error: { code: "SAVEPOINT_CONFLICT" } });
  expect(await harness.coordinator.createSavepoint("total", plainly)).toMatchObject({
    error: { code: "JOB_NOT_FOUND" },
  });
});

test("one whose job failed in a partition fails with it, and another can be taken", async () => {
  const harness = await started();
  harness.tell(pinned);
  const [, second] = harness.partitions;
  if (!second) throw new Error("the job has a second stage");
  second.savepointFailure = "Row 3 cannot be applied";
  expect(await harness.take()).toMatchObject({
    value: { state: "failed", error: expect.stringContaining("Row 3"), tasks: { done: 0, of: 3 } },
  });
  const put = await harness.coordinator.putJob("fork", jobOf({ fromSavepoint: 1, parallelism: 2 }));
  expect(put).toMatchObject({ error: { code: "SAVEPOINT_UNFIT" } });
  second.savepointFailure = undefined;
  harness.tell(done);
  expect(await harness.take()).toMatchObject({ value: { savepoint: 2, state: "done" } });
  expect(await harness.coordinator.deleteSavepoint(1)).toMatchObject({ ok: true });
});

test("one whose job is deleted is forgotten, and so is its alarm", async () => {
  const harness = await started();
  const taken = harness.coordinator.createSavepoint("totals", plainly);
  await harness.clock.advance(500);
  await harness.coordinator.deleteJob("totals");
  await harness.clock.advance(4_000);
  expect(await taken).toMatchObject({ error: { code: "SAVEPOINT_CONFLICT" } });
  await harness.pass(1_000);
  expect(await harness.coordinator.savepoints("totals")).toMatchObject({ value: [] });
  expect(harness.alarmAt).toBeUndefined();
});

test("deleting one deletes all that it holds, or nothing where the store is away", async () => {
  const harness = await started();
  harness.tell(done);
  await harness.take();
  const { bodies } = harness.blobs.inner;
  const names = ["1.0", "2.0", "2.1"].flatMap((task) => [0, 1, "state"].map((part) => `${task}/${part}`));
  for (const name of names) bodies.set(`savepoints/1/${name}`, new Uint8Array(1));
  bodies.set("savepoints/2/1.0/0", new Uint8Array(1));
  harness.blobs.fates = ["request lost"];
  expect(await harness.coordinator.deleteSavepoint(1)).toMatchObject({
    error: { code: "PARTITION_UNAVAILABLE" },
  });
  expect(await harness.coordinator.savepoint(1)).toMatchObject({ ok: true });
  expect(await harness.coordinator.deleteSavepoint(1)).toMatchObject({ ok: true });
  expect([...bodies.keys()]).toEqual(["savepoints/2/1.0/0"]);
  expect(await harness.coordinator.savepoint(1)).toMatchObject({ error: { code: "SAVEPOINT_NOT_FOUND" } });
});

test("without a store none can be taken, listed or restored from", async () => {
  const harness = await started();
  const { coordinator } = harness;
  harness.coordinator = new Coordinator({
    ...{ sql: harness.sql, clock: harness.clock, shards: harness.shards, blobs: undefined },
    generated: undefined,
    setAlarm: () => {},
    abort: () => {},
  });
  const missing = { error: { code: "SAVEPOINTS_NOT_SET" } };
  expect(await harness.coordinator.createSavepoint("totals", plainly)).toMatchObject(missing);
  expect(await harness.coordinator.savepoints("totals")).toMatchObject(missing);
  const put = await harness.coordinator.putJob("fork", jobOf({ fromSavepoint: 1 }));
  expect(put).toMatchObject(missing);
  expect(await coordinator.putJob("fork", jobOf({ fromSavepoint: 1 }))).toMatchObject({
    error: { code: "SAVEPOINT_NOT_FOUND" },
  });
});
