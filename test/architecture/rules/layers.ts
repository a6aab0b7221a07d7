/**
 * Who may import whom. Imports only go down; a decision that needs something from above is handed it.
 */
import { fileRule, isAssembly, isIn, isSource, type Rule } from "../rule.ts";
import { layerOf } from "../source-file.ts";

/** Lowest first. Folders in one row are peers and do not see each other. */
const layers: readonly (readonly string[])[] = [
  ["base"],
  ["columnar"],
  ["interpreter"],
  ["kernel"],
  ["protocol"],
  ["engine"],
  ["connectors", "formats", "sql", "datastream", "cep", "ml", "statefun"],
  ["host"],
  ["cloudflare"],
];

/** Folders outside the stack, with all they may import besides themselves. */
const besideTheStack: Readonly<Record<string, readonly string[]>> = {
  client: ["base", "protocol"],
  cli: ["base", "protocol", "client"],
  console: ["base", "protocol", "client"],
};

/** Peers that may see each other: a connector reads formats, and MATCH_RECOGNIZE is a cep pattern. */
const peersAllowed: readonly string[] = ["connectors → formats", "sql → cep"];

const rankOf = (layer: string): number => layers.findIndex((row) => row.includes(layer));

function mayImport(from: string, to: string): boolean {
  if (from === to || from === "testing" || from === "index.ts") return true;
  const beside = besideTheStack[from];
  if (beside) return beside.includes(to);
  return (rankOf(to) !== -1 && rankOf(to) < rankOf(from)) || peersAllowed.includes(`${from} → ${to}`);
}

const importsGoDown = fileRule({
  name: "imports only go down the layers",
  applies: isSource,
  checkFile: (file) => {
    const from = layerOf(file.path) ?? "";
    const isKnown =
      rankOf(from) !== -1 || from in besideTheStack || from === "testing" || from === "index.ts";
    if (!isKnown)
      return [`${file.path}:1 "${from}" is no layer; add it to test/architecture/rules/layers.ts`];
    return file.imports.flatMap(({ target, line }) => {
      const to = layerOf(target);
      if (to === undefined || mayImport(from, to)) return [];
      return [
        `${file.path}:${line} ${from} may not import ${to} (${target}); move shared code down, or pass it in`,
      ];
    });
  },
  bad: [
    { "src/engine/a.ts": 'import { b } from "../host/b.ts";' },
    { "src/base/a.ts": 'import type { B } from "../columnar/b.ts";' },
    { "src/sql/a.ts": 'export * from "../datastream/b.ts";' },
    { "src/client/a.ts": 'const b = await import("../engine/b.ts");' },
    { "src/console/a.ts": 'type B = import("../host/b.ts").B;' },
    { "src/utilities/a.ts": "export {};" },
  ],
  good: [
    { "src/host/a.ts": 'import { b } from "../engine/b.ts"; import { c } from "./c.ts";' },
    { "src/cli/a.ts": 'import { b } from "../client/b.ts"; import { Miniflare } from "miniflare";' },
    { "src/connectors/http/a.ts": 'import { b } from "../../formats/json.ts";' },
  ],
});

const engineInsides = isIn(
  "src/engine/operators",
  "src/engine/state",
  "src/engine/task",
  "src/engine/checkpoint",
);

const frontEndsKeepOut = fileRule({
  name: "front ends see the plan, never operators, state, task or checkpoint",
  applies: isIn("src/sql", "src/datastream", "src/cep", "src/ml", "src/statefun"),
  checkFile: (file) =>
    file.imports
      .filter(({ target }) => engineInsides(target))
      .map(
        ({ target, line }) =>
          `${file.path}:${line} a front end may not import ${target}; emit a plan node instead`,
      ),
  bad: [{ "src/sql/emit/a.ts": 'import { b } from "../../engine/operators/b.ts";' }],
  good: [{ "src/sql/emit/a.ts": 'import { b } from "../../engine/plan/b.ts";' }],
});

const sqlStages: readonly string[] = ["parse", "bind", "plan", "optimize", "choose", "physical", "emit"];
const sqlStageOf = (path: string): number => sqlStages.indexOf(/^src\/sql\/([^/]+)\//.exec(path)?.[1] ?? "");

const sqlStagesGoForward = fileRule({
  name: "no SQL stage imports a later one",
  applies: (path) => sqlStageOf(path) !== -1,
  checkFile: (file) =>
    file.imports
      .filter(({ target }) => sqlStageOf(target) > sqlStageOf(file.path))
      .map(
        ({ target, line }) =>
          `${file.path}:${line} imports the later stage ${target}; return data it can read`,
      ),
  bad: [
    { "src/sql/parse/a.ts": 'import { b } from "../bind/b.ts";' },
    { "src/sql/optimize/a.ts": 'import { b } from "../physical/b.ts";' },
  ],
  good: [{ "src/sql/optimize/a.ts": 'import { b } from "../plan/b.ts";' }],
});

const connectorOf = (path: string): string | undefined => /^src\/connectors\/([^/]+)\//.exec(path)?.[1];

const connectorsStandAlone = fileRule({
  name: "a connector imports no other connector and no operator",
  applies: isIn("src/connectors"),
  checkFile: (file) =>
    file.imports
      .filter(({ target }) => {
        const other = connectorOf(target);
        const own = connectorOf(file.path);
        return engineInsides(target) || (own !== undefined && other !== undefined && own !== other);
      })
      .map(
        ({ target, line }) =>
          `${file.path}:${line} a connector may not import ${target}; share it beside the connectors`,
      ),
  bad: [
    { "src/connectors/http/a.ts": 'import { b } from "../kafka/b.ts";' },
    { "src/connectors/http/a.ts": 'import { b } from "../../engine/operators/b.ts";' },
  ],
  good: [{ "src/connectors/http/a.ts": 'import { b } from "../connector.ts"; import { c } from "./c.ts";' }],
});

const nothingImportsTests = fileRule({
  name: "nothing in src imports test, bench or src/testing, and nothing imports a test",
  applies: () => true,
  checkFile: (file) =>
    file.imports
      .filter(
        ({ target }) =>
          target.endsWith(".test.ts") ||
          (isSource(file.path) &&
            !isIn("src/testing")(file.path) &&
            isIn("test", "bench", "src/testing")(target)),
      )
      .map(
        ({ target, line }) => `${file.path}:${line} may not import ${target}; move the shared part into src`,
      ),
  bad: [
    { "src/engine/a.ts": 'import { b } from "../../test/reference/b.ts";' },
    { "src/engine/a.ts": 'import { b } from "../testing/b.ts";' },
    { "test/unit/a.ts": 'import "./b.test.ts";' },
  ],
  good: [{ "test/unit/a.ts": 'import { b } from "../../src/testing/b.ts";' }],
});

const assemblyStandsAlone = fileRule({
  name: "assembly imports only assembly",
  applies: isAssembly,
  checkFile: (file) =>
    file.imports
      .filter(({ target }) => !isAssembly(target))
      .map(
        ({ target, line }) => `${file.path}:${line} assembly may not import ${target}; kernels stand alone`,
      ),
  bad: [
    { "assembly/hash/a.ts": 'import { b } from "../../src/base/b";' },
    { "assembly/a.ts": 'import "node:fs";' },
  ],
  good: [
    { "assembly/hash/a.ts": '@inline\nexport function f(): u32 { return 1; }\nimport { B } from "../abi";' },
  ],
});

/** `assembly/abi.ts`, and a folder's own where it shares many numbers. */
const abiPath = /^assembly\/(?:[a-z]+\/)?abi\.ts$/;

const onlyAbiCrosses = fileRule({
  name: "src sees only the abi.ts files of assembly, and only from columnar and kernel",
  applies: isSource,
  checkFile: (file) =>
    file.imports
      .filter(
        ({ target }) =>
          isAssembly(target) && (!abiPath.test(target) || !isIn("src/columnar", "src/kernel")(file.path)),
      )
      .map(
        ({ target, line }) =>
          `${file.path}:${line} may not import ${target}; use the typed names of src/columnar or src/kernel`,
      ),
  bad: [
    { "src/engine/a.ts": 'import { ABI_VERSION } from "../../assembly/abi.ts";' },
    { "src/kernel/a.ts": 'import { b } from "../../assembly/hash/b.ts";' },
  ],
  good: [
    { "src/kernel/a.ts": 'import { ABI_VERSION } from "../../assembly/abi.ts";' },
    { "src/kernel/a.ts": 'import { JSON_DONE } from "../../assembly/json/abi.ts";' },
  ],
});

export const layerRules: readonly Rule[] = [
  importsGoDown,
  frontEndsKeepOut,
  sqlStagesGoForward,
  connectorsStandAlone,
  nothingImportsTests,
  assemblyStandsAlone,
  onlyAbiCrosses,
];
