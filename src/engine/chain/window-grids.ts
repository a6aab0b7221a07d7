/**
 * A window's shape as the grid of window arithmetic.
 */
import type { WindowGrid } from "../../kernel/slices.ts";
import type { WindowShape } from "../../protocol/dataflow.ts";
import { gridOf } from "../windows/window-arithmetic.ts";

export type GridShape = Exclude<WindowShape, { readonly kind: "session" }>;

export function gridOfShape(window: GridShape): WindowGrid {
  const [size, offset] = [BigInt(window.sizeMs), BigInt(window.offsetMs)];
  switch (window.kind) {
    case "tumble":
      return gridOf({ kind: "tumble", size, offset });
    case "hop":
      return gridOf({ kind: "hop", size, slide: BigInt(window.slideMs), offset });
    case "cumulate":
      return gridOf({ kind: "cumulate", maxSize: size, step: BigInt(window.stepMs), offset });
  }
}
