/** Leases by themselves, and jobs that end with them. */
import { expect, test } from "vitest";
import { Leases, leaseMs } from "../../../../src/host/coordinator/leases.ts";
import { NodeStorage } from "../../../support/node-storage.ts";
import { jobOf, streamOf } from "../definitions.ts";
import { AlarmedCoordinator } from "./alarmed-coordinator.ts";

test("a lease ends so long after it was renewed last", () => {
  const leases = new Leases(new NodeStorage());
  leases.renew("a", 0);
  leases.renew("b", 10);
  leases.renew("a", 20);
  expect(leases.nextDueAt()).toBe(10 + leaseMs);
  expect(leases.ended(10 + leaseMs - 1)).toEqual([]);
  expect(leases.ended(10 + leaseMs)).toEqual(["b"]);
  expect(leases.ended(20 + leaseMs)).toEqual(["a", "b"]);
});

test("one that is forgotten does not end, and leases outlive the process", () => {
  const storage = new NodeStorage();
  new Leases(storage).renew("a", 0);
  const leases = new Leases(storage);
  expect(leases.nextDueAt()).toBe(leaseMs);
  leases.forget("a");
  expect([leases.nextDueAt(), leases.ended(leaseMs)]).toEqual([undefined, []]);
});

class Harness extends AlarmedCoordinator {
  async jobs(): Promise<string[]> {
    const answer = await this.coordinator.jobs();
    return answer.ok ? answer.value.map(({ job }) => job) : [];
  }
}

async function withJob(isLeased: boolean): Promise<Harness> {
  const harness = new Harness();
  await harness.coordinator.putStream("clicks", streamOf());
  expect(await harness.coordinator.putJob("query", jobOf(), { isLeased })).toMatchObject({ ok: true });
  return harness;
}

test("a leased job goes when nobody has renewed its lease", async () => {
  const harness = await withJob(true);
  await harness.pass(leaseMs - 1);
  expect(await harness.jobs()).toEqual(["query"]);
  await harness.pass(1);
  expect(await harness.jobs()).toEqual([]);
});

test("renewed it stays, also through a restart", async () => {
  const harness = await withJob(true);
  await harness.pass(leaseMs - 1);
  expect(await harness.coordinator.renewLease("query")).toMatchObject({ ok: true });
  harness.restart();
  await harness.pass(leaseMs - 1);
  expect(await harness.jobs()).toEqual(["query"]);
  await harness.pass(1);
  expect(await harness.jobs()).toEqual([]);
});

test("a job that is nobody's stays", async () => {
  const harness = await withJob(false);
  await harness.pass(2 * leaseMs);
  expect(await harness.jobs()).toEqual(["query"]);
});

test("a lease ends with its job: another one of that name is not touched", async () => {
  const harness = await withJob(true);
  await harness.coordinator.deleteJob("query");
  await harness.coordinator.putJob("query", jobOf());
  await harness.pass(2 * leaseMs);
  expect(await harness.jobs()).toEqual(["query"]);
});

test("no lease is renewed of a job that is not there", async () => {
  const harness = await withJob(true);
  expect(await harness.coordinator.renewLease("other")).toMatchObject({
    ok: false,
    error: { code: "JOB_NOT_FOUND" },
  });
});
