/**
 * Where and on what a bench ran.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import type { BenchResult } from "./bench.ts";

export const repositoryRoot = fileURLToPath(new URL("../..", import.meta.url));

const packagesNamed = ["workerd", "@duckdb/node-api", "assemblyscript"];

export function readMachine(): BenchResult["machine"] {
  const processors = cpus();
  return {
    cpu: processors[0]?.model ?? "unknown",
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
  };
}

export function readVersions(): Record<string, string> {
  const versions: Record<string, string> = { node: process.versions.node };
  for (const name of packagesNamed) {
    const path = `${repositoryRoot}/node_modules/${name}/package.json`;
    if (!existsSync(path)) continue;
    versions[name] = (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
  }
  return versions;
}

/** The commit, with `+` where files under version control differ from it; `unknown` outside a repository. */
export function readCommit(): string {
  try {
    const commit = git("rev-parse", "--short=12", "HEAD");
    return git("status", "--porcelain", "--untracked-files=no") === "" ? commit : `${commit}+`;
  } catch {
    return "unknown";
  }
}

function git(...parameters: string[]): string {
  return execFileSync("git", parameters, {
    cwd: repositoryRoot,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  }).trim();
}
