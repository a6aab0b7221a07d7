/**
 * What keeps a run repeatable: no clock, no chance, no waiting and no hidden state in the engine.
 */
import { at, fileRule, isIn, isSource, type Rule } from "../rule.ts";
import { childOf, dottedName, type SyntaxNode, walk } from "../source-file.ts";

const instead: Readonly<Record<string, string>> = {
  "Date.now": "take the clock port",
  "performance.now": "take the clock port",
  "Math.random": "take a seeded random number from the caller",
  "crypto.randomUUID": "take ids from the caller",
  "crypto.getRandomValues": "take random bytes from the caller",
  setTimeout: "use the alarm port",
  setInterval: "use the alarm port",
  queueMicrotask: "return, and let the host call again",
};

/** A file named `system-clock.ts` (or `…-clock.ts`) is an adapter: it is what the clock port is made of. */
const isAdapter = (path: string): boolean =>
  isIn("src/cloudflare", "src/cli", "src/console")(path) || /(?:^|[/-])clock\.ts$/.test(path);

function clockUse(part: SyntaxNode): string | undefined {
  if (part.type === "NewExpression" && dottedName(childOf(part, "callee")) === "Date") {
    return (part.arguments as unknown[]).length === 0
      ? "new Date() without arguments; take the clock port"
      : undefined;
  }
  if (part.type === "CallExpression") {
    const name = dottedName(childOf(part, "callee"))?.replace(/^globalThis\./, "") ?? "";
    if (name === "Date") return "Date(); take the clock port";
    return Object.hasOwn(instead, name) ? `${name}; ${instead[name]}` : undefined;
  }
  return undefined;
}

const noClock = fileRule({
  name: "time and chance come in through ports",
  applies: (path) => isSource(path) && !isAdapter(path),
  checkFile: (file) =>
    [...walk(file.program)].flatMap((part) => {
      const found = clockUse(part);
      return found ? [at(file, part, `may not use ${found}`)] : [];
    }),
  bad: [
    { "src/engine/a.ts": "const now = Date.now();" },
    { "src/host/a.ts": "const x = Math.random();" },
    { "src/host/a.ts": "setTimeout(() => {}, 1);" },
    { "src/sql/a.ts": "const now = new Date();" },
    { "src/host/a.ts": "globalThis.setTimeout(run, 1);" },
  ],
  good: [
    { "src/cloudflare/a.ts": "const now = Date.now();" },
    { "src/client/system-clock.ts": "export const now = () => Date.now();" },
    { "src/sql/a.ts": "const day = new Date(millis); const text = 'Date.now()'; // Math.random()" },
  ],
});

function asyncUse(part: SyntaxNode): string | undefined {
  if (part.async === true) return "an async function";
  if (part.type === "AwaitExpression" || (part.type === "ForOfStatement" && part.await === true))
    return "await";
  if (part.type === "Identifier" && /^Promise(?:Like)?$/.test(String(part.name))) return String(part.name);
  return undefined;
}

const noAsync = fileRule({
  name: "the engine and what is below it never wait",
  applies: (path) =>
    isIn("src/base", "src/columnar", "src/kernel", "src/engine")(path) &&
    !/^src\/engine\/ports(?:\.ts$|\/)/.test(path),
  checkFile: (file) =>
    [...walk(file.program)].flatMap((part) => {
      const found = asyncUse(part);
      return found
        ? [at(file, part, `may not use ${found}; decide here, return it, and let the host wait`)]
        : [];
    }),
  bad: [
    { "src/engine/task/a.ts": "export async function f() {}" },
    { "src/base/a.ts": "export type Later = Promise<number>;" },
    { "src/kernel/a.ts": "await f();" },
  ],
  good: [
    { "src/engine/ports/a.ts": "export interface Blobs { get(key: string): Promise<Uint8Array>; }" },
    { "src/host/a.ts": "export async function f() {}" },
  ],
});

const collections: readonly string[] = ["Map", "Set", "WeakMap", "WeakSet", "Array"];

/** Whether a module-level value can be changed by whoever holds it. */
function isMutable(value: SyntaxNode | undefined, annotation: SyntaxNode | undefined): boolean {
  if (!value || isReadonlyType(annotation)) return false;
  if (value.type === "TSAsExpression" || value.type === "TSSatisfiesExpression") {
    const type = childOf(value, "typeAnnotation");
    const isConst = type?.type === "TSTypeReference" && dottedName(childOf(type, "typeName")) === "const";
    return !isConst && !isReadonlyType(type) && isMutable(childOf(value, "expression"), undefined);
  }
  if (value.type === "ArrayExpression" || value.type === "ObjectExpression") return true;
  return value.type === "NewExpression" && collections.includes(dottedName(childOf(value, "callee")) ?? "");
}

function isReadonlyType(node: SyntaxNode | undefined): boolean {
  const type = node?.type === "TSTypeAnnotation" ? childOf(node, "typeAnnotation") : node;
  if (type?.type === "TSTypeOperator") return type.operator === "readonly";
  return type?.type === "TSTypeReference" && /^Readonly/.test(dottedName(childOf(type, "typeName")) ?? "");
}

function moduleStates(statement: SyntaxNode): [SyntaxNode, string][] {
  const declaration =
    statement.type === "ExportNamedDeclaration" ? childOf(statement, "declaration") : statement;
  if (declaration?.type === "ClassDeclaration") return classStates(declaration);
  if (declaration?.type !== "VariableDeclaration" || declaration.declare === true) return [];
  if (declaration.kind !== "const") return [[declaration, "a module-level variable; make it a field"]];
  return (declaration.declarations as SyntaxNode[])
    .filter((part) => isMutable(childOf(part, "init"), childOf(childOf(part, "id"), "typeAnnotation")))
    .map((part) => [part, `a mutable module-level collection; ${makeReadonly}`]);
}

function classStates(declaration: SyntaxNode): [SyntaxNode, string][] {
  const members = (childOf(declaration, "body")?.body ?? []) as SyntaxNode[];
  return members
    .filter((member) => member.type === "PropertyDefinition" && member.static === true)
    .filter(
      (member) =>
        member.readonly !== true || isMutable(childOf(member, "value"), childOf(member, "typeAnnotation")),
    )
    .map((member) => [member, `a mutable static field; ${makeReadonly}`]);
}

const makeReadonly =
  "add `as const`, Object.freeze, or a type such as ReadonlyMap; state belongs in an object";

const noModuleState = fileRule({
  name: "modules hold no state",
  applies: (path) => isSource(path) && path !== "src/cloudflare/isolate.ts",
  checkFile: (file) =>
    (file.program.body as SyntaxNode[])
      .flatMap(moduleStates)
      .map(([part, message]) => at(file, part, `may not hold ${message}`)),
  bad: [
    { "src/engine/a.ts": "let count = 0;" },
    { "src/host/a.ts": "export let count = 0;" },
    { "src/host/a.ts": "const cache = new Map<string, number>();" },
    { "src/host/a.ts": "export const rows: string[] = [];" },
    { "src/sql/a.ts": "const names = { a: 1 } as Record<string, number>;" },
    { "src/host/a.ts": "export class A { static count = 0; }" },
    { "src/host/a.ts": "export class A { static readonly cache = new Map(); }" },
  ],
  good: [
    { "src/cloudflare/isolate.ts": "let count = 0;" },
    { "src/sql/a.ts": "export const kinds = { a: 1 } as const satisfies Record<string, number>;" },
    { "src/sql/a.ts": "const names: ReadonlyMap<string, number> = new Map([['a', 1]]);" },
    { "src/sql/a.ts": "const names: readonly string[] = ['a']; const frozen = Object.freeze({ a: 1 });" },
    {
      "src/sql/a.ts": "export function f() { let count = 0; const seen = new Set(); return [count, seen]; }",
    },
  ],
});

export const determinismRules: readonly Rule[] = [noClock, noAsync, noModuleState];
