/**
 * APPROX_COUNT_DISTINCT: HyperLogLog of 2^14 registers, which is off by 0.8 % or less in two of three cases.
 *
 * A register keeps the longest run of zeros, and 1, with which the hash of one of its values begins. The
 * estimate is Ertl's ("New cardinality estimation algorithms for HyperLogLog sketches", 2017), which needs no
 * tables of corrections for small counts.
 */
import { xxhash64 } from "../../columnar/xxhash64.ts";
import { type Accumulating, type AggregateFunction, neverRetracts } from "../aggregate-function.ts";
import { anyType, bigintShape, bytesShape, returnsNotNull, takes } from "../signatures.ts";
import type { SqlType } from "../types/sql-type.ts";
import type { SqlValue } from "../values/sql-value.ts";
import { encodeRow } from "../values/value-codec.ts";
import { notNull } from "./accumulator-types.ts";

const indexBits = 14;
const registerCount = 2 ** indexBits;
/** Bits of the hash that are looked at for zeros. */
const runBits = 64 - indexBits;

function sketching(type: SqlType): Accumulating<Uint8Array> {
  return {
    create: () => new Uint8Array(registerCount),
    accumulate: (registers, values) => {
      const hash = xxhash64(encodeRow([type], values), 0n);
      const index = Number(hash >> BigInt(runBits));
      const run = runBits - lengthOf(BigInt.asUintN(runBits, hash)) + 1;
      if (run > (registers[index] ?? 0)) registers[index] = run;
    },
    retract: neverRetracts,
    merge: (registers, other) => {
      for (const [index, run] of other.entries()) {
        if (run > (registers[index] ?? 0)) registers[index] = run;
      }
    },
    value: (registers) => BigInt(Math.round(estimate(registers))),
    accumulatorType: notNull(bytesShape),
    encode: encodeRegisters,
    decode: decodeRegisters,
  };
}

function lengthOf(bits: bigint): number {
  return bits === 0n ? 0 : bits.toString(2).length;
}

function estimate(registers: Uint8Array): number {
  const histogram = new Float64Array(runBits + 2);
  for (const run of registers) histogram[run] = (histogram[run] ?? 0) + 1;
  const share = (run: number): number => (histogram[run] ?? 0) / registerCount;
  let sum = registerCount * tau(1 - share(runBits + 1));
  for (let run = runBits; run >= 1; run--) sum = (sum + (histogram[run] ?? 0)) / 2;
  sum += registerCount * sigma(share(0));
  return registerCount ** 2 / (2 * Math.LN2 * sum);
}

/** What the registers add that no value reached. */
function sigma(share: number): number {
  if (share === 1) return Number.POSITIVE_INFINITY;
  let [sum, power, factor, before] = [share, share, 1, Number.NaN];
  while (sum !== before) {
    before = sum;
    power *= power;
    sum += power * factor;
    factor *= 2;
  }
  return sum;
}

/** What the registers add that can grow no more. */
function tau(share: number): number {
  if (share === 0 || share === 1) return 0;
  let [sum, root, factor, before] = [1 - share, share, 1, Number.NaN];
  while (sum !== before) {
    before = sum;
    root = Math.sqrt(root);
    factor /= 2;
    sum -= (1 - root) ** 2 * factor;
  }
  return sum / 3;
}

/** All registers; or, where shorter, of each that is not 0 its index (u16, little-endian) and its run. */
function encodeRegisters(registers: Uint8Array): Uint8Array {
  const set: number[] = [];
  for (const [index, run] of registers.entries()) if (run > 0) set.push(index & 255, index >> 8, run);
  return set.length < registerCount ? Uint8Array.from(set) : registers.slice();
}

function decodeRegisters(value: SqlValue): Uint8Array {
  const bytes = value as Uint8Array;
  if (bytes.length === registerCount) return bytes.slice();
  const registers = new Uint8Array(registerCount);
  for (let at = 0; at + 2 < bytes.length; at += 3) {
    registers[(bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)] = bytes[at + 2] ?? 0;
  }
  return registers;
}

export const approximateCountFunctions: readonly AggregateFunction[] = [
  {
    name: "APPROX_COUNT_DISTINCT",
    usage: "APPROX_COUNT_DISTINCT(value)",
    signatures: [takes([anyType], returnsNotNull(bigintShape))],
    canRetract: false,
    hasValueOfNothing: true,
    ignoresDistinct: true,
    prepare: ({ types: [type] }) => sketching(type as SqlType),
  },
];
