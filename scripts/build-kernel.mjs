/**
 * Builds the Wasm kernels: build/kernel.wasm (release) and build/kernel.debug.wasm (asserts, names).
 *
 * Skipped when nothing changed: the stamp is a hash of assembly/, the compiler's version and the flags below.
 * A build writes beside its target and renames, so a reader never sees half a file, and holds a lock, so npm
 * scripts that run at the same time build once. `--force` builds regardless.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { withLock } from "./lock.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const stampPath = join(root, "build/kernel.stamp");

/** Memory is exported, never imported: 32 pages (2 MiB) at first, no maximum: the host bounds it. */
const shared = ["--runtime", "stub", "--enable", "simd", "--initialMemory", "32"];
const targets = [
  { output: "build/kernel.wasm", flags: ["-O3", "--noAssert", ...shared] },
  { output: "build/kernel.debug.wasm", flags: ["--debug", ...shared] },
];

/** Builds both kernels if they are out of date and returns whether it did. */
export function buildKernel({ force = false } = {}) {
  const isFresh = () =>
    !force &&
    targets.every(({ output }) => existsSync(join(root, output))) &&
    existsSync(stampPath) &&
    readFileSync(stampPath, "utf8") === inputsHash();
  if (isFresh()) return false;
  mkdirSync(join(root, "build"), { recursive: true });
  return withLock(join(root, "build/kernel.lock"), () => {
    if (isFresh()) return false;
    const stamp = inputsHash();
    const started = Date.now();
    rmSync(stampPath, { force: true });
    const sizes = targets.map(compile);
    writeFileSync(stampPath, stamp);
    console.log(`kernel: built ${sizes.join(" and ")} in ${((Date.now() - started) / 1000).toFixed(1)} s`);
    return true;
  });
}

function compile({ output, flags }) {
  const partial = output.replace(/\.wasm$/, `.${process.pid}.partial.wasm`);
  const asc = join(root, "node_modules/assemblyscript/bin/asc.js");
  const args = [asc, "assembly/index.ts", "--outFile", partial, ...flags];
  const result = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  if (result.status !== 0) {
    rmSync(join(root, partial), { force: true });
    throw new Error(`asc could not build ${output}\n${result.stdout}${result.stderr}`);
  }
  if (result.stderr.trim() !== "") process.stderr.write(result.stderr);
  const bytes = readFileSync(join(root, partial)).length;
  renameSync(join(root, partial), join(root, output));
  return `${output} (${(bytes / 1024).toFixed(1)} KiB)`;
}

function inputsHash() {
  const hash = createHash("sha256");
  const ascVersion = JSON.parse(
    readFileSync(join(root, "node_modules/assemblyscript/package.json"), "utf8"),
  ).version;
  hash.update(JSON.stringify([ascVersion, targets]));
  for (const file of sourceFiles(join(root, "assembly"))) {
    hash.update(`\0${relative(root, file).split(sep).join("/")}\0`).update(readFileSync(file));
  }
  return hash.digest("hex");
}

function sourceFiles(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .sort((left, right) => (left.name < right.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return sourceFiles(path);
      return /\.(ts|json)$/.test(entry.name) ? [path] : [];
    });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    buildKernel({ force: process.argv.includes("--force") });
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
