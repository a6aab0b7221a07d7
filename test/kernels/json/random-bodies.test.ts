/** Generated bodies, valid and damaged, decode as the reference has it, whatever the parts. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Kernel } from "../../../src/kernel/kernel.ts";
import { bodyFrom } from "../../arbitraries/json-bodies.ts";
import { Random } from "../../arbitraries/random.ts";
import { differenceOf, usualLimits } from "../../support/json-comparison.ts";
import { kernelBuilds } from "../../support/kernels.ts";

const seeds = fc.noShrink(fc.integer({ min: 0, max: 0x7fffffff }));

describe.each(kernelBuilds)("%s kernel", (_, module) => {
  const kernel = new Kernel(module);

  test("bodies have the rows and the rejected records of the reference", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        expect(differenceOf(kernel, bodyFrom(new Random(seed), 40))).toBeUndefined();
      }),
      { numRuns: 250 },
    );
  });

  test("cutting bodies into small parts changes nothing but which records are too long", () => {
    fc.assert(
      fc.property(
        seeds,
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 9 }),
        (seed, bytes, rows) => {
          const limits = { partBytesMax: bytes, partRowsMax: rows };
          expect(differenceOf(kernel, bodyFrom(new Random(seed), 20), limits)).toBeUndefined();
        },
      ),
      { numRuns: 150 },
    );
  });

  test("a released decoder leaves no memory in use", () => {
    const inUse = kernel.memory.bytesInUse;
    for (let seed = 0; seed < 20; seed++) {
      expect(differenceOf(kernel, bodyFrom(new Random(seed), 20), usualLimits)).toBeUndefined();
    }
    expect(kernel.memory.bytesInUse).toBe(inUse);
  });
});
