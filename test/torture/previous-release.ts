/**
 * The code of the release before this one, taken out of the repository's history and made ready to run.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Release {
  readonly version: string;
  /** The commit that closed it: it added the state that the release wrote. */
  readonly commit: string;
}

/** The newest release below this version; undefined where the history does not reach to it. */
export function previousRelease(): Release | undefined {
  const { version: own } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const earlier = readdirSync(join(root, "test/compatibility"))
    .flatMap((name) => /^state-(.+)$/.exec(name)?.[1] ?? [])
    .filter((version) => compareVersions(version, own) < 0)
    .sort(compareVersions);
  const version = earlier.at(-1);
  if (version === undefined) return undefined;
  const log = ["log", "--diff-filter=A", "--format=%H", "--", `test/compatibility/state-${version}`];
  const commit = git(log)?.trim().split("\n").at(0);
  return commit ? { version, commit } : undefined;
}

/** Puts the release's files into `folder`, which is empty, and builds its kernel; packages are this one's. */
export function checkOut({ commit }: Release, folder: string): void {
  const archive = execFileSync("git", ["archive", commit], { cwd: root, maxBuffer: 2 ** 30 });
  execFileSync("tar", ["-x", "-C", folder], { input: archive });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  execFileSync(process.execPath, ["scripts/build-kernel.mjs"], { cwd: folder, stdio: "ignore" });
}

function git(command: readonly string[]): string | undefined {
  try {
    return execFileSync("git", command, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return undefined;
  }
}

function compareVersions(left: string, right: string): number {
  const [first, second] = [left, right].map((version) => version.split(".").map(Number));
  for (let at = 0; at < 3; at++) {
    const difference = (first?.[at] ?? 0) - (second?.[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
