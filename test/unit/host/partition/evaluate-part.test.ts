/** How much of a table one turn and one call go through. */
import { expect, test } from "vitest";
import type { ScanPosition, ViewPage } from "../../../../src/engine/partition-types.ts";
import { evaluatePart, type SentQuery } from "../../../../src/host/partition/evaluate-part.ts";
import { rowPageOf } from "../../../../src/host/partition/partition-reads.ts";
import { divide, type PartialQuery, scanOf } from "../../../../src/sql/batch/divide.ts";
import { PartialRows } from "../../../../src/sql/batch/partial-rows.ts";
import { optimize } from "../../../../src/sql/optimize/optimize.ts";
import { stillContext } from "../../../support/evaluated.ts";
import { boundQuery } from "../../../support/selected.ts";

/** Rows with their number as `k`, and a time; with `breaksOff` every second turn breaks off without a row. */
function rowsFrom(total: number, breaksOff = false) {
  const turns: { limit: number; rows: number }[] = [];
  const read = (part: PartialQuery) => async (after: ScanPosition | undefined, limit: number) => {
    const first = after ? Number(after.hash) + 1 : 0;
    const at = (row: number) => ({ window: 0, hash: String(row).padStart(16, "0") });
    const count = breaksOff && turns.length % 2 === 1 ? 0 : Math.min(limit, total - first);
    const rows = Array.from({ length: count }, (_, index) => ({
      values: { k: first + index, m: "2024-01-01 00:00:00.000", s: "x".repeat(100) },
      final: true,
      at: at(first + index),
    }));
    turns.push({ limit, rows: count });
    const hasMore = first + count < total;
    const resume = count === 0 && after ? { resume: after } : {};
    const page: ViewPage = { rows, hasMore, watermark: 0n, appliedOffset: 0, ...resume };
    return { ok: true as const, value: rowPageOf(page, scanOf(part), undefined) };
  };
  return { turns, read };
}

function partOf(sql: string): PartialQuery {
  const [part] = divide(optimize(boundQuery(sql), {})).parts.values();
  if (!part) throw new Error("the query reads a view");
  return part;
}

/** Calls until nothing is left; returns what came of it and how many calls it took. */
async function evaluated(part: PartialQuery, { read }: ReturnType<typeof rowsFrom>) {
  const whole = new PartialRows(part, stillContext);
  let [calls, pauses] = [0, 0];
  let after: SentQuery<ScanPosition>["after"];
  do {
    const sent = { ...part, timeZone: "UTC", now: 0, ...(after && { after }) };
    const pause = (work: () => void) => {
      pauses++;
      queueMicrotask(work);
    };
    const answer = await evaluatePart(read(part), pause, sent, undefined);
    if (!answer.ok) throw new Error(answer.error.message);
    whole.merge(answer.value.kept);
    after = answer.value.next;
    calls++;
  } while (after);
  return { rows: whole.rows(), calls, pauses };
}

test("a turn goes through 1024 rows, a call through 64 turns, each behind what came meanwhile", async () => {
  const source = rowsFrom(70_000);
  const { rows, calls, pauses } = await evaluated(partOf("SELECT COUNT(*), SUM(k) FROM t"), source);
  expect(rows).toEqual([[70_000n, Math.imul(35_000, 69_999)]]);
  expect(calls).toBe(2);
  expect(source.turns).toHaveLength(69);
  expect(new Set(source.turns.map(({ limit }) => limit))).toEqual(new Set([1024]));
  expect(pauses).toBe(69 - calls);
});

test("a call ends where many rows are kept, or many bytes were read", async () => {
  const { calls } = await evaluated(partOf("SELECT k FROM t"), rowsFrom(40_000));
  expect(calls).toBe(3);
  const long = await evaluated(partOf("SELECT COUNT(s) FROM t"), rowsFrom(130_000));
  expect(long).toMatchObject({ rows: [[130_000n]], calls: 3 });
});

test("where a row becomes one in each of many windows, a turn has fewer rows", async () => {
  const sql =
    "SELECT COUNT(*) FROM HOP(TABLE t, DESCRIPTOR(m), INTERVAL '1' SECOND, INTERVAL '1' MINUTE) GROUP BY k";
  const source = rowsFrom(20);
  const { rows } = await evaluated(partOf(sql), source);
  expect(rows).toHaveLength(20);
  expect(rows[0]).toEqual([0, 60n]);
  expect(source.turns[0]?.limit).toBe(Math.floor(1024 / 60));
});

test("a turn that broke off without a row is gone on behind", async () => {
  const source = rowsFrom(3000, true);
  const { rows } = await evaluated(partOf("SELECT COUNT(*) FROM t"), source);
  expect(source.turns.filter(({ rows: found }) => found === 0)).toHaveLength(2);
  expect(rows).toEqual([[3000n]]);
});

test("with so many rows as are enough nothing more is read", async () => {
  const source = rowsFrom(100_000);
  const { rows } = await evaluated(partOf("SELECT k FROM t WHERE k > 1500 LIMIT 2"), source);
  expect(rows).toEqual([[1501], [1502]]);
  expect(source.turns).toHaveLength(2);
});

test("a page of more rows than a turn makes takes several", async () => {
  const rows = Array.from({ length: 5000 }, (_, row) => [row]);
  const part = partOf("SELECT SUM(k) FROM t");
  let pauses = 0;
  const answer = await evaluatePart(
    async () => ({ ok: true, value: { rows, bytes: 40_000, next: undefined } }),
    (work) => {
      pauses++;
      queueMicrotask(work);
    },
    { ...part, timeZone: "UTC", now: 0 },
    undefined,
  );
  const whole = new PartialRows(part, stillContext);
  if (answer.ok) whole.merge(answer.value.kept);
  expect(whole.rows()).toEqual([[12_497_500]]);
  expect(pauses).toBe(4);
});
