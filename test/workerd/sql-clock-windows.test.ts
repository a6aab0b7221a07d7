/** Windows by the clock, from SQL to rows: they fire by alarms, though no event follows. */
import { expect, test } from "vitest";
import { post, runSql } from "./api.ts";

const second = "INTERVAL '1' SECOND";
const half = "INTERVAL '0.5' SECOND";

/** Each window counts once, but a row lies in two of those that hop. */
const queries: readonly (readonly [name: string, query: string, windows: number])[] = [
  ["tumble_group", `TUMBLE(pt, ${second})`, 1],
  ["hop_group", `HOP(pt, ${half}, ${second})`, 2],
  ["session_group", `SESSION(pt, ${half})`, 1],
  ["tumble_table", `TUMBLE(TABLE taps, DESCRIPTOR(pt), ${second})`, 1],
  ["hop_table", `HOP(TABLE taps, DESCRIPTOR(pt), ${half}, ${second})`, 2],
  ["session_table", `SESSION(TABLE taps PARTITION BY k, DESCRIPTOR(pt), ${half})`, 1],
];

function queryOf(name: string, window: string): string {
  if (name.endsWith("_table")) {
    const key = "k, window_start, window_end";
    return `SELECT ${key}, COUNT(*) FROM TABLE(${window}) GROUP BY ${key}`;
  }
  const bound = (which: string) => window.replace("(", `_${which}(`);
  return `SELECT k, ${bound("START")}, ${bound("END")}, COUNT(*) FROM taps GROUP BY k, ${window}`;
}

test("fire when their time has passed, as tables and in GROUP BY", { timeout: 60_000 }, async () => {
  await runSql("CREATE TABLE taps (k STRING NOT NULL, pt AS PROCTIME()) WITH ('connector' = 'http')");
  for (const [name, window] of queries) {
    await runSql(`
      CREATE TABLE ${name} (k STRING NOT NULL, started TIMESTAMP(3) NOT NULL, ended TIMESTAMP(3), n BIGINT,
        PRIMARY KEY (k, started) NOT ENFORCED) WITH ('connector' = 'view');
      SET 'table.exec.sink.not-null-enforcer' = 'DROP';
      INSERT INTO ${name} ${queryOf(name, window)}`);
  }
  await post("taps", ["a", "b", "a"].map((k) => JSON.stringify({ k })).join("\n"));
  for (const [name, , windows] of queries) {
    const found = `SELECT k, CAST(SUM(n) AS INT), COUNT(*) FROM ${name} GROUP BY k ORDER BY k`;
    await expect
      .poll(async () => (await runSql(found)).rows, { timeout: 15_000 })
      .toEqual([
        ["a", 2 * windows, windows],
        ["b", windows, windows],
      ]);
  }
  const ends = await runSql("SELECT started, ended FROM tumble_table");
  for (const [started, ended] of ends.rows as [string, string][]) {
    expect(Date.parse(`${ended}Z`) - Date.parse(`${started}Z`)).toBe(1000);
    expect(Date.parse(`${ended}Z`)).toBeLessThanOrEqual(Date.now());
  }
});
