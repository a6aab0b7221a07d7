/**
 * The project's documents, and what can be checked in them: paths and code blocks.
 */
import { globSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";

export const repositoryRoot = fileURLToPath(new URL("../..", import.meta.url));

export interface Document {
  /** Relative to the repository, with /. */
  readonly path: string;
  readonly text: string;
}

export interface CodeBlock {
  readonly language: string;
  readonly code: string;
  readonly line: number;
}

/** Reads every document of the repository that is written by hand. */
export function readDocuments(): Document[] {
  const patterns = ["*.md", "docs/**/*.md", "src/**/*.md", "bench/**/*.md", "examples/**/*.md"];
  return globSync(patterns, { cwd: repositoryRoot })
    .sort()
    .map((path) => ({
      path: path.replaceAll("\\", "/"),
      text: readFileSync(join(repositoryRoot, path), "utf8"),
    }));
}

/** Returns the fenced blocks of a text, or of its one section under `heading`. */
export function codeBlocks(text: string, heading?: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: { language: string; lines: string[]; line: number } | undefined;
  let isInside = heading === undefined;
  for (const [index, line] of text.split("\n").entries()) {
    const fence = /^```(\S*)/.exec(line);
    if (open && fence) {
      if (isInside) blocks.push({ language: open.language, code: open.lines.join("\n"), line: open.line });
      open = undefined;
    } else if (open) open.lines.push(line);
    else if (fence) open = { language: fence[1] ?? "", lines: [], line: index + 1 };
    else if (heading !== undefined && /^##? /.test(line)) isInside = line === heading;
  }
  return blocks;
}

/** Folders whose content is made, not kept. */
const made = /^(?:build|node_modules|coverage)\/|^\.(?:millrace|wrangler)(?:\/|$)/;
const topFolders = /^(?:\.ci|assembly|bench|docs|examples|scripts|src|test)\//;
const topFiles =
  /^(?:(?:package|package-lock|biome|tsconfig[.\w]*)\.json|wrangler\.toml|vitest\.config\.ts|[A-Z]+\.md)$/;

/**
 * Returns the paths that a document names: the targets of its links, which count from the document, and what
 * is set in backticks and begins with a folder of the repository, which counts from its root. A `*` stands
 * for any name.
 */
export function namedPaths({ path, text }: Document): string[] {
  const prose = text.replace(/^```[\s\S]*?^```/gm, "");
  const links = [...prose.matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)]
    .map(([, target]) => target ?? "")
    .filter((target) => target !== "" && !/^[a-z]+:/.test(target))
    .map((target) => posix.normalize(posix.join(dirname(path), target)));
  const quoted = [...prose.matchAll(/`([^`\s]+)`/g)]
    .map(([, code]) => code ?? "")
    .filter((code) => (topFolders.test(code) || topFiles.test(code)) && !made.test(code))
    .map((code) => code.replace(/:\d+$/, ""));
  return [...new Set([...links, ...quoted])];
}

/** Says whether something in the repository bears the path, in which `*` stands for any name. */
export function pathExists(path: string): boolean {
  return globSync(path.replace(/\/$/, ""), { cwd: repositoryRoot }).length > 0;
}
