/**
 * The part of TypeScript that is used, and the names that are not.
 */
import { at, fileRule, isAssembly, isIn, isSource, type Rule } from "../rule.ts";
import { childOf, dottedName, type SyntaxNode, walk } from "../source-file.ts";

function syntaxRule(rule: {
  name: string;
  applies?: (path: string) => boolean;
  find(part: SyntaxNode): string | undefined;
  bad: Rule["bad"];
  good: Rule["good"];
}): Rule {
  return fileRule({
    ...rule,
    applies: rule.applies ?? isSource,
    checkFile: (file) =>
      [...walk(file.program)].flatMap((part) => {
        const message = rule.find(part);
        return message ? [at(file, part, message)] : [];
      }),
  });
}

const noAny = syntaxRule({
  name: "no any",
  applies: (path) => !isAssembly(path),
  find: (part) =>
    part.type === "TSAnyKeyword" ? "any turns checking off; use unknown and narrow it" : undefined,
  bad: [{ "src/base/a.ts": "export function f(x: any) {}" }, { "test/unit/a.ts": "const x = y as any;" }],
  good: [{ "src/base/a.ts": "export function f(any: unknown) {}" }],
});

const noEnum = syntaxRule({
  name: "no enum",
  find: (part) =>
    part.type === "TSEnumDeclaration"
      ? "an enum is not erasable; use a const object of numbers, `as const`"
      : undefined,
  bad: [{ "src/base/a.ts": "export enum Kind { A }" }, { "src/base/a.ts": "const enum Kind { A }" }],
  good: [{ "src/base/a.ts": "export const Kind = { A: 0 } as const;" }],
});

const noDefaultExport = syntaxRule({
  name: "no default exports but the Worker's",
  applies: (path) => isSource(path) && path !== "src/cloudflare/worker.ts",
  find: (part) => {
    const exported = part.type === "ExportSpecifier" ? childOf(part, "exported") : undefined;
    const isDefault = part.type === "ExportDefaultDeclaration" || exported?.name === "default";
    return isDefault ? "a default export has no name to search for; export it by name" : undefined;
  },
  bad: [
    { "src/base/a.ts": "export default class A {}" },
    { "src/base/a.ts": "const a = 1; export { a as default };" },
  ],
  good: [{ "src/cloudflare/worker.ts": "export default {};" }],
});

const noPrivateKeyword = syntaxRule({
  name: "no private keyword",
  find: (part) =>
    part.accessibility === "private"
      ? "`private` is erased and a Durable Object's methods are its RPC surface; use #private"
      : undefined,
  bad: [
    { "src/base/a.ts": "class A { private x = 1; }" },
    { "src/base/a.ts": "class A { private f() {} }" },
    { "src/base/a.ts": "class A { private constructor() {} }" },
  ],
  good: [{ "src/base/a.ts": "class A { #x = 1; }" }],
});

const noConsole = syntaxRule({
  name: "output goes through the log port",
  applies: (path) =>
    isSource(path) && !isIn("src/cli")(path) && !/^src\/cloudflare\/(?:.*[/-])?log\.ts$/.test(path),
  find: (part) =>
    part.type === "MemberExpression" && /^(?:globalThis\.)?console\./.test(dottedName(part) ?? "")
      ? "may not use console; use the log port"
      : undefined,
  bad: [{ "src/host/a.ts": "console.log(1);" }],
  good: [
    { "src/cli/a.ts": "console.log(1);" },
    { "src/cloudflare/adapters/console-log.ts": "console.log(1);" },
  ],
});

const noLooseEnds = fileRule({
  name: "a TODO or FIXME names its issue",
  applies: () => true,
  checkFile: (file) =>
    file.comments
      .filter((comment) => /\b(?:TODO|FIXME|XXX)\b(?!.*#\d+)/.test(String(comment.value)))
      .filter(() => !file.path.startsWith("test/architecture/"))
      .map((comment) => at(file, comment, "leftover; finish it, or name its issue as in TODO(#12)")),
  bad: [{ "src/base/a.ts": "// TODO later" }, { "test/unit/a.ts": "/* FIXME */" }],
  good: [{ "src/base/a.ts": "// TODO(#12): later" }, { "src/base/a.ts": "const todo = 'TODO';" }],
});

const bannedWords: Readonly<Record<string, string>> = {
  internal: "say what it is; what is not exported is internal",
  abstract: "name what its kinds have in common",
  base: "name what its kinds have in common",
  default: "name what it does",
  impl: "name what tells it from the others",
  manager: "name what it does, such as Registry, Pool or Schedule",
  service: "name what it does (TimerService, Flink's, excepted)",
  util: "name the file after its main export",
  utils: "name the file after its main export",
  helper: "name what it does",
  helpers: "name what it does",
  common: "name what it is about",
  misc: "name what it is about",
};

const wordsOf = (name: string): string[] =>
  (name.match(/[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])/g) ?? []).map((word) => word.toLowerCase());

function nameProblem(name: string): string | undefined {
  if (name === "TimerService" || name === "timer-service") return undefined;
  if (/^handler$/i.test(name)) return `"${name}" does not say what it handles`;
  const word = wordsOf(name).find((part) => Object.hasOwn(bannedWords, part));
  return word ? `"${name}" says nothing by "${word}"; ${bannedWords[word]}` : undefined;
}

const declarations: readonly string[] = [
  "ClassDeclaration",
  "TSInterfaceDeclaration",
  "TSTypeAliasDeclaration",
];

const tellingNames = fileRule({
  name: "exported classes, types and files have telling names",
  applies: (path) => isSource(path) || isAssembly(path),
  checkFile: (file) => {
    const fileName =
      file.path
        .split("/")
        .at(-1)
        ?.replace(/\.(?:d\.)?tsx?$/, "") ?? "";
    const fileProblem = nameProblem(fileName);
    const exported = (file.program.body as SyntaxNode[])
      .filter((statement) => statement.type === "ExportNamedDeclaration")
      .map((statement) => childOf(statement, "declaration"))
      .filter((declaration) => declaration !== undefined && declarations.includes(declaration.type));
    return [
      ...(fileProblem ? [`${file.path}:1 ${fileProblem}`] : []),
      ...exported.flatMap((declaration) => {
        const problem = nameProblem(String(childOf(declaration, "id")?.name ?? ""));
        return problem && declaration ? [at(file, declaration, problem)] : [];
      }),
    ];
  },
  bad: [
    { "src/engine/a.ts": "export class StateManager {}" },
    { "src/engine/a.ts": "export interface AbstractOperator {}" },
    { "src/engine/a.ts": "export type Handler = () => void;" },
    { "src/engine/string-utils.ts": "export {};" },
    { "assembly/helper.ts": "export {};" },
  ],
  good: [
    { "src/engine/timer-service.ts": "export interface TimerService {}" },
    { "src/base/base64.ts": "export function encodeBase64() {}" },
  ],
});

const fullWords: Readonly<Record<string, string>> = {
  msg: "message",
  evt: "event",
  cfg: "configuration",
  ts: "timestamp or eventTime",
  wm: "watermark",
  acc: "accumulator",
  buf: "buffer",
  mgr: "what it does",
  env: "env is for src/cloudflare; say what is handed in",
  ctx: "ctx is for src/cloudflare; say context",
};

function boundNames(part: SyntaxNode): SyntaxNode[] {
  const patterns =
    part.type === "VariableDeclarator" ? [childOf(part, "id")] : ((part.params ?? []) as SyntaxNode[]);
  return Array.isArray(patterns)
    ? (patterns.filter((pattern) => pattern?.type === "Identifier") as SyntaxNode[])
    : [];
}

const noShortForms = fileRule({
  name: "variables and parameters are full words",
  applies: isSource,
  checkFile: (file) =>
    [...walk(file.program)].flatMap(boundNames).flatMap((binding) => {
      const name = String(binding.name);
      const isPlatform = (name === "env" || name === "ctx") && isIn("src/cloudflare")(file.path);
      if (isPlatform || !Object.hasOwn(fullWords, name)) return [];
      return [at(file, binding, `"${name}" is a short form; write ${fullWords[name]}`)];
    }),
  bad: [{ "src/engine/a.ts": "const msg = 1;" }, { "src/host/a.ts": "export function f(ctx: number) {}" }],
  good: [{ "src/cloudflare/a.ts": "export function f(env: number) {}" }],
});

export const languageRules: readonly Rule[] = [
  noAny,
  noEnum,
  noDefaultExport,
  noPrivateKeyword,
  noConsole,
  noLooseEnds,
  tellingNames,
  noShortForms,
];
