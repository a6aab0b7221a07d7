/**
 * A source file as the architecture rules see it: its text, its syntax tree and its imports.
 *
 * Rules look at syntax, not at text, so a word inside a string or a comment never trips them. AssemblyScript
 * parses as TypeScript once the decorators it allows on functions are blanked out.
 */
import { globSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSync } from "oxc-parser";

export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [property: string]: unknown;
}

export interface Import {
  /** As written. */
  readonly specifier: string;
  /** The path from the repository's root for a relative import; otherwise the specifier. */
  readonly target: string;
  readonly names: readonly string[];
  readonly line: number;
}

export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly program: SyntaxNode;
  readonly comments: readonly SyntaxNode[];
  readonly imports: readonly Import[];
}

export const repositoryRoot = fileURLToPath(new URL("../..", import.meta.url));

const sourcePatterns = [
  "src/**/*.{ts,tsx}",
  "assembly/**/*.ts",
  "test/**/*.ts",
  "bench/**/*.ts",
  "examples/**/*.ts",
  "scripts/**/*.mjs",
];

/** Parses every source file of the repository; `unreadable` says which are not TypeScript, and where. */
export function readRepository(): { files: SourceFile[]; unreadable: string[] } {
  const paths = globSync(sourcePatterns, { cwd: repositoryRoot }).map((path) => path.replaceAll("\\", "/"));
  const files: SourceFile[] = [];
  const unreadable: string[] = [];
  for (const path of paths.sort()) {
    try {
      files.push(parseSource(path, readFileSync(`${repositoryRoot}/${path}`, "utf8")));
    } catch (error) {
      unreadable.push(String(error));
    }
  }
  return { files, unreadable };
}

/** Parses one file; throws where the text is not TypeScript, so that no rule passes on a half-read file. */
export function parseSource(path: string, text: string): SourceFile {
  const isAssembly = path.startsWith("assembly/");
  const readable = isAssembly ? text.replace(assemblyDecorator, (found) => " ".repeat(found.length)) : text;
  const result = parseSync(path, readable);
  const error = result.errors[0];
  if (error) throw new Error(`${path} cannot be parsed: ${error.message}`);
  const program = result.program as unknown as SyntaxNode;
  const file = { path, text, program, comments: result.comments as unknown as SyntaxNode[] };
  return { ...file, imports: importsOf(path, text, program) };
}

const assemblyDecorator =
  /@(?:inline|unsafe|external|final|unmanaged|operator|lazy|global|builtin)\b(?:\([^)]*\))?/g;

function importsOf(path: string, text: string, program: SyntaxNode): Import[] {
  const imports: Import[] = [];
  for (const node of walk(program)) {
    if (!importTypes.includes(node.type)) continue;
    const source = (node.source ?? node.argument) as SyntaxNode | null;
    const specifier = source?.value ?? (source?.literal as SyntaxNode | undefined)?.value;
    if (typeof specifier !== "string") continue;
    const target = specifier.startsWith(".") ? posix.join(posix.dirname(path), specifier) : specifier;
    const names = ((node.specifiers ?? []) as SyntaxNode[]).map((part) =>
      String((part.imported as SyntaxNode | undefined)?.name ?? "*"),
    );
    imports.push({ specifier, target, names, line: lineAt(text, node.start) });
  }
  return imports;
}

const importTypes: readonly string[] = [
  "ImportDeclaration",
  "ExportNamedDeclaration",
  "ExportAllDeclaration",
  "ImportExpression",
  "TSImportType",
];

/** Visits `node` and everything below it, parents first. */
export function* walk(node: SyntaxNode): Generator<SyntaxNode> {
  yield node;
  for (const value of Object.values(node)) {
    if (Array.isArray(value)) {
      for (const item of value) if (isNode(item)) yield* walk(item);
    } else if (isNode(value)) {
      yield* walk(value);
    }
  }
}

export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && typeof (value as SyntaxNode).type === "string";
}

/** The child of `node` under `property`, where there is one. */
export function childOf(node: SyntaxNode | undefined, property: string): SyntaxNode | undefined {
  const value = node?.[property];
  return isNode(value) ? value : undefined;
}

/** `a.b.c` for an identifier or a chain of members; otherwise undefined. */
export function dottedName(node: SyntaxNode | undefined): string | undefined {
  if (!node) return undefined;
  if (node.type === "Identifier") return String(node.name);
  if (node.type === "PrivateIdentifier") return `#${node.name}`;
  if (node.type === "ThisExpression") return "this";
  if (node.type !== "MemberExpression" || node.computed) return undefined;
  const object = dottedName(childOf(node, "object"));
  const property = dottedName(childOf(node, "property"));
  return object && property ? `${object}.${property}` : undefined;
}

/** The 1-based line of an offset. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let index = text.indexOf("\n"); index !== -1 && index < offset; index = text.indexOf("\n", index + 1))
    line++;
  return line;
}

/** `engine` for `src/engine/task/run.ts`; the file's own name for a file directly in `src`. */
export function layerOf(path: string): string | undefined {
  return /^src\/([^/]+)/.exec(path)?.[1];
}
