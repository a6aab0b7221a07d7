/** Tables of the connector `print`: their rows are lines of the worker's log. */
import { expect, test, vi } from "vitest";
import { post, runSql } from "./api.ts";

/** The rows of a table as they came to the log. */
function printedRows(log: ReturnType<typeof listenToLog>, table: string): string[] {
  return log.mock.calls.flatMap(([line]) => {
    const isLine = typeof line === "string" && line.startsWith("{");
    const told = isLine ? JSON.parse(line) : {};
    if (told.place !== `table ${table}`) return [];
    expect(told.level).toBe("info");
    return [told.message];
  });
}

function listenToLog() {
  return vi.spyOn(console, "log").mockImplementation(() => {});
}

test("each row is a line with its kind, and what changes is taken back first", async () => {
  const log = listenToLog();
  try {
    await runSql(`
      CREATE TABLE scores (player STRING, score INT, at TIMESTAMP(3)) WITH ('connector' = 'http');
      CREATE TABLE shown (player STRING, total INT, latest TIMESTAMP(3)) WITH ('connector' = 'print');
      INSERT INTO shown SELECT player, SUM(score), MAX(at) FROM scores GROUP BY player`);
    const rows = [
      { player: "ann", score: 1, at: "2026-01-01 00:00:00" },
      { player: "ann", score: 2, at: null },
      { player: null, score: null, at: null },
    ];
    await post("scores", rows.map((row) => JSON.stringify(row)).join("\n"));
    const expected = [
      "+I[ann, 1, 2026-01-01 00:00:00.000]",
      "-U[ann, 1, 2026-01-01 00:00:00.000]",
      "+U[ann, 3, 2026-01-01 00:00:00.000]",
      "+I[null, null, null]",
    ];
    await expect.poll(() => printedRows(log, "shown"), { timeout: 10_000 }).toEqual(expected);
  } finally {
    log.mockRestore();
  }
});

test("of a request a hundred rows are shown, and how many there are besides", async () => {
  const log = listenToLog();
  try {
    await runSql(`
      CREATE TABLE numbers (n INT) WITH ('connector' = 'http');
      CREATE TABLE odd (n INT) WITH ('connector' = 'print');
      INSERT INTO odd SELECT n FROM numbers WHERE MOD(n, 2) = 1`);
    const rows = Array.from({ length: 300 }, (_, n) => JSON.stringify({ n }));
    await post("numbers", rows.join("\n"));
    await expect.poll(() => printedRows(log, "odd"), { timeout: 10_000 }).toHaveLength(101);
    const [first, last] = [printedRows(log, "odd")[0], printedRows(log, "odd").at(-1)];
    expect([first, last]).toEqual(["+I[1]", "and 50 rows more"]);
  } finally {
    log.mockRestore();
  }
});
