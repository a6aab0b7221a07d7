/**
 * What happens to a job of several stages while it runs: partitions work, take checkpoints and crash, and
 * calls between them are lost.
 */
import fc from "fast-check";
import type { Fate, StagesHarness } from "../support/stages-harness.ts";
import { type Step, stepArbitrary } from "./partition-runs.ts";

export type Happening = { readonly to: number; readonly step: Step } | { readonly fates: readonly Fate[] };

const fate = fc.constantFrom<Fate>("answered", "answered", "request lost", "answer lost");

export const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({ to: fc.nat(7), step: stepArbitrary }),
  fc.record({ fates: fc.array(fate, { minLength: 1, maxLength: 4 }) }),
);

/** Up to four behind each of twenty frames. */
export const happenings: fc.Arbitrary<readonly (readonly Happening[])[]> = fc.array(
  fc.array(happening, { maxLength: 4 }),
  { maxLength: 20, size: "max" },
);

export function happenIn(stages: StagesHarness, happened: Happening): void {
  if (!("fates" in happened)) {
    stages.all[happened.to % stages.all.length]?.perform(happened.step);
    return;
  }
  let next = 0;
  stages.deliver(() => happened.fates[next++ % happened.fates.length] ?? "answered");
}
