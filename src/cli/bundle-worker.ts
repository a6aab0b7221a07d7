/**
 * Bundles the Worker as `wrangler deploy` does: one module for the code, one for each .wasm it imports.
 *
 * Bundled anew at every start, since that takes a fraction of a second; so what runs is always what is in
 * src.
 */
import { basename } from "node:path";
import { build } from "esbuild";
import { StartError } from "./start-error.ts";

/** A module of the Worker as Miniflare takes it. `path` is where it would lie beside the others. */
export interface WorkerModule {
  readonly type: "ESModule" | "CompiledWasm";
  readonly path: string;
  readonly contents: string | Uint8Array<ArrayBuffer>;
}

/** Returns the modules of the Worker whose main file is `entry`, the main module first. */
export async function bundleWorker(root: string, entry: string): Promise<WorkerModule[]> {
  const { outputFiles } = await buildInMemory(root, entry);
  return outputFiles
    .map(({ path, contents }): WorkerModule => {
      if (path.endsWith(".wasm")) {
        return { type: "CompiledWasm", path: basename(path), contents: new Uint8Array(contents) };
      }
      return { type: "ESModule", path: basename(path), contents: new TextDecoder().decode(contents) };
    })
    .sort((left, right) => Number(left.type === "CompiledWasm") - Number(right.type === "CompiledWasm"));
}

function buildInMemory(root: string, entry: string) {
  return build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    format: "esm",
    platform: "neutral",
    target: "es2024",
    mainFields: ["module", "main"],
    conditions: ["workerd", "worker", "browser", "import"],
    external: ["cloudflare:*", "node:*"],
    loader: { ".wasm": "copy" },
    outdir: "build/local",
    sourcemap: "inline",
    write: false,
    logLevel: "silent",
  }).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StartError(`The Worker cannot be bundled. ${reason}`, { cause });
  });
}
