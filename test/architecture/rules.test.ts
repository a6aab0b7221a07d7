/**
 * The architecture, held by a machine.
 *
 * Each rule is first shown to fail on planted code, then run on the repository.
 */
import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseSnippet } from "./rule.ts";
import { boundaryRules } from "./rules/boundaries.ts";
import { determinismRules } from "./rules/determinism.ts";
import { languageRules } from "./rules/language.ts";
import { layerRules } from "./rules/layers.ts";
import { structureRules } from "./rules/structure.ts";
import { readRepository, repositoryRoot } from "./source-file.ts";

const rules = [...layerRules, ...boundaryRules, ...determinismRules, ...languageRules, ...structureRules];

describe("each rule catches planted code", () => {
  for (const rule of rules) {
    test(rule.name, () => {
      expect(rule.bad.length).toBeGreaterThan(0);
      expect(rule.good.length).toBeGreaterThan(0);
      for (const snippet of rule.bad) {
        expect(rule.check(parseSnippet(snippet)), JSON.stringify(snippet)).not.toEqual([]);
      }
      for (const snippet of rule.good) {
        expect(rule.check(parseSnippet(snippet)), JSON.stringify(snippet)).toEqual([]);
      }
    });
  }
});

describe("the repository keeps", () => {
  const { files, unreadable } = readRepository();

  test("to TypeScript that parses", () => {
    expect(unreadable).toEqual([]);
    expect(() => parseSnippet({ "src/a.ts": "export function {" })).toThrow("src/a.ts cannot be parsed");
  });

  test("enough files for the rules to mean something", () => {
    expect(files.filter(({ path }) => path.startsWith("src/")).length).toBeGreaterThan(0);
    expect(files.filter(({ path }) => path.startsWith("assembly/")).length).toBeGreaterThan(0);
  });

  for (const rule of rules) {
    test(rule.name, () => {
      const violations = rule.check(files);
      if (violations.length > 0) expect.fail(`\n${violations.join("\n")}\n`);
    });
  }

  test("a README in every first-level folder of src", () => {
    const folders = files.flatMap(({ path }) => /^src\/[^/]+(?=\/)/.exec(path)?.[0] ?? []);
    const missing = foldersWithoutReadme([...new Set(folders)], (path) =>
      existsSync(`${repositoryRoot}/${path}`),
    );
    expect(missing, "each README.md says what it is, what it may import, where to start, its laws").toEqual(
      [],
    );
  });
});

test("a folder without a README is found", () => {
  const paths = ["src/a/README.md"];
  expect(foldersWithoutReadme(["src/a", "src/b"], (path) => paths.includes(path))).toEqual(["src/b"]);
});

function foldersWithoutReadme(folders: readonly string[], exists: (path: string) => boolean): string[] {
  return folders.filter((folder) => !exists(`${folder}/README.md`));
}
