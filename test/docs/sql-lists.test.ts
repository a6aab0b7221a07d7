/** docs/sql.md: its lists are those of the code, and its statements bind and plan. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { emptyPorts, runSql } from "../unit/host/sql/run-sql.ts";
import { codeBlocks, repositoryRoot } from "./markdown.ts";
import { sqlDocument, withLists } from "./sql-lists.ts";

const text = readFileSync(join(repositoryRoot, sqlDocument), "utf8");

test("its lists are up to date; npm run lists writes them", () => {
  expect(withLists(text)).toBe(text);
});

test("a list that is missing or unknown would be found", () => {
  expect(() => withLists(text.replace("list: options", "list: option"))).toThrow("no list option");
  expect(() => withLists("")).toThrow("has no list functions");
});

describe("its statements are taken, one after the other", () => {
  const ports = emptyPorts();
  const blocks = codeBlocks(text).filter(({ language }) => language === "sql");
  test.each(blocks.map(({ line, code }) => [line, code] as const))("line %i", async (_line, code) => {
    const { results } = await runSql(code, [], ports);
    expect(results.length).toBeGreaterThan(0);
  });

  test("there are some", () => {
    expect(blocks.length).toBeGreaterThan(4);
  });
});
