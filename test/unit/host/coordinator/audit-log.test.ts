import { expect, test } from "vitest";
import { auditEntriesMax, auditRetentionMs } from "../../../../src/base/limits.ts";
import { AuditLog } from "../../../../src/host/coordinator/audit-log.ts";
import { NodeStorage } from "../../../support/node-storage.ts";

const action = {
  tokenId: "default",
  tokenName: "MILLRACE_TOKEN",
  action: "DELETE /v1/jobs/{job}",
  status: 204,
};

function set() {
  const sql = new NodeStorage();
  const clock = { time: 1_000, now: () => clock.time };
  const log = new AuditLog(sql, clock);
  const record = (target: string) => log.recordAction({ ...action, target });
  const targets = async (limit: number, before?: number) => {
    const page = await log.auditPage(limit, before);
    if (!page.ok) throw new Error(page.error.message);
    return { targets: page.value.entries.map(({ target }) => target), cursor: page.value.cursor };
  };
  return { sql, clock, log, record, targets };
}

test("actions are read newest first, page by page", async () => {
  const { record, targets, log } = set();
  for (const target of ["a", "b", "c", "d", "e"]) await record(target);
  expect(await targets(2)).toEqual({ targets: ["e", "d"], cursor: "4" });
  expect(await targets(2, 4)).toEqual({ targets: ["c", "b"], cursor: "2" });
  expect(await targets(2, 2)).toEqual({ targets: ["a"], cursor: undefined });
  const { value } = (await log.auditPage(1, undefined)) as { value: { entries: unknown[] } };
  expect(value.entries).toEqual([{ number: 5, time: "1970-01-01T00:00:01.000Z", ...action, target: "e" }]);
});

test("what is too old is not told, and goes", async () => {
  const { clock, record, targets, sql } = set();
  await record("old");
  clock.time += auditRetentionMs;
  await record("new");
  expect(await targets(10)).toMatchObject({ targets: ["new", "old"] });
  clock.time += 1;
  expect(await targets(10)).toMatchObject({ targets: ["new"] });
  expect(sql.run("SELECT count(*) FROM audit_log")).toEqual([[1]]);
});

test("of too many the oldest go, and numbers go on", async () => {
  const { sql, record, targets } = set();
  sql.run(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${auditEntriesMax})
    INSERT INTO audit_log (time, entry) SELECT 1000, '{"target":"filler"}' FROM n`);
  await record("newest");
  expect(sql.run("SELECT count(*), min(number) FROM audit_log")).toEqual([[auditEntriesMax, 2]]);
  expect(await targets(1)).toEqual({ targets: ["newest"], cursor: String(auditEntriesMax + 1) });
});
