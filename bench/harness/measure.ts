/**
 * Taking samples and reading them.
 *
 * Contestants are measured in turns, and the order is reversed each round, so that a machine which slows down
 * in the middle slows all of them. Garbage is collected before each sample, so that none pays for another's.
 * The median stands for a whole path; for a kernel the third-fastest sample does, since all that can disturb
 * a kernel only makes it slower.
 */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { BenchContext } from "./bench.ts";

/** Does the work once; returns its milliseconds where it times itself, otherwise it is timed from outside. */
export type Work = () => undefined | number | Promise<undefined | number>;

export interface Rounds {
  readonly warmUps: number;
  readonly rounds: number;
  /** No further round starts after this many milliseconds, once there are three. */
  readonly timeMsMax?: number;
}

/** Twenty samples, fewer where they take long or fewer were asked for; one of everything in smoke mode. */
export function roundsFor({ isSmoke, roundsMax }: BenchContext, { rounds = 20, warmUps = 2 } = {}): Rounds {
  return isSmoke
    ? { warmUps: 0, rounds: 1 }
    : { warmUps, rounds: Math.min(rounds, roundsMax), timeMsMax: 60_000 };
}

/** Returns every contestant's samples in milliseconds, in the order they were taken. */
export async function measureInTurns<Name extends string>(
  contestants: Readonly<Record<Name, Work>>,
  { warmUps, rounds, timeMsMax = Number.POSITIVE_INFINITY }: Rounds,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(contestants) as Name[];
  const samples = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round < warmUps; round++) {
    for (const name of names) await contestants[name]();
  }
  const started = performance.now();
  for (let round = 0; round < rounds; round++) {
    if (round >= 3 && performance.now() - started > timeMsMax) break;
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      samples[name].push(await timed(contestants[name]));
    }
  }
  return samples;
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

async function timed(work: Work): Promise<number> {
  collectGarbage();
  const started = performance.now();
  const own = await work();
  return own ?? performance.now() - started;
}

/** The value below which the given share of `values` lies; between two samples it is interpolated. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  if (sorted.length === 0) return Number.NaN;
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)] as number;
  const above = sorted[Math.ceil(place)] as number;
  return below + (above - below) * (place - Math.floor(place));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The third-smallest sample, or the largest of fewer. */
export function thirdFastest(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(2, sorted.length - 1)] ?? Number.NaN;
}
