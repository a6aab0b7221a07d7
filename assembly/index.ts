/**
 * The kernel's export list. `src/kernel/kernel-exports.ts` names the same functions; a test holds them equal.
 */
import { ABI_VERSION } from "./abi";

export function abiVersion(): u32 {
  return ABI_VERSION;
}

/** Address behind the kernel's static data: everything above belongs to the host's allocator. */
export function heapBase(): usize {
  return __heap_base;
}

// json

// hash

// frame

// table

// windows

// aggregates

// expressions
