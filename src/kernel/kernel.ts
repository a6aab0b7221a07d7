/**
 * One instance of the kernel with its memory.
 *
 * After a trap, or when an import threw, the instance is spoiled: drop it and make another.
 */
import { ABI_VERSION } from "../../assembly/abi.ts";
import { assert } from "../base/assert.ts";
import type { KernelExports, KernelImports } from "./kernel-exports.ts";
import { KernelMemory } from "./kernel-memory.ts";

/** Imports of a kernel that keeps no state, such as the one that decodes requests. */
const withoutState: KernelImports = Object.freeze({
  pageAcquire: () => refuse("pageAcquire"),
  pageRelease: () => refuse("pageRelease"),
  pageFault: () => refuse("pageFault"),
  sliceOpen: () => refuse("sliceOpen"),
});

export class Kernel {
  readonly exports: KernelExports;
  readonly memory: KernelMemory;
  /** Replaced by whoever keeps state in this kernel; see `page-cache.ts`. */
  imports: KernelImports = withoutState;

  constructor(module: WebAssembly.Module) {
    const instance = new WebAssembly.Instance(module, {
      host: {
        pageAcquire: (bytes: number) => this.imports.pageAcquire(bytes >>> 0),
        pageRelease: (pointer: number) => this.imports.pageRelease(pointer >>> 0),
        pageFault: (table: number, hash: bigint) => this.imports.pageFault(table, BigInt.asUintN(64, hash)),
        sliceOpen: (slices: number, start: bigint) => this.imports.sliceOpen(slices, start),
      },
      env: {
        abort: (_message: number, _file: number, line: number, column: number) => {
          throw new WebAssembly.RuntimeError(`kernel assertion failed at ${line}:${column}`);
        },
      },
    });
    this.exports = instance.exports as unknown as KernelExports;
    assert(this.exports.abiVersion() === ABI_VERSION, "kernel and host are built from the same abi.ts");
    this.memory = new KernelMemory(this.exports.memory, this.exports.heapBase());
  }
}

function refuse(name: string): never {
  throw new Error(`The kernel called ${name}, but it keeps no state.`);
}
