/**
 * Windows by their definition: every window near a time is listed and asked whether it holds it.
 */
export interface ModelWindow {
  readonly start: bigint;
  readonly end: bigint;
}

export type ModelAssigner =
  | { readonly kind: "tumble"; readonly size: bigint; readonly offset: bigint }
  | { readonly kind: "hop"; readonly size: bigint; readonly slide: bigint; readonly offset: bigint }
  | { readonly kind: "cumulate"; readonly maxSize: bigint; readonly step: bigint; readonly offset: bigint };

/** All windows that hold `time`, by end. */
export function windowsHolding(assigner: ModelAssigner, time: bigint): ModelWindow[] {
  return windowsAround(assigner, time)
    .filter(({ start, end }) => start <= time && time < end)
    .sort((left, right) => (left.end < right.end ? -1 : 1));
}

/** Windows of the endless grid that lie anywhere near `time`, and more. */
function windowsAround(assigner: ModelAssigner, time: bigint): ModelWindow[] {
  const period =
    assigner.kind === "hop" ? assigner.slide : assigner.kind === "tumble" ? assigner.size : assigner.maxSize;
  const size = assigner.kind === "cumulate" ? assigner.maxSize : assigner.size;
  const near = (time - assigner.offset) / period;
  const reach = size / period + 3n;
  const windows: ModelWindow[] = [];
  for (let number = near - reach; number <= near + reach; number++) {
    const start = assigner.offset + number * period;
    if (assigner.kind !== "cumulate") windows.push({ start, end: start + size });
    else
      for (let end = start + assigner.step; end <= start + size; end += assigner.step)
        windows.push({ start, end });
  }
  return windows;
}
