/** Puts row numbers into kernel memory. */
import type { Kernel } from "../../src/kernel/kernel.ts";
import type { Selection } from "../../src/kernel/selection.ts";

/** Release `pointer` afterwards. */
export function fillSelection(kernel: Kernel, rows: readonly number[]): Selection {
  const pointer = kernel.memory.allocate(Math.max(1, rows.length) * 4);
  kernel.memory.u32(pointer, rows.length).set(rows);
  return { pointer, count: rows.length };
}
