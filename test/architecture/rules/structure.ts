/**
 * The shape of the tree: no cycles, no barrels, nothing dead, and nothing too long to read.
 */
import { at, fileRule, isAssembly, isIn, isSource, type Rule, type Snippet } from "../rule.ts";
import { lineAt, type SourceFile, type SyntaxNode, walk } from "../source-file.ts";

const noCycles: Rule = {
  name: "imports form no cycle",
  check: (files) => {
    const byPath = new Map(files.map((file) => [file.path, file]));
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (path: string, trail: readonly string[]): void => {
      const seenAt = trail.indexOf(path);
      if (seenAt !== -1) {
        const cycle = [...trail.slice(seenAt), path].join(" → ");
        cycles.push(`${path}:1 is in a cycle: ${cycle}; move what both need to a third file`);
      }
      const file = byPath.get(path);
      if (seenAt !== -1 || done.has(path) || !file) return;
      for (const { target } of file.imports)
        visit(isAssembly(path) ? `${target}.ts` : target, [...trail, path]);
      done.add(path);
    };
    for (const { path } of files) visit(path, []);
    return cycles;
  },
  bad: [
    {
      "src/base/a.ts": 'import "./b.ts";',
      "src/base/b.ts": 'import "./c.ts";',
      "src/base/c.ts": 'import "./a.ts";',
    },
    { "src/base/a.ts": 'import type { B } from "./b.ts";', "src/base/b.ts": 'import "./a.ts";' },
    { "assembly/a.ts": 'import { b } from "./b";', "assembly/b.ts": 'import { a } from "./a";' },
  ],
  good: [
    {
      "src/base/a.ts": 'import "./b.ts"; import "./c.ts";',
      "src/base/b.ts": 'import "./c.ts";',
      "src/base/c.ts": "",
    },
  ],
};

/** The package's public face, and the only place made of re-exports. */
const publicEntry = "src/index.ts";

const noBarrels = fileRule({
  name: "no barrels",
  applies: (path) => isSource(path) && path !== publicEntry,
  checkFile: (file) => {
    const body = file.program.body as SyntaxNode[];
    const isReExport = (part: SyntaxNode): boolean =>
      /^Export(?:All|Named)/.test(part.type) && Boolean(part.source);
    const isBarrel = /\/index\.tsx?$/.test(file.path) || (body.length > 0 && body.every(isReExport));
    return [
      ...(isBarrel ? [`${file.path}:1 is a barrel; import each thing from the file that holds it`] : []),
      ...file.imports
        .filter(({ target }) => /(?:^|\/)index\.tsx?$/.test(target))
        .map(({ target, line }) => `${file.path}:${line} imports ${target}; import the file that holds it`),
    ];
  },
  bad: [
    { "src/engine/index.ts": "export const a = 1;" },
    { "src/engine/all.ts": 'export * from "./a.ts"; export { b } from "./b.ts";' },
    { "src/engine/a.ts": 'import { a } from "../index.ts";' },
  ],
  good: [{ "src/index.ts": 'export * from "./engine/a.ts";' }, { "src/engine/a.ts": "export const a = 1;" }],
});

const entryPoints: readonly RegExp[] = [
  /^src\/cloudflare\/worker\.ts$/,
  /^src\/cli\/(?:start|sql)\.ts$/,
  /^src\/console\/main\.tsx?$/,
  /^src\/index\.ts$/,
  /^src\/testing\//,
  /\.d\.ts$/,
];

const nothingDead: Rule = {
  name: "every file in src is imported by someone, or is an entry point",
  check: (files) => {
    const imported = new Set(files.flatMap((file) => file.imports.map(({ target }) => target)));
    return files
      .filter(
        ({ path }) => isSource(path) && !imported.has(path) && !entryPoints.some((entry) => entry.test(path)),
      )
      .map(({ path }) => `${path}:1 is imported by nobody; use it or delete it`);
  },
  bad: [{ "src/base/a.ts": 'import "./b.ts";', "src/base/b.ts": "" }],
  good: [{ "src/cli/start.ts": 'import "./b.ts";', "src/cli/b.ts": "" }],
};

const fileLinesMax = 400;
const testLinesMax = 600;
const functionLinesMax = 70;
const lineColumnsMax = 110;

const shortFiles = fileRule({
  name: `files have at most ${fileLinesMax} lines, tests ${testLinesMax}`,
  applies: () => true,
  checkFile: (file) => {
    const max = isIn("test")(file.path) ? testLinesMax : fileLinesMax;
    const lines = file.text.split("\n").length - 1;
    return lines > max ? [`${file.path}:1 has ${lines} lines, at most ${max}; split it by concept`] : [];
  },
  bad: [
    { "src/base/a.ts": "\n".repeat(fileLinesMax + 1) },
    { "test/unit/a.test.ts": "\n".repeat(testLinesMax + 1) },
  ],
  good: [
    { "src/base/a.ts": "\n".repeat(fileLinesMax) },
    { "test/unit/a.test.ts": "\n".repeat(testLinesMax) },
  ],
});

const shortLines = fileRule({
  name: `lines have at most ${lineColumnsMax} columns`,
  applies: () => true,
  checkFile: (file) =>
    file.text.split("\n").flatMap((line, index) => {
      if (line.length <= lineColumnsMax || line.includes("https://")) return [];
      return [`${file.path}:${index + 1} has ${line.length} columns, at most ${lineColumnsMax}; break it`];
    }),
  bad: [{ "src/base/a.ts": `// ${"x".repeat(lineColumnsMax)}` }],
  good: [{ "src/base/a.ts": `//${"x".repeat(lineColumnsMax - 2)}` }],
});

const shortFunctions = fileRule({
  name: `functions have at most ${functionLinesMax} lines`,
  applies: () => true,
  checkFile: (file) =>
    [...walk(file.program)]
      .filter(({ type }) =>
        isIn("test")(file.path)
          ? type === "FunctionDeclaration"
          : /^(?:FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(type),
      )
      .filter((part) => linesOf(file, part) > functionLinesMax)
      .map((part) =>
        at(file, part, `a function of ${linesOf(file, part)} lines, at most ${functionLinesMax}; split it`),
      ),
  bad: [
    { "src/base/a.ts": `export function f() {${"\n".repeat(functionLinesMax)}}` },
    { "src/base/a.ts": `class A { f() {${"\n".repeat(functionLinesMax)}} }` },
    { "assembly/a.ts": `@inline export function f(): void {${"\n".repeat(functionLinesMax)}}` },
  ],
  good: [
    { "src/base/a.ts": `export function f() {${"\n".repeat(functionLinesMax - 1)}}` },
    { "test/unit/a.test.ts": `describe("all", () => {${"\n".repeat(functionLinesMax)}});` },
  ],
});

function linesOf(file: SourceFile, part: SyntaxNode): number {
  return lineAt(file.text, part.end) - lineAt(file.text, part.start) + 1;
}

const opensWithConcept = fileRule({
  name: "every source file opens with its concept",
  applies: (path) => isSource(path) || isAssembly(path),
  checkFile: (file) =>
    file.text === "" || file.text.trimStart().startsWith("/**")
      ? []
      : [`${file.path}:1 does not say what it is; open with a /** comment on its concept`],
  bad: [{ "src/base/a.ts": "export const a = 1;" }, { "src/base/a.ts": "// A.\nexport const a = 1;" }],
  good: [{ "src/base/a.ts": "/** One number. */\nexport const a = 1;" }] satisfies Snippet[],
});

export const structureRules: readonly Rule[] = [
  noCycles,
  noBarrels,
  nothingDead,
  shortFiles,
  shortLines,
  shortFunctions,
  opensWithConcept,
];
