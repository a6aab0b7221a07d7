/**
 * Expression programs: columns computed from columns, and the selection of rows that pass a filter.
 *
 * The code is data (the engine compiles it, a plan stores it). It runs in the kernel over a few thousand rows
 * at a time, one dispatch per instruction, so that intermediate columns stay in the processor's cache.
 *
 * A program is also the task's batch: its columns are the source columns followed by
 * the computed ones, in one numbering.
 */
import {
  BATCH_COLUMN_COUNT,
  BATCH_COLUMNS,
  BATCH_ROWS,
  COLUMN_BYTES,
  COLUMN_KIND,
  COLUMN_LANES,
  COLUMN_NULL_COUNT,
  COLUMN_VALIDITY,
  KIND_BYTES,
  KIND_F64,
  READ_AHEAD_BYTES,
} from "../../assembly/abi.ts";
import {
  INSTRUCTION_A,
  INSTRUCTION_B,
  INSTRUCTION_BYTES,
  INSTRUCTION_C,
  INSTRUCTION_OPCODE,
  INSTRUCTION_PARAMETER,
  INSTRUCTION_TARGET,
  PLACE_COLUMN,
  PLACE_LITERAL,
  PLACE_TEMPORARY,
  PROGRAM_CHUNK_ROWS,
  REGISTER_BYTES,
  REGISTER_COLUMN,
  REGISTER_PLACE,
} from "../../assembly/expressions/abi.ts";
import { assert } from "../base/assert.ts";
import { decodeBase64 } from "../base/base64.ts";
import type { ColumnRows } from "./column-batch.ts";
import type { Kernel } from "./kernel.ts";
import type { ProgramCode, ProgramLiteral } from "./program-code.ts";
import { firstRows, type Selection } from "./selection.ts";

const literalBytes = 32;
const chunkColumnBytes = PROGRAM_CHUNK_ROWS * 8 + 8 + PROGRAM_CHUNK_ROWS + 16;

export class Program implements ColumnRows {
  readonly code: ProgramCode;
  readonly #kernel: Kernel;
  readonly #sourceColumns: readonly number[];
  /** One block: BATCH with the columns of all registers, REGISTERs, INSTRUCTIONs, literals, temporaries. */
  readonly #block: number;
  readonly #registers: number;
  readonly #instructions: number;
  /** Lanes and validity of the computed columns and the filter, and the selection; grows with the rows. */
  #scratch = 0;
  #scratchRows = 0;
  #rows = 0;

  /** Source column i of the program is column `sourceColumns[i]` of the batches given to `run`. */
  constructor(kernel: Kernel, code: ProgramCode, sourceColumns: readonly number[]) {
    assert(
      code.sourceKinds.length === sourceColumns.length,
      "every source column of the program has its place",
    );
    this.code = code;
    this.#kernel = kernel;
    this.#sourceColumns = sourceColumns;
    const { view, bytes } = { view: () => kernel.memory.view, bytes: () => kernel.memory.bytes };
    const registerCount = this.#literalRegister + code.literals.length;
    const payloads = code.literals.map((literal) => literalPayload(literal));
    const payloadBytes = payloads.reduce((sum, payload) => sum + payload.length, 0);
    const columnsBytes = align(BATCH_COLUMNS + registerCount * COLUMN_BYTES);
    const registersBytes = align(registerCount * REGISTER_BYTES);
    const instructionsBytes = align(code.instructions.length * INSTRUCTION_BYTES);
    const literalsBytes = align(code.literals.length * literalBytes + payloadBytes + READ_AHEAD_BYTES);
    this.#block = kernel.memory.allocate(
      columnsBytes + registersBytes + instructionsBytes + literalsBytes + code.temporaries * chunkColumnBytes,
    );
    this.#registers = this.#block + columnsBytes;
    this.#instructions = this.#registers + registersBytes;
    const literals = this.#instructions + instructionsBytes;
    const temporaries = literals + literalsBytes;
    view().setUint32(this.#block + BATCH_COLUMN_COUNT, this.#columnCount, true);
    for (let register = 0; register < registerCount; register++) this.#writeRegister(register);
    this.#writeInstructions();
    for (let index = 0; index < code.temporaries; index++) {
      const lanes = temporaries + index * chunkColumnBytes;
      this.#writeColumn(this.#temporaryRegister + index, lanes, lanes + PROGRAM_CHUNK_ROWS * 8 + 8, 0);
    }
    let payloadAt = literals + code.literals.length * literalBytes;
    code.literals.forEach((literal, index) => {
      const at = literals + index * literalBytes;
      const payload = payloads[index] as Uint8Array;
      bytes().set(payload, payloadAt);
      const lane =
        literal.kind === KIND_BYTES ? BigInt(payloadAt) | (BigInt(payload.length) << 32n) : laneBits(literal);
      const isNull = literal.value === null;
      view().setBigUint64(at, isNull ? 0n : lane, true);
      view().setBigUint64(at + 8, isNull ? 0n : lane, true);
      bytes().fill(isNull ? 0 : 1, at + 16, at + 32);
      this.#writeColumn(this.#literalRegister + index, at, at + 16, isNull ? 1 : 0);
      payloadAt += payload.length;
    });
  }

  /** Rows of the last `run`. */
  get rows(): number {
    return this.#rows;
  }

  /** Address of a BATCH of the source and computed columns, as the last `run` left them. */
  get pointer(): number {
    return this.#block;
  }

  /**
   * Address of the COLUMN of a source column, or, from the number of source columns on, of a computed one.
   */
  columnPointer(index: number): number {
    return this.#block + BATCH_COLUMNS + index * COLUMN_BYTES;
  }

  /**
   * Takes over the source columns of `batch` and computes all others for all its rows.
   *
   * BYTES lanes go on pointing into what `batch` points into. Everything is good until the next `run`, or the
   * end of the batch.
   */
  run(batch: ColumnRows): void {
    const { exports, memory } = this.#kernel;
    this.#reserve(batch.rows);
    this.#rows = batch.rows;
    const view = memory.view;
    view.setUint32(this.#block + BATCH_ROWS, batch.rows, true);
    this.#sourceColumns.forEach((source, index) => {
      const from = batch.columnPointer(source);
      assert(
        view.getUint32(from + COLUMN_KIND, true) === this.code.sourceKinds[index],
        "a source column has the kind it was compiled for",
      );
      memory.bytes.copyWithin(this.columnPointer(index), from, from + COLUMN_BYTES);
    });
    exports.programRun(this.#instructions, this.code.instructions.length, this.#registers, batch.rows);
  }

  /**
   * Returns the rows of the last `run` among `rows` (default: all) for which the filter is true; good until
   * the next call or `run`.
   */
  select(rows: Selection = firstRows(this.#rows)): Selection {
    if (!this.code.hasFilter) return rows;
    assert(rows.count <= this.#rows, "only rows of the batch are selected");
    const pointer = this.#scratch + this.#scratchColumns * scratchColumnBytes(this.#scratchRows);
    const filter = this.columnPointer(this.#columnCount);
    return { pointer, count: this.#kernel.exports.selectTrue(filter, rows.pointer, rows.count, pointer) };
  }

  release(): void {
    if (this.#scratch !== 0) this.#kernel.memory.release(this.#scratch);
    this.#kernel.memory.release(this.#block);
  }

  /** Source and computed columns. */
  get #columnCount(): number {
    return this.code.sourceKinds.length + this.code.computedKinds.length;
  }

  get #scratchColumns(): number {
    return this.code.computedKinds.length + (this.code.hasFilter ? 1 : 0);
  }

  get #temporaryRegister(): number {
    return this.code.sourceKinds.length + this.#scratchColumns;
  }

  get #literalRegister(): number {
    return this.#temporaryRegister + this.code.temporaries;
  }

  #writeRegister(register: number): void {
    const view = this.#kernel.memory.view;
    const at = this.#registers + register * REGISTER_BYTES;
    let place: number = PLACE_COLUMN;
    if (register >= this.#literalRegister) place = PLACE_LITERAL;
    else if (register >= this.#temporaryRegister) place = PLACE_TEMPORARY;
    view.setUint32(at + REGISTER_COLUMN, this.columnPointer(register), true);
    view.setUint32(at + REGISTER_PLACE, place, true);
  }

  #writeInstructions(): void {
    const view = this.#kernel.memory.view;
    this.code.instructions.forEach(([opcode, target, a, b, c, parameter], index) => {
      const at = this.#instructions + index * INSTRUCTION_BYTES;
      view.setUint32(at + INSTRUCTION_C, 0, true);
      view.setUint16(at + INSTRUCTION_OPCODE, opcode, true);
      view.setUint16(at + INSTRUCTION_TARGET, target, true);
      view.setUint16(at + INSTRUCTION_A, a, true);
      view.setUint16(at + INSTRUCTION_B, b, true);
      view.setUint16(at + INSTRUCTION_C, c, true);
      view.setUint32(at + INSTRUCTION_PARAMETER, parameter, true);
    });
  }

  #writeColumn(register: number, lanes: number, validity: number, nullCount: number): void {
    const view = this.#kernel.memory.view;
    const column = this.columnPointer(register);
    view.setUint32(column + COLUMN_LANES, lanes, true);
    view.setUint32(column + COLUMN_VALIDITY, validity, true);
    view.setUint32(column + COLUMN_KIND, this.#kindOf(register), true);
    view.setUint32(column + COLUMN_NULL_COUNT, nullCount, true);
  }

  #kindOf(register: number): number {
    const { sourceKinds, computedKinds, literals } = this.code;
    if (register < this.#columnCount) return computedKinds[register - sourceKinds.length] ?? 0;
    return literals[register - this.#literalRegister]?.kind ?? 0;
  }

  /** Makes room for `rows`; a small batch gives back the room of a much larger one. */
  #reserve(rows: number): void {
    const columns = this.#scratchColumns;
    if (columns === 0) return;
    const isFit = rows <= this.#scratchRows && (this.#scratchRows <= 4096 || rows * 16 >= this.#scratchRows);
    if (!isFit) {
      if (this.#scratch !== 0) this.#kernel.memory.release(this.#scratch);
      this.#scratchRows = Math.max(1024, 2 ** Math.ceil(Math.log2(Math.max(rows, 1))));
      const columnBytes = scratchColumnBytes(this.#scratchRows);
      this.#scratch = this.#kernel.memory.allocate(columns * columnBytes + this.#scratchRows * 4);
      for (let index = 0; index < columns; index++) {
        const lanes = this.#scratch + index * columnBytes;
        this.#writeColumn(this.code.sourceKinds.length + index, lanes, lanes + this.#scratchRows * 8 + 8, 0);
      }
    }
    const view = this.#kernel.memory.view;
    for (let index = 0; index < columns; index++) {
      view.setUint32(this.columnPointer(this.code.sourceKinds.length + index) + COLUMN_NULL_COUNT, 0, true);
    }
  }
}

/** Lanes with one to spare, since loops write pairs, and validity with 16 bytes to spare. */
function scratchColumnBytes(rows: number): number {
  return align(rows * 8 + 8 + rows + 16);
}

function align(bytes: number): number {
  return Math.ceil(bytes / 16) * 16;
}

function literalPayload(literal: ProgramLiteral): Uint8Array {
  if (literal.kind !== KIND_BYTES || literal.value === null) return new Uint8Array(0);
  return decodeBase64(literal.value);
}

function laneBits(literal: ProgramLiteral): bigint {
  if (literal.value === null) return 0n;
  if (literal.kind !== KIND_F64) return BigInt.asUintN(64, BigInt(literal.value));
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Number(literal.value));
  return view.getBigUint64(0);
}
