/** Both builds of the kernel: what holds for one holds for the other; only the debug build checks asserts. */
import { readFileSync } from "node:fs";
import { Kernel } from "../../src/kernel/kernel.ts";

function load(file: string): WebAssembly.Module {
  return new WebAssembly.Module(readFileSync(new URL(`../../build/${file}`, import.meta.url)));
}

/** Name and module of each build, for `describe.each`. */
export const kernelBuilds: readonly (readonly [string, WebAssembly.Module])[] = [
  ["release", load("kernel.wasm")],
  ["debug", load("kernel.debug.wasm")],
];

/** A new kernel that keeps no state. */
export function releaseKernel(): Kernel {
  return new Kernel((kernelBuilds[0] as readonly [string, WebAssembly.Module])[1]);
}
