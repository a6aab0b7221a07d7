/** Documents name only what is there, and every folder of src says what it is. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Document, namedPaths, pathExists, readDocuments, repositoryRoot } from "./markdown.ts";

const readmeLinesMax = 40;

function missing(document: Document): string[] {
  return namedPaths(document)
    .filter((path) => !pathExists(path))
    .map((path) => `${document.path} names ${path}, which does not exist`);
}

describe("every path that a document names exists", () => {
  test.each(readDocuments().map((document) => [document.path, document] as const))("%s", (_, document) => {
    expect(missing(document)).toEqual([]);
  });

  test("one that does not would be found", () => {
    const text =
      "See `src/engine/missing.ts`, [this](missing.md#part) and `src/*/nothing.md`; `build/x` is made.";
    expect(missing({ path: "docs/a.md", text })).toHaveLength(3);
    expect(
      missing({ path: "docs/a.md", text: "[package](../package.json), `src/base/limits.ts:3`" }),
    ).toEqual([]);
  });
});

const folders = readdirSync(join(repositoryRoot, "src"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

test.each(folders)(
  `src/%s has a README of at most ${readmeLinesMax} lines with its imports and laws`,
  (folder) => {
    const text = readFileSync(join(repositoryRoot, "src", folder, "README.md"), "utf8");
    expect(text.trimEnd().split("\n").length).toBeLessThanOrEqual(readmeLinesMax);
    expect(text).toMatch(/^# \w+/);
    expect(text).toMatch(/may import/i);
    expect(text).toMatch(/start (?:at|with|reading)/i);
    expect(text).toMatch(/laws?:/i);
  },
);
