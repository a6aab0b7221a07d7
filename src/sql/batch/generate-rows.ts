/**
 * Makes the rows of a generator. The same seed, numbers and time give the same rows, so that what was sent
 * and not answered can be made again.
 */
import type { Row, SqlValue } from "../../interpreter/values/sql-value.ts";
import { nanosPerMilli } from "../../interpreter/values/sql-value.ts";
import type { GeneratedColumn, RowGenerator } from "../../protocol/row-generator.ts";

const dayMs = 86_400_000;

export interface RowBatch {
  /** Number of the first row; the very first is 0. */
  readonly from: number;
  readonly rows: number;
  /** In ms since 1970. */
  readonly now: number;
  readonly seed: number;
}

/** Returns the rows of a batch, each with the columns of the generator in their order. */
export function generateRows({ columns }: RowGenerator, { from, rows, now, seed }: RowBatch): Row[] {
  const chance = new Chance(seed);
  return Array.from({ length: rows }, (_, index) =>
    columns.map((column) => generateValue(column, from + index, now, chance)),
  );
}

function generateValue(
  { type, values, nullRate }: GeneratedColumn,
  number: number,
  now: number,
  chance: Chance,
): SqlValue {
  if (nullRate > 0 && chance.next() < nullRate) return null;
  switch (values.kind) {
    case "sequence":
      return sequenceValue(type, BigInt(values.start) + BigInt(number));
    case "whole numbers": {
      const value = chance.between(BigInt(values.min), BigInt(values.max));
      return type.name === "BIGINT" || type.name === "DECIMAL" ? value : Number(value);
    }
    case "numbers": {
      const part = chance.next();
      const value = values.min * (1 - part) + values.max * part;
      return type.name === "FLOAT" ? Math.fround(value) : value;
    }
    case "truths":
      return chance.next() < 0.5;
    case "digits":
      return chance.digits(values.varies ? chance.upTo(values.length) : values.length);
    case "bytes":
      return chance.bytes(values.varies ? chance.upTo(values.length) : values.length);
    case "times": {
      const millis = now - Math.floor(chance.next() * values.maxPastMs);
      return type.name === "DATE" ? Math.floor(millis / dayMs) : BigInt(millis) * nanosPerMilli;
    }
  }
}

function sequenceValue(type: GeneratedColumn["type"], value: bigint): SqlValue {
  switch (type.name) {
    case "CHAR":
    case "VARCHAR":
      return String(value);
    case "BIGINT":
      return value;
    case "DECIMAL":
      return value * 10n ** BigInt(type.scale);
    default:
      return Number(value);
  }
}

/** Numbers that look random and follow from a seed (mulberry32): for data, not for secrets. */
class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** In [0, 1). */
  next(): number {
    return this.#bits() / 2 ** 32;
  }

  /** From 1 to `most`. */
  upTo(most: number): number {
    return 1 + Math.floor(this.next() * most);
  }

  between(min: bigint, max: bigint): bigint {
    const span = max - min + 1n;
    if (span <= 0x1_0000_0000n) return min + BigInt(Math.floor(this.next() * Number(span)));
    // Twice as many bits as the widest type has: no number is noticeably more likely.
    let drawn = 0n;
    for (let word = 0; word < 4; word++) drawn = (drawn << 32n) | BigInt(this.#bits());
    return min + (drawn % span);
  }

  digits(length: number): string {
    let text = "";
    while (text.length < length) text += this.#bits().toString(16).padStart(8, "0");
    return text.slice(0, length);
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.#bits() & 0xff);
  }

  #bits(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }
}
