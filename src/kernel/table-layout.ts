/**
 * What a table's cells hold: its accumulators, and where each lies in a cell (LAYOUT in `assembly/abi.ts`).
 *
 * The order of the specs decides the bytes of every stored page: a layout is rebuilt from the same specs for
 * as long as its pages live.
 */
import {
  ACCUMULATOR_BYTES,
  ACCUMULATOR_COUNT,
  ACCUMULATOR_FIRST,
  ACCUMULATOR_FIRST_BYTES,
  ACCUMULATOR_LAST,
  ACCUMULATOR_LAST_BYTES,
  ACCUMULATOR_MAX_BYTES,
  ACCUMULATOR_MAX_F64,
  ACCUMULATOR_MAX_I64,
  ACCUMULATOR_MIN_BYTES,
  ACCUMULATOR_MIN_F64,
  ACCUMULATOR_MIN_I64,
  ACCUMULATOR_SUM_DECIMAL,
  ACCUMULATOR_SUM_F64,
  ACCUMULATOR_SUM_I64,
  CELL_HEADER_BYTES,
  KIND_BYTES,
  KIND_F64,
  KIND_I64,
  LAYOUT_ACCUMULATORS,
  LAYOUT_CELL_BYTES,
  LAYOUT_COUNT,
  LAYOUT_HEAP_COUNT,
  LAYOUT_PRESENCE,
  PRESENCE_NONE,
} from "../../assembly/abi.ts";
import { assert } from "../base/assert.ts";
import { aggregatesMax } from "../base/limits.ts";
import type { Kind } from "../columnar/schema.ts";
import type { KernelMemory } from "./kernel-memory.ts";

/**
 * One accumulator. `kind` is that of its input lanes; `sumDecimal` adds I64 lanes in 128 bits, `sum` wraps at
 * 64.
 *
 * `nullable`: the result is NULL until the first value that is not. COUNT is 0 then. BYTES are always
 * nullable.
 */
export type AccumulatorSpec =
  | { readonly operation: "count" | "sumDecimal"; readonly nullable?: boolean }
  | {
      readonly operation: "sum" | "min" | "max" | "first" | "last";
      readonly kind: Kind;
      readonly nullable?: boolean;
    };

/** A spec with its place. `presenceBit` is undefined where the value itself tells. */
export interface Accumulator {
  readonly operation: number;
  /** Of the value: what FIRST and LAST need to read it. */
  readonly kind: Kind;
  readonly offset: number;
  readonly words: number;
  readonly presenceBit: number | undefined;
}

const f64Infinite = { least: -1n, greatest: 0x7fff_ffff_ffff_ffffn } as const;
const i64Infinite = { least: -(2n ** 63n), greatest: 2n ** 63n - 1n } as const;

export class TableLayout {
  /** Address of the LAYOUT. */
  readonly pointer: number;
  readonly cellBytes: number;
  readonly accumulators: readonly Accumulator[];
  /** Offset in the cell of the presence bits, 0 = there are none. */
  readonly presenceOffset: number;
  readonly #memory: KernelMemory;

  constructor(memory: KernelMemory, specs: readonly AccumulatorSpec[]) {
    assert(specs.length <= aggregatesMax, "presence bits are one u64");
    this.#memory = memory;
    const operations = specs.map(operationOf);
    const isTracked = specs.map(
      (spec, index) => spec.nullable === true && needsPresence(operations[index] ?? 0),
    );
    this.presenceOffset = isTracked.includes(true) ? CELL_HEADER_BYTES : 0;
    let next = CELL_HEADER_BYTES + (this.presenceOffset > 0 ? 8 : 0);
    this.accumulators = operations.map((operation, index) => {
      const offset = next;
      const words = wordsOf(operation);
      next += words * 8;
      const spec = specs[index];
      const kind = spec !== undefined && "kind" in spec ? spec.kind : KIND_I64;
      return { operation, kind, offset, words, presenceBit: isTracked[index] ? index : undefined };
    });
    this.cellBytes = next;
    this.pointer = memory.allocate(LAYOUT_ACCUMULATORS + ACCUMULATOR_BYTES * specs.length + this.cellBytes);
    this.#write();
  }

  /** Address of what a new cell holds, cell header included. */
  get templatePointer(): number {
    return this.pointer + LAYOUT_ACCUMULATORS + ACCUMULATOR_BYTES * this.accumulators.length;
  }

  /** Accumulators whose value lies in the page's heap. */
  get heapCount(): number {
    return this.accumulators.filter(({ operation }) => isInHeap(operation)).length;
  }

  /** Gives the LAYOUT's memory back; no table may use it any more. */
  release(): void {
    this.#memory.release(this.pointer);
  }

  #write(): void {
    const { view, bytes } = this.#memory;
    const template = this.templatePointer;
    bytes.fill(0, this.pointer, template + this.cellBytes);
    view.setUint32(this.pointer + LAYOUT_CELL_BYTES, this.cellBytes, true);
    view.setUint32(this.pointer + LAYOUT_PRESENCE, this.presenceOffset, true);
    view.setUint32(this.pointer + LAYOUT_COUNT, this.accumulators.length, true);
    const inHeap = this.accumulators.filter((accumulator) => isInHeap(accumulator.operation));
    view.setUint32(this.pointer + LAYOUT_HEAP_COUNT, inHeap.length, true);
    this.accumulators.forEach(({ operation, offset, presenceBit }, index) => {
      const at = this.pointer + LAYOUT_ACCUMULATORS + index * ACCUMULATOR_BYTES;
      view.setUint32(at, operation, true);
      view.setUint32(at + 4, offset, true);
      view.setUint32(at + 8, presenceBit ?? PRESENCE_NONE, true);
      const [value, order] = initialWords(operation);
      view.setBigInt64(template + offset, value, true);
      if (wordsOf(operation) === 2) view.setBigInt64(template + offset + 8, order, true);
    });
  }
}

/** True where the accumulator's value lies in the page's heap. */
export function isInHeap(operation: number): boolean {
  return operation >= ACCUMULATOR_MIN_BYTES;
}

function operationOf(spec: AccumulatorSpec): number {
  switch (spec.operation) {
    case "count":
      return ACCUMULATOR_COUNT;
    case "sumDecimal":
      return ACCUMULATOR_SUM_DECIMAL;
    case "sum":
      assert(spec.kind !== KIND_BYTES, "only numbers are summed");
      return spec.kind === KIND_F64 ? ACCUMULATOR_SUM_F64 : ACCUMULATOR_SUM_I64;
    case "min":
      return byKind(spec.kind, ACCUMULATOR_MIN_I64, ACCUMULATOR_MIN_F64, ACCUMULATOR_MIN_BYTES);
    case "max":
      return byKind(spec.kind, ACCUMULATOR_MAX_I64, ACCUMULATOR_MAX_F64, ACCUMULATOR_MAX_BYTES);
    case "first":
      return byKind(spec.kind, ACCUMULATOR_FIRST, ACCUMULATOR_FIRST, ACCUMULATOR_FIRST_BYTES);
    case "last":
      return byKind(spec.kind, ACCUMULATOR_LAST, ACCUMULATOR_LAST, ACCUMULATOR_LAST_BYTES);
  }
}

function byKind(kind: Kind, i64: number, f64: number, bytes: number): number {
  if (kind === KIND_BYTES) return bytes;
  return kind === KIND_F64 ? f64 : i64;
}

function needsPresence(operation: number): boolean {
  return operation !== ACCUMULATOR_COUNT && !isInHeap(operation);
}

function wordsOf(operation: number): number {
  switch (operation) {
    case ACCUMULATOR_SUM_DECIMAL:
    case ACCUMULATOR_FIRST:
    case ACCUMULATOR_LAST:
    case ACCUMULATOR_FIRST_BYTES:
    case ACCUMULATOR_LAST_BYTES:
      return 2;
    default:
      return 1;
  }
}

/**
 * The words of an accumulator that has seen nothing: the identity of its operation. A sum of doubles begins
 * at -0, which adding leaves as it is; bounds of doubles are bits beyond every double in the kernel's order.
 */
function initialWords(operation: number): readonly [bigint, bigint] {
  switch (operation) {
    case ACCUMULATOR_SUM_F64:
      return [i64Infinite.least, 0n];
    case ACCUMULATOR_MIN_I64:
      return [i64Infinite.greatest, 0n];
    case ACCUMULATOR_MAX_I64:
      return [i64Infinite.least, 0n];
    case ACCUMULATOR_MIN_F64:
      return [f64Infinite.greatest, 0n];
    case ACCUMULATOR_MAX_F64:
      return [f64Infinite.least, 0n];
    case ACCUMULATOR_FIRST:
    case ACCUMULATOR_FIRST_BYTES:
      return [0n, -1n];
    default:
      return [0n, 0n];
  }
}
