/**
 * What only one place may touch: the platform, Node, the Wasm binary and the kernel's memory.
 */
import { at, fileRule, isIn, isSource, type Rule } from "../rule.ts";
import { childOf, dottedName, walk } from "../source-file.ts";

const forbiddenImport = (rule: {
  name: string;
  pattern: RegExp;
  mayImport: (path: string) => boolean;
  instead: string;
  bad: Rule["bad"];
  good: Rule["good"];
}): Rule =>
  fileRule({
    name: rule.name,
    applies: (path) => isSource(path) && !rule.mayImport(path),
    checkFile: (file) =>
      file.imports
        .filter(({ specifier }) => rule.pattern.test(specifier))
        .map(({ specifier, line }) => `${file.path}:${line} may not import ${specifier}; ${rule.instead}`),
    bad: rule.bad,
    good: rule.good,
  });

const platform = forbiddenImport({
  name: "only src/cloudflare imports cloudflare:*",
  pattern: /^cloudflare:/,
  mayImport: isIn("src/cloudflare"),
  instead: "take a port from src/engine/ports",
  bad: [
    { "src/host/a.ts": 'import { DurableObject } from "cloudflare:workers";' },
    { "src/engine/a.ts": 'import type { Env } from "cloudflare:workers";' },
  ],
  good: [{ "src/cloudflare/objects/a.ts": 'import { DurableObject } from "cloudflare:workers";' }],
});

const node = forbiddenImport({
  name: "only src/cli imports node:*",
  pattern: /^(?:node:|(?:fs|path|os|crypto|buffer|child_process|url|util|stream|events)(?:\/|$))/,
  mayImport: isIn("src/cli", "src/testing"),
  instead: "use the Web standard, or take a port",
  bad: [
    { "src/base/a.ts": 'import { readFileSync } from "node:fs";' },
    { "src/host/a.ts": 'import fs from "fs";' },
  ],
  good: [{ "src/cli/a.ts": 'import { readFileSync } from "node:fs";' }],
});

const wasm = forbiddenImport({
  name: "only src/cloudflare/load-kernel.ts imports a .wasm",
  pattern: /\.wasm(?:\?.*)?$/,
  mayImport: (path) => path === "src/cloudflare/load-kernel.ts",
  instead: "be handed the WebAssembly.Module",
  bad: [{ "src/kernel/a.ts": 'import kernel from "../../build/kernel.wasm";' }],
  good: [{ "src/cloudflare/load-kernel.ts": 'import kernel from "../../build/kernel.wasm";' }],
});

const instances = fileRule({
  name: "only src/kernel makes kernel instances and sees their exports",
  applies: (path) => isSource(path) && !isIn("src/kernel")(path),
  checkFile: (file) => [
    ...[...walk(file.program)]
      .filter((part) => /^WebAssembly\.(?:Instance|instantiate)/.test(dottedName(part) ?? ""))
      .map((part) => at(file, part, `may not use ${dottedName(part)}; use the Kernel class of src/kernel`)),
    ...file.imports
      .filter(({ names }) => names.includes("KernelExports"))
      .map(
        ({ line }) => `${file.path}:${line} may not import KernelExports; use the Kernel class of src/kernel`,
      ),
  ],
  bad: [
    { "src/engine/a.ts": "const instance = new WebAssembly.Instance(module);" },
    { "src/engine/a.ts": 'import type { KernelExports } from "../kernel/kernel-exports.ts";' },
  ],
  good: [{ "src/kernel/a.ts": "const instance = new WebAssembly.Instance(module);" }],
});

const viewTypes = /^(?:(?:Big)?(?:Ui|I)nt(?:8|16|32|64)(?:Clamped)?Array|Float(?:16|32|64)Array|DataView)$/;

const views = fileRule({
  name: "only src/kernel/kernel-memory.ts makes views over the kernel's memory",
  applies: (path) => isSource(path) && path !== "src/kernel/kernel-memory.ts",
  checkFile: (file) =>
    [...walk(file.program)]
      .filter((part) => {
        if (part.type !== "NewExpression" || !viewTypes.test(dottedName(childOf(part, "callee")) ?? ""))
          return false;
        const first = (part.arguments as (typeof part)[])[0];
        return /memory\.buffer$/i.test(dottedName(first) ?? "");
      })
      .map((part) =>
        at(file, part, "may not view the kernel's memory; ask KernelMemory, whose views survive growth"),
      ),
  bad: [
    { "src/engine/a.ts": "const bytes = new Uint8Array(kernel.memory.buffer, 0, 8);" },
    { "src/kernel/a.ts": "class A { #memory; f() { return new DataView(this.#memory.buffer); } }" },
  ],
  good: [{ "src/engine/a.ts": "const bytes = new Uint8Array(frame.buffer);" }],
});

const extensions = fileRule({
  name: "relative imports name the file with its extension",
  applies: (path) => !path.startsWith("assembly/"),
  checkFile: (file) =>
    file.imports
      .filter(
        ({ specifier }) =>
          specifier.startsWith(".") && !/\.(?:tsx?|mjs|wasm|json|css|html|txt|sql)$/.test(specifier),
      )
      .map(
        ({ specifier, line }) =>
          `${file.path}:${line} "${specifier}" needs its extension, as in "${specifier}.ts"`,
      ),
  bad: [{ "src/base/a.ts": 'import { b } from "./b";' }, { "src/base/a.ts": 'import { b } from "./b.js";' }],
  good: [{ "src/base/a.ts": 'import { b } from "./b.ts";' }],
});

export const boundaryRules: readonly Rule[] = [platform, node, wasm, instances, views, extensions];
