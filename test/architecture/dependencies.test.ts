/** Every dependency is pinned and says why it is here. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { repositoryRoot } from "./source-file.ts";

type Versions = Readonly<Record<string, string>>;

function problems(dependencies: Versions, documentation: string): string[] {
  return Object.entries(dependencies).flatMap(([name, version]) => [
    ...(/^\d/.test(version) ? [] : [`${name} is "${version}"; pin one version`]),
    ...(documentation.includes(`\`${name}\``) ? [] : [`${name} has no row in docs/DEPENDENCIES.md`]),
  ]);
}

test("each dependency is pinned and documented", () => {
  const manifest = JSON.parse(readFileSync(`${repositoryRoot}/package.json`, "utf8")) as Record<
    string,
    Versions
  >;
  const documentation = readFileSync(`${repositoryRoot}/docs/DEPENDENCIES.md`, "utf8");
  expect(problems({ ...manifest.dependencies, ...manifest.devDependencies }, documentation)).toEqual([]);
});

test("one that is not would be found", () => {
  expect(problems({ a: "^1.0.0", b: "1.0.0" }, "| `a` |")).toHaveLength(2);
});
