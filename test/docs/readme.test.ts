/**
 * README's tour and the examples of docs/http-api.md, run as they stand against a started server.
 *
 * Each `sh` block runs in bash, in one folder; the `json` block behind it states the answers, one after the
 * other. A stated object may leave fields out, a list may not, and "…" stands for any value. A `text` block
 * states what is printed, and … in it anything within a line.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../torture/run-torture.ts";
import { ServerProcess } from "../torture/server-process.ts";
import { type CodeBlock, codeBlocks, repositoryRoot } from "./markdown.ts";

const statedUrl = "http://127.0.0.1:8787";
const sqlProgram = join(repositoryRoot, "src/cli/sql.ts");

const documents = [
  { path: "README.md", heading: "## A five-minute tour" },
  { path: "docs/http-api.md", heading: undefined },
].map(({ path, heading }) => ({
  path,
  blocks: codeBlocks(readFileSync(join(repositoryRoot, path), "utf8"), heading),
}));

let server: ServerProcess;
let folder = "";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-readme-"));
  server = new ServerProcess(await freePort(), join(folder, "state"));
  await server.start();
}, 60_000);

afterAll(async () => {
  await server.clean();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a block and returns what it printed on standard output. */
function run({ code }: CodeBlock): string {
  const quiet = code
    .replaceAll(statedUrl, server.url)
    .replaceAll("curl ", "curl --silent --show-error ")
    .replaceAll("npm run --silent sql --", `"${process.execPath}" "${sqlProgram}" --url ${server.url}`);
  return execFileSync("bash", ["-c", `set -e\n${quiet}`], { cwd: folder, encoding: "utf8" });
}

/** Reads JSON values that stand one behind the other. */
function readValues(text: string): unknown[] {
  const values: unknown[] = [];
  let from = 0;
  for (let end = 1; end <= text.length; end++) {
    if (!/[}\]]/.test(text[end - 1] ?? "")) continue;
    try {
      values.push(JSON.parse(text.slice(from, end)));
      from = end;
    } catch {
      // The value goes on behind this bracket.
    }
  }
  expect(text.slice(from).trim()).toBe("");
  return values;
}

/** Returns `found` without what `stated` leaves out, so that the two can be compared as a whole. */
function pruned(found: unknown, stated: unknown): unknown {
  if (stated === "…" && found !== undefined) return "…";
  if (Array.isArray(found) && Array.isArray(stated))
    return found.map((part, index) => pruned(part, stated[index]));
  if (!isObject(found) || !isObject(stated)) return found;
  if ("…" in stated) return stated;
  return Object.fromEntries(
    Object.keys(stated).flatMap((name) => (name in found ? [[name, pruned(found[name], stated[name])]] : [])),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What a stated text matches. */
function patternOf(stated: string): RegExp {
  const parts = stated.trimEnd().split("…");
  return new RegExp(`^${parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".*")}$`);
}

describe.each(documents)("$path", ({ blocks }) => {
  for (const [index, block] of blocks.entries()) {
    if (block.language !== "sh") continue;
    const next = blocks[index + 1];
    test(`the block of line ${block.line} answers as stated`, { timeout: 30_000 }, () => {
      const printed = run(block);
      if (next?.language === "text") return expect(printed.trimEnd()).toMatch(patternOf(next.code));
      const found = readValues(printed);
      if (next?.language !== "json") return expect(found).toEqual([]);
      const stated = readValues(next.code);
      expect(found.map((value, position) => pruned(value, stated[position]))).toEqual(stated);
    });
  }

  test("it states answers", () => {
    expect(blocks.filter(({ language }) => language === "json").length).toBeGreaterThan(5);
  });
});

test("a wrong answer would be found", () => {
  expect("a | 1\nTook 3 ms").toMatch(patternOf("a | 1\nTook …\n"));
  expect("a | 1\nb\nTook 3 ms").not.toMatch(patternOf("a | 1\nTook …\n"));
  expect("a | 1\nTook\n3 ms").not.toMatch(patternOf("a | 1\nTook…"));
  expect(pruned({ a: 1, b: [{ c: 2, d: 3 }] }, { b: [{ c: 2 }] })).toEqual({ b: [{ c: 2 }] });
  expect(pruned({ a: 1 }, { a: 2, b: 1 })).toEqual({ a: 1 });
  expect(pruned({ rows: [1, 2] }, { rows: [1] })).toEqual({ rows: [1, 2] });
});
