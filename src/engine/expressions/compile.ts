/**
 * Compile: from typed expressions to a program of column instructions.
 *
 * Equal parts are computed once: an operand is a small number, and an instruction that was emitted before for
 * the same operands is not emitted again. Scratch columns are reused after their last reader.
 */
import { assert } from "../../base/assert.ts";
import { encodeBase64 } from "../../base/base64.ts";
import { EngineError } from "../../base/errors.ts";
import { programRegistersMax } from "../../base/limits.ts";
import { type DataType, kindOf } from "../../columnar/schema.ts";
import type { LaneValue } from "../../columnar/values.ts";
import {
  Opcode,
  type ProgramCode,
  type ProgramInstruction,
  type ProgramLiteral,
} from "../../kernel/program-code.ts";
import { emitCall } from "./emit-call.ts";
import type { Emitter, Operand } from "./emitter.ts";
import type { LiteralExpression, TypedExpression } from "./typed-expression.ts";

/** What a program computes. */
export interface ProgramSpec {
  /** The stream columns that become source columns, in order. */
  readonly sourceColumns: readonly { readonly streamColumn: number; readonly type: DataType }[];
  readonly computed: readonly TypedExpression[];
  readonly filter: TypedExpression | undefined;
}

interface Step {
  readonly opcode: number;
  readonly operands: readonly Operand[];
  readonly parameter: number;
}

/**
 * Compiles `spec`; source columns keep their order, computed columns follow in theirs. Throws JOB_INVALID
 * where that takes more than `programRegistersMax` registers.
 */
export function compileProgram(spec: ProgramSpec): ProgramCode {
  const code = new CodeBuilder(spec.sourceColumns.map(({ streamColumn }) => streamColumn));
  const roots = [...spec.computed, ...(spec.filter ? [spec.filter] : [])].map((root) => code.output(root));
  const sourceCount = spec.sourceColumns.length;
  const { steps, literals } = code;
  const { registers, temporaries } = assignRegisters(steps, roots, sourceCount);
  const literalBase = sourceCount + roots.length + temporaries;
  if (literalBase + literals.length > programRegistersMax) {
    const count = literalBase + literals.length;
    throw new EngineError("JOB_INVALID", {
      message: `The expressions use ${count} columns and literals; expected at most ${programRegistersMax}`,
    });
  }
  const registerOf = ({ place, index }: Operand): number => {
    if (place === "source") return index;
    return place === "literal" ? literalBase + index : (registers[index] as number);
  };
  const instructions = steps.map(({ opcode, operands, parameter }, result): ProgramInstruction => {
    const [a, b, c] = operands.map(registerOf) as [number, number | undefined, number | undefined];
    return [opcode, registers[result] as number, a, b ?? a, c ?? a, parameter];
  });
  return {
    sourceKinds: spec.sourceColumns.map(({ type }) => kindOf(type)),
    computedKinds: spec.computed.map(({ type }) => kindOf(type)),
    hasFilter: spec.filter !== undefined,
    temporaries,
    literals,
    instructions,
  };
}

class CodeBuilder implements Emitter {
  readonly steps: Step[] = [];
  readonly literals: ProgramLiteral[] = [];
  readonly #sources = new Map<number, number>();
  readonly #operands = new Map<TypedExpression, Operand>();
  readonly #results = new Map<string, Operand>();
  readonly #literals = new Map<string, Operand>();
  readonly #outputs = new Set<number>();

  constructor(streamColumns: readonly number[]) {
    streamColumns.forEach((streamColumn, index) => {
      this.#sources.set(streamColumn, index);
    });
  }

  /** Emits `expression` so that its result is an instruction of its own, and returns that. */
  output(expression: TypedExpression): number {
    let operand = this.expression(expression);
    if (operand.place !== "result" || this.#outputs.has(operand.index)) {
      operand = this.#emit({ opcode: Opcode.Copy, operands: [operand], parameter: 0 });
    }
    this.#outputs.add(operand.index);
    return operand.index;
  }

  expression(expression: TypedExpression): Operand {
    const known = this.#operands.get(expression);
    if (known) return known;
    const operand = this.#expressionAnew(expression);
    this.#operands.set(expression, operand);
    return operand;
  }

  literal(value: LaneValue, type: DataType): Operand {
    const literal = programLiteral({ node: "literal", value, type, nullable: value === null });
    const key = JSON.stringify(literal);
    const known = this.#literals.get(key);
    if (known) return known;
    const operand: Operand = { place: "literal", index: this.literals.push(literal) - 1 };
    this.#literals.set(key, operand);
    return operand;
  }

  step(opcode: number, operands: readonly Operand[], parameter = 0): Operand {
    const key = `${opcode}:${parameter}:${operands.map(({ place, index }) => `${place}${index}`).join(",")}`;
    const known = this.#results.get(key);
    if (known) return known;
    const operand = this.#emit({ opcode, operands, parameter });
    this.#results.set(key, operand);
    return operand;
  }

  #expressionAnew(expression: TypedExpression): Operand {
    if (expression.node === "literal") return this.literal(expression.value, expression.type);
    if (expression.node === "call") return emitCall(expression, this);
    const index = this.#sources.get(expression.column);
    assert(index !== undefined, "the plan's source columns hold every column that an expression reads");
    return { place: "source", index };
  }

  #emit(step: Step): Operand {
    return { place: "result", index: this.steps.push(step) - 1 };
  }
}

/**
 * Gives every step's result a register: outputs theirs, the others temporaries that are free again behind
 * their last reader. A target is taken before its operands are freed, so it is never one of them.
 */
function assignRegisters(
  steps: readonly Step[],
  roots: readonly number[],
  sourceCount: number,
): { registers: number[]; temporaries: number } {
  const lastReader = new Map<number, number>();
  steps.forEach(({ operands }, reader) => {
    for (const { place, index } of operands) if (place === "result") lastReader.set(index, reader);
  });
  const registers: number[] = [];
  roots.forEach((result, index) => {
    registers[result] = sourceCount + index;
  });
  const isOutput = new Set(roots);
  const free: number[] = [];
  let temporaries = 0;
  steps.forEach(({ operands }, step) => {
    if (!isOutput.has(step)) registers[step] = free.pop() ?? sourceCount + roots.length + temporaries++;
    const read = new Set(operands.flatMap(({ place, index }) => (place === "result" ? [index] : [])));
    for (const index of read) {
      if (!isOutput.has(index) && lastReader.get(index) === step) free.push(registers[index] as number);
    }
  });
  return { registers, temporaries };
}

function programLiteral({ value, type }: LiteralExpression): ProgramLiteral {
  const kind = kindOf(type);
  if (value === null) return { kind, value: null };
  if (value instanceof Uint8Array) return { kind, value: encodeBase64(value) };
  return { kind, value: Object.is(value, -0) ? "-0" : String(value) };
}
