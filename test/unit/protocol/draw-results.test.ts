/** Results as people read them. */
import { expect, test } from "vitest";
import { drawResult } from "../../../src/protocol/draw-results.ts";

function columns(...types: readonly string[]) {
  return types.map((type, index) => ({ name: `c${index}`, type }));
}

test("numbers stand to the right, all else to the left, a null is marked", () => {
  const result = {
    statement: "SELECT",
    columns: [
      { name: "name", type: "STRING" },
      { name: "n", type: "DECIMAL(10, 2) NOT NULL" },
    ],
    rows: [
      ["ada", "1234.50"],
      [null, "7.00"],
    ],
  };
  expect(drawResult(result).split("\n")).toEqual([
    "+--------+---------+",
    "| name   |       n |",
    "+--------+---------+",
    "| ada    | 1234.50 |",
    "| <NULL> |    7.00 |",
    "+--------+---------+",
    "2 rows in set",
    "",
  ]);
});

test("an interval is no INT, and a list of numbers no number", () => {
  const rows = [["x", [1]]];
  const text = drawResult({ statement: "SELECT", columns: columns("INTERVAL DAY(2)", "ARRAY<INT>"), rows });
  expect(text).toContain("| x  | [1] |");
});

test("wide characters take two columns, marks on others none", () => {
  const rows = [["東京"], ["e\u0301"], ["😀"]];
  const lines = drawResult({ statement: "SELECT", columns: columns("STRING"), rows }).split("\n");
  expect(lines.slice(3, 6)).toEqual(["| 東京 |", "| e\u0301    |", "| 😀   |"]);
});

test("what would break a line is written out, and so is what would steer the terminal", () => {
  const rows = [["a\nb"], ["\u001b[2J"]];
  const text = drawResult({ statement: "SELECT", columns: columns("STRING"), rows });
  expect(text).toContain("| a\\nb ");
  expect(text).toContain("| \\u001b[2J |");
});

test("a plan is the text that it is", () => {
  const rows = [["== Plan ==\nScan"]];
  expect(drawResult({ statement: "EXPLAIN", columns: columns("STRING"), rows })).toBe("== Plan ==\nScan\n");
});

test("no rows, no columns, a job", () => {
  expect(drawResult({ statement: "SELECT", columns: columns("INT"), rows: [] })).toBe("Empty set\n");
  expect(drawResult({ statement: "SET", message: "It is set." })).toBe("It is set.\n");
  expect(drawResult({ statement: "INSERT", message: "Job j writes.", job: "j" })).toBe("Job j writes.\n");
  expect(drawResult({ statement: "INSERT", job: "j" })).toBe("Job j\n");
});
