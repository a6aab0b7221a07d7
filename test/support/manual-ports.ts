/**
 * The engine's ports for tests: any storage, a clock that stands still until it is set, seeded random bits.
 */
import type { Clock, Ports, RandomSource, SqlStorage } from "../../src/engine/ports.ts";

export class TurnClock implements Clock {
  time: number;

  constructor(time: number) {
    this.time = time;
  }

  now(): number {
    return this.time;
  }
}

/** SplitMix64. */
export class SeededRandom implements RandomSource {
  #state: bigint;

  constructor(seed: bigint) {
    this.#state = seed;
  }

  seed(): bigint {
    this.#state = BigInt.asUintN(64, this.#state + 0x9e3779b97f4a7c15n);
    let mixed = this.#state;
    mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 30n)) * 0xbf58476d1ce4e5b9n);
    mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn);
    return mixed ^ (mixed >> 31n);
  }
}

export interface TestPorts<Storage extends SqlStorage> extends Ports {
  readonly sql: Storage;
  readonly clock: TurnClock;
}

export function portsOver<Storage extends SqlStorage>(sql: Storage, time = 1_000): TestPorts<Storage> {
  return { sql, clock: new TurnClock(time), random: new SeededRandom(1n) };
}
