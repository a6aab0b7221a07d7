/**
 * An architecture rule: a promise about the source tree, with planted examples that prove it can fail.
 *
 * `bad` snippets must each be caught and `good` ones must pass; a rule without both is not a rule.
 */
import { lineAt, parseSource, type SourceFile, type SyntaxNode } from "./source-file.ts";

export interface Rule {
  /** A sentence that is true while the rule holds. */
  readonly name: string;
  /** Returns one message per violation; each says where, what, and what to do instead. */
  check(files: readonly SourceFile[]): string[];
  readonly bad: readonly Snippet[];
  readonly good: readonly Snippet[];
}

/** Text by path. */
export type Snippet = Readonly<Record<string, string>>;

export function parseSnippet(snippet: Snippet): SourceFile[] {
  return Object.entries(snippet).map(([path, text]) => parseSource(path, text));
}

/** A rule that looks at one file at a time. `applies` picks the files. */
export function fileRule(
  rule: Omit<Rule, "check"> & { applies(path: string): boolean; checkFile(file: SourceFile): string[] },
): Rule {
  const { applies, checkFile, ...rest } = rule;
  return {
    ...rest,
    check: (files) => files.filter((file) => applies(file.path)).flatMap((file) => checkFile(file)),
  };
}

/** `path:line message`, which editors and terminals turn into a link. */
export function at(file: SourceFile, node: SyntaxNode, message: string): string {
  return `${file.path}:${lineAt(file.text, node.start)} ${message}`;
}

export const isSource = (path: string): boolean => path.startsWith("src/");
export const isAssembly = (path: string): boolean => path.startsWith("assembly/");
export const isIn =
  (...folders: readonly string[]) =>
  (path: string): boolean =>
    folders.some((folder) => path.startsWith(`${folder}/`));
