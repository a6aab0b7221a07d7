/**
 * Makes a fresh clone ready: installs the locked packages and builds the kernels, each only when out of date.
 *
 * Runs on Node 20 and imports nothing that needs installing. The packages include the Node that everything
 * after this runs on. Silent when there is nothing to do.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildKernel } from "./build-kernel.mjs";
import { withLock } from "./lock.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const stampPath = join(root, "node_modules/.millrace-lock-hash");

function lockHash() {
  return createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
}

function isInstalled() {
  return existsSync(stampPath) && readFileSync(stampPath, "utf8") === lockHash();
}

function install() {
  if (isInstalled()) return;
  console.log("setup: installing the locked packages (npm ci), about a minute the first time");
  const result = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  if (result.status !== 0) {
    const output = `${result.error?.message ?? ""}${result.stdout}${result.stderr}`;
    throw new Error(`setup: npm ci failed\n${output.split("\n").slice(0, 30).join("\n")}`);
  }
  writeFileSync(stampPath, lockHash());
}

try {
  if (!isInstalled()) withLock(join(root, ".setup.lock"), install);
  buildKernel({ force: process.argv.includes("--force-kernel") });
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
