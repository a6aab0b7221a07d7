/** docs/limits.md has every limit of the code, with its value and its reason. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { errorCodes } from "../../src/base/error-codes.ts";
import { limitsDocument, limitsTable, withLimits } from "./limits.ts";
import { repositoryRoot } from "./markdown.ts";

const source = readFileSync(join(repositoryRoot, "src/base/limits.ts"), "utf8");
const text = readFileSync(join(repositoryRoot, limitsDocument), "utf8");

test("its table is up to date; npm run lists writes it", () => {
  expect(withLimits(text, source)).toBe(text);
});

test("the errors that it names are there", () => {
  const named = [...limitsTable(source).matchAll(/\| `([A-Z_]+)` \|$/gm)].map(([, code]) => code);
  expect(named.length).toBeGreaterThan(20);
  expect(Object.keys(errorCodes)).toEqual(expect.arrayContaining(named));
});

test("a limit without a reason would be found", () => {
  expect(() =>
    limitsTable(source.replace(/\/\*\*[^/]*?\*\/\nexport const streamsMax/, "export const streamsMax")),
  ).toThrow("streamsMax has no reason");
});
