/**
 * assembly/abi.ts is read by asc and by TypeScript, so it keeps to what both understand alike.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  childOf,
  lineAt,
  parseSource,
  repositoryRoot,
  type SourceFile,
  type SyntaxNode,
} from "./source-file.ts";

function problems(file: SourceFile): string[] {
  return (file.program.body as SyntaxNode[]).flatMap((statement) => {
    const where = `${file.path}:${lineAt(file.text, statement.start)}`;
    const declaration = childOf(statement, "declaration");
    if (declaration?.type !== "VariableDeclaration" || declaration.kind !== "const") {
      return [`${where} only \`export const NAME = value;\` means the same to asc and TypeScript`];
    }
    return (declaration.declarations as SyntaxNode[]).flatMap((part) => {
      const id = childOf(part, "id");
      const name = String(id?.name);
      if (childOf(id, "typeAnnotation"))
        return [`${where} ${name} has a type annotation; asc infers i32 without`];
      return /^[A-Z][A-Z0-9_]*$/.test(name) ? [] : [`${where} ${name} is not UPPER_SNAKE`];
    });
  });
}

test.each(["assembly/abi.ts", "assembly/json/abi.ts"])("%s holds only plain constants", (path) => {
  expect(problems(parseSource(path, readFileSync(`${repositoryRoot}/${path}`, "utf8")))).toEqual([]);
});

test("anything else in abi.ts would be found", () => {
  for (const text of [
    "export const A: u32 = 1;",
    "export let A = 1;",
    "export function f(): void {}",
    "export const a = 1;",
  ]) {
    expect(problems(parseSource("assembly/abi.ts", text)), text).toHaveLength(1);
  }
});
