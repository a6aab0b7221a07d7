/** Rates over time, held against what may pass at most. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Draw, Rates } from "../../../../src/host/access/rates.ts";

const draw = (change: Partial<Draw> = {}): Draw => ({
  key: "a",
  perSecond: 10,
  burst: 10,
  amount: 1,
  ...change,
});

test("what is in the bucket passes at once, then one by one as it fills", () => {
  const rates = new Rates(4);
  const passed = Array.from({ length: 12 }, () => rates.take([draw()], 0) === 0);
  expect(passed.filter(Boolean)).toHaveLength(10);
  expect(rates.take([draw()], 0)).toBe(100);
  expect(rates.take([draw()], 100)).toBe(0);
});

test("the wait that is told is long enough, and not a millisecond less", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.1, max: 1e6, noNaN: true }),
      fc.integer({ min: 1, max: 1e7 }),
      (perSecond, amount) => {
        const rates = new Rates(4);
        const draws = [draw({ perSecond, burst: Math.max(1, perSecond), amount })];
        expect(rates.take(draws, 0)).toBe(0);
        const wait = rates.take(draws, 0);
        if (wait === 0) return;
        if (wait > 2) expect(rates.take(draws, wait - 2)).toBeGreaterThan(0);
        expect(rates.take(draws, wait + 1)).toBe(0);
      },
    ),
  );
});

test("over any time no more passes than the burst, the rate and the last draw allow", () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 1, max: 30 })), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(steps, (taken) => {
      const rates = new Rates(4);
      let [now, passed, largest] = [0, 0, 0];
      for (const [elapsed, amount] of taken) {
        now += elapsed;
        if (rates.take([draw({ amount })], now) > 0) continue;
        passed += amount;
        largest = Math.max(largest, amount);
      }
      expect(passed).toBeLessThanOrEqual(10 + (now * 10) / 1000 + largest);
    }),
  );
});

test("of two draws none is taken where one bucket is empty", () => {
  const rates = new Rates(4);
  rates.spend(draw({ key: "b", amount: 20 }), 0);
  expect(rates.take([draw(), draw({ key: "b" })], 0)).toBe(1100);
  expect(rates.take([draw({ amount: 10 })], 0)).toBe(0);
});

test("a clock that goes back fills nothing", () => {
  const rates = new Rates(4);
  rates.spend(draw({ amount: 10 }), 1000);
  expect(rates.take([draw()], 0)).toBeGreaterThan(0);
});

test("no more buckets are kept than there is room for, and the newest are", () => {
  const rates = new Rates(2);
  for (const key of ["a", "b", "c"]) rates.spend(draw({ key, amount: 11 }), 0);
  expect(rates.take([draw({ key: "c" })], 0)).toBeGreaterThan(0);
  expect(rates.take([draw({ key: "a" })], 0)).toBe(0);
});
