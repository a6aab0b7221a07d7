/** Numbers that Java's Random gives with a seed. */
import { expect, test } from "vitest";
import { SeededRandom } from "../../../../src/interpreter/values/seeded-random.ts";

test.each([
  [10, 0.7304302967434272],
  [7, 0.7306990420600421],
  [1, 0.7308781907032909],
])("the first fraction of %i is %d", (seed, value) => {
  expect(new SeededRandom(seed).nextDouble()).toBe(value);
});

test.each([
  [5, 10, 7],
  [-3, 16, 4],
  [42, 1_500_000_000, 117_392_763],
  [1, 2_147_483_647, 1_569_548_985],
  [0, 2 ** 30 + 1, 516_548_029],
  [1, 2 ** 30 + 1, 215_764_588],
  [2, 2 ** 30 + 1, 630_021_372],
  [3, 2 ** 30 + 1, 152_454_210],
])("the first number of %i below %i is %i", (seed, bound, value) => {
  expect(new SeededRandom(seed).nextInt(bound)).toBe(value);
});
