/** Generators of window assigners and of times around them, before 1970 too. */
import fc from "fast-check";
import type { Window } from "../../src/engine/windows/window-arithmetic.ts";

const offset = fc.bigInt({ min: -50n, max: 50n });

/** Small grids, so that few times meet many windows; some hops leave gaps. */
export const windowAssigner: fc.Arbitrary<Window> = fc.oneof(
  fc.record({ kind: fc.constant("tumble" as const), size: fc.bigInt({ min: 1n, max: 30n }), offset }),
  fc.record({
    kind: fc.constant("hop" as const),
    size: fc.bigInt({ min: 1n, max: 40n }),
    slide: fc.bigInt({ min: 1n, max: 20n }),
    offset,
  }),
  fc
    .record({ step: fc.bigInt({ min: 1n, max: 12n }), steps: fc.bigInt({ min: 1n, max: 8n }), offset })
    .map(({ step, steps, offset }) => ({ kind: "cumulate" as const, maxSize: step * steps, step, offset })),
);

export const windowTime = fc.oneof(
  fc.bigInt({ min: -120n, max: 120n }),
  fc.bigInt({ min: -8_640_000_000_000_000n, max: 8_640_000_000_000_000n }),
);

const leastWatermark = -(2n ** 63n);
export const windowWatermark = fc.oneof(
  { weight: 8, arbitrary: fc.bigInt({ min: -150n, max: 150n }) },
  { weight: 1, arbitrary: fc.constantFrom(leastWatermark, 2n ** 63n - 1n) },
);
