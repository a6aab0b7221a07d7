/**
 * A plan's window as the grid that window arithmetic and kernel work with.
 */
import type { WindowGrid } from "../../kernel/slices.ts";
import type { WindowPlan } from "../plan/task-plan.ts";

/**
 * Returns the grid of a planned window. A hop's size is a multiple of its slide, so its slices are slides.
 */
export function gridOfPlan(window: WindowPlan): WindowGrid {
  return {
    kind: window.kind,
    size: BigInt(window.sizeMs),
    step: BigInt(window.sliceMs),
    offset: BigInt(window.offsetMs),
    length: BigInt(window.sliceMs),
  };
}
