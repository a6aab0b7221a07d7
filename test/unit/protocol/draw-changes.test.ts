/** Changes as lines. */
import { expect, test } from "vitest";
import { ChangeLines } from "../../../src/protocol/draw-changes.ts";

test("columns grow with their values, numbers stand to the right, and what is missing is told", () => {
  const lines = new ChangeLines([
    { name: "name", type: "STRING" },
    { name: "n", type: "BIGINT NOT NULL" },
    { name: "of", type: "ARRAY<INT>" },
  ]);
  expect(lines.head()).toBe("op | name | n | of\n------------------\n");
  expect(lines.change("+I", { name: "ada", n: 123, of: [1, 2] })).toBe("+I | ada  | 123 | [1,2]\n");
  expect(lines.change("-D", { name: null, n: 4, of: [] })).toBe("-D | <NULL> |   4 | []\n");
  expect(lines.change("+I", { name: "b", n: 5, of: [] })).toBe("+I | b      |   5 | []\n");
});
