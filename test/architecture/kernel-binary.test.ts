/**
 * The built kernels: their size, their memory, and that they export and import exactly what src/kernel says.
 */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { childOf, parseSource, repositoryRoot, type SourceFile, type SyntaxNode } from "./source-file.ts";
import { readWasm } from "./wasm-binary.ts";

const kernelBytesMax = 96 * 1024;
const kernelPagesMin = 32;
const exportsPath = "src/kernel/kernel-exports.ts";

const release = readFileSync(`${repositoryRoot}/build/kernel.wasm`);
const debug = readFileSync(`${repositoryRoot}/build/kernel.debug.wasm`);

function membersOf(file: SourceFile, interfaceName: string): string[] {
  return (file.program.body as SyntaxNode[])
    .map((statement) => childOf(statement, "declaration"))
    .filter((part) => part?.type === "TSInterfaceDeclaration" && childOf(part, "id")?.name === interfaceName)
    .flatMap((part) => (childOf(part, "body")?.body ?? []) as SyntaxNode[])
    .map((member) => String(childOf(member, "key")?.name));
}

function runtimeFunctions(names: readonly string[]): string[] {
  return names.filter((name) => name.includes("~lib/rt"));
}

describe("the kernel", () => {
  test(`is at most ${kernelBytesMax / 1024} KiB`, () => {
    expect(release.length).toBeLessThanOrEqual(kernelBytesMax);
  });

  for (const [name, bytes] of [
    ["release", release],
    ["debug", debug],
  ] as const) {
    test(`owns its memory without a maximum (${name})`, () => {
      expect(readWasm(bytes).memories).toEqual([{ pagesMin: kernelPagesMin, hasMax: false }]);
      const module = new WebAssembly.Module(bytes);
      expect(WebAssembly.Module.imports(module).filter(({ kind }) => kind === "memory")).toEqual([]);
      expect(WebAssembly.Module.exports(module)).toContainEqual({ name: "memory", kind: "memory" });
    });
  }

  test("never allocates through the AssemblyScript runtime", () => {
    const names = readWasm(debug).functionNames;
    expect(names.length, "the debug build has a name section").toBeGreaterThan(0);
    expect(
      runtimeFunctions(names),
      "no classes, strings or arrays at run time: use pointers, StaticArray data or memory handed in",
    ).toEqual([]);
  });

  test("an allocating kernel would be found", () => {
    expect(runtimeFunctions(["assembly/index/f", "~lib/rt/stub/__alloc"])).toEqual(["~lib/rt/stub/__alloc"]);
  });
});

describe.skipIf(!existsSync(`${repositoryRoot}/${exportsPath}`))(exportsPath, () => {
  const read = (): SourceFile =>
    parseSource(exportsPath, readFileSync(`${repositoryRoot}/${exportsPath}`, "utf8"));

  for (const [name, bytes] of [
    ["release", release],
    ["debug", debug],
  ] as const) {
    test(`lists what the ${name} kernel exports, no more and no less`, () => {
      const exported = WebAssembly.Module.exports(new WebAssembly.Module(bytes)).map((entry) => entry.name);
      expect(exported.sort()).toEqual(membersOf(read(), "KernelExports").sort());
    });
  }

  test("lists all that the release kernel imports", () => {
    const imported = WebAssembly.Module.imports(new WebAssembly.Module(release)).map((entry) => entry.name);
    const known = membersOf(read(), "KernelImports");
    expect(imported.filter((name) => !known.includes(name))).toEqual([]);
  });

  test("its members are read from the interface", () => {
    const file = parseSource("a.ts", "export interface A { readonly memory: number; f(x: number): void; }");
    expect(membersOf(file, "A")).toEqual(["memory", "f"]);
  });
});
