/**
 * `npm run check`: format, lint, types and architecture. Each is reported by name; all run, failed or not.
 */
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** A types step is left out while its folders hold no file, as tsc takes an empty project for a mistake. */
const steps = [
  { name: "format and lint", command: "biome", args: ["check", "--error-on-warnings", "."] },
  { name: "types of src", command: "tsc", args: ["-p", "tsconfig.json"] },
  { name: "types of cli, test, bench", command: "tsc", args: ["-p", "tsconfig.node.json"] },
  { name: "types of test/workerd", command: "tsc", args: ["-p", "tsconfig.workerd.json"] },
  {
    name: "types of console",
    command: "tsc",
    args: ["-p", "tsconfig.console.json"],
    needs: "src/console/**/*.{ts,tsx}",
  },
  { name: "architecture", command: "vitest", args: ["run", "--project", "node", "test/architecture"] },
];

const failed = [];
for (const { name, command, args, needs } of steps) {
  if (needs && globSync(needs, { cwd: root }).length === 0) continue;
  const started = Date.now();
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  const isGood = result.status === 0;
  if (!isGood) failed.push(name);
  if (result.error) console.error(result.error.message);
  console.log(
    `check: ${name}: ${isGood ? "ok" : "FAILED"} (${((Date.now() - started) / 1000).toFixed(1)} s)`,
  );
}
if (failed.length > 0) {
  console.error(`check: failed: ${failed.join(", ")}`);
  process.exitCode = 1;
}
