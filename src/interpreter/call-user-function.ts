/**
 * Calls of user functions in plans: found by the name under which the worker registers them, and what they
 * give held to their types.
 */
import { EngineError } from "../base/errors.ts";
import type { AggregateFunction } from "./aggregate-function.ts";
import type { CallExpression } from "./row-expression.ts";
import { type EvaluationContext, evaluationError, type RowEvaluator } from "./scalar-function.ts";
import { stringShape } from "./signatures.ts";
import { formatShape, type SqlType } from "./types/sql-type.ts";
import type { UserAggregateFunction, UserFunction } from "./user-functions.ts";
import type { SqlValue } from "./values/sql-value.ts";

/** Stands before the registered name where a plan calls a user function: no other has a colon. */
const prefix = "user:";

/** What a call in a plan says is called. */
export function calledUser(name: string): string {
  return `${prefix}${name}`;
}

export function isUserCall(called: string): boolean {
  return called.startsWith(prefix);
}

/**
 * Throws `JOB_FAILED` where the worker that runs has no such function any more; its details say that another
 * deployment can mend it.
 */
function registered(called: string, { functions }: EvaluationContext): UserFunction {
  const name = called.slice(prefix.length);
  const found = functions?.find(name);
  if (found) return found;
  const others = functions?.names.join(", ") || "none";
  const message =
    `The deployed worker registers no function "${name}", which this query calls; it has ${others}. ` +
    "Deploy a worker that registers it: then the job goes on where it was.";
  throw new EngineError("JOB_FAILED", { message, details: { waitsForDeployment: true } });
}

/** Returns what calls a scalar or a table function for a row; the latter's rows are an array. */
export function compileUserCall(
  call: CallExpression,
  operands: readonly RowEvaluator[],
  context: EvaluationContext,
): RowEvaluator {
  const called = registered(call.function, context);
  const { name, kind } = called;
  if (kind === "aggregate") throw otherKind(name, kind);
  const skips = skipsNull(called);
  const { type } = call;
  return (row) => {
    const values = operands.map((operand) => operand(row));
    if (skips(values)) return null;
    return guarded(name, () => {
      const made = called.evaluate(...values);
      return held(kind === "table" ? [...(made as Iterable<SqlValue>)] : (made as SqlValue), type, name);
    });
  };
}

/** Returns the aggregate that a call in a plan is of. */
export function registeredAggregate(called: string, context: EvaluationContext): AggregateFunction {
  const found = registered(called, context);
  if (found.kind !== "aggregate") throw otherKind(found.name, found.kind);
  return aggregateOfUser(found);
}

function otherKind(name: string, kind: UserFunction["kind"]): EngineError {
  const message =
    `The deployed worker registers "${name}" as a ${kind} function, and this query calls another kind. ` +
    "Deploy a worker that registers that: then the job goes on where it was.";
  return new EngineError("JOB_FAILED", { message, details: { waitsForDeployment: true } });
}

/** What is kept of a group. */
interface Held {
  accumulator: unknown;
}

/** A user's aggregate as any other; who binds it says which arguments it takes. */
export function aggregateOfUser(user: UserAggregateFunction): AggregateFunction {
  const { name } = user;
  const skips = skipsNull(user);
  return {
    name: calledUser(name),
    usage: `${name}(${user.arguments.join(", ")})`,
    signatures: [],
    canRetract: user.retract !== undefined,
    canMerge: user.merge !== undefined,
    takesNulls: true,
    hasValueOfNothing: true,
    prepare: ({ type }) => ({
      create: (): Held => ({ accumulator: user.create() }),
      accumulate: (kept, values) => {
        if (!skips(values)) change(kept, name, (before) => user.accumulate(before, ...values));
      },
      retract: (kept, values) => {
        if (!skips(values)) change(kept, name, (before) => user.retract?.(before, ...values));
      },
      merge: (kept, other) => {
        if (!user.merge) throw evaluationError(`${name} has no merge, and this query needs it.`);
        change(kept, name, (before) => user.merge?.(before, (other as Held).accumulator));
      },
      value: (kept) => guarded(name, () => held(user.value((kept as Held).accumulator), type, name)),
      accumulatorType: { ...stringShape, isNullable: false },
      encode: (kept) => JSON.stringify((kept as Held).accumulator, withBigints) ?? "null",
      decode: (text): Held => ({ accumulator: JSON.parse(String(text), readBigints) }),
    }),
  };
}

function change(kept: unknown, name: string, by: (accumulator: unknown) => unknown): void {
  const holder = kept as Held;
  holder.accumulator = guarded(name, () => by(holder.accumulator));
}

/** JSON has no bigint: it is an object of one field. */
function withBigints(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? { $bigint: String(value) } : value;
}

function readBigints(_key: string, value: unknown): unknown {
  const isBigint = typeof value === "object" && value !== null && "$bigint" in value;
  return isBigint ? BigInt(String(value.$bigint)) : value;
}

/** True for arguments of which one is null and must not be. */
function skipsNull(user: UserFunction): (values: readonly SqlValue[]) => boolean {
  const required = user.arguments.map((type) => /\bNOT\s+NULL$/i.test(type.trim()));
  if (!required.includes(true)) return () => false;
  return (values) => values.some((value, index) => value === null && required[index] === true);
}

/** What a function throws is the row's, not the engine's. */
function guarded<Value>(name: string, work: () => Value): Value {
  try {
    return work();
  } catch (thrown) {
    if (thrown instanceof EngineError) throw thrown;
    throw evaluationError(`${name} failed: ${thrown instanceof Error ? thrown.message : String(thrown)}.`);
  }
}

/** The value as its type has it. Throws `SQL_EVALUATION_FAILED` for one that is none of it. */
function held(value: SqlValue | undefined, type: SqlType, name: string): SqlValue {
  if (value === null || value === undefined) {
    if (type.isNullable) return null;
    throw evaluationError(`${name} gave null, and it returns ${formatShape(type)} NOT NULL.`);
  }
  if (type.name === "BIGINT" && Number.isSafeInteger(value)) return BigInt(value as number);
  if (Array.isArray(value)) {
    if (type.name === "ARRAY") return value.map((each) => held(each, type.element, name));
    if (type.name === "ROW" && value.length === type.fields.length) {
      return type.fields.map((field, index) => held(value[index], field.type, name));
    }
    if (type.name === "MAP" || type.name === "MULTISET") return value;
  }
  if (isOfType(value, type)) return value;
  throw evaluationError(`${name} gave ${shown(value)}, and it returns ${formatShape(type)}.`);
}

function shown(value: SqlValue): string {
  const text = typeof value === "bigint" ? `${value}n` : JSON.stringify(value, withBigints);
  return `${typeof value} ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`;
}

function isOfType(value: SqlValue, type: SqlType): boolean {
  switch (type.name) {
    case "BOOLEAN":
      return typeof value === "boolean";
    case "BIGINT":
    case "DECIMAL":
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
      return typeof value === "bigint";
    case "FLOAT":
    case "DOUBLE":
      return typeof value === "number";
    case "CHAR":
    case "VARCHAR":
      return typeof value === "string";
    case "BINARY":
    case "VARBINARY":
      return value instanceof Uint8Array;
    case "ARRAY":
    case "MAP":
    case "MULTISET":
    case "ROW":
    case "NULL":
      return false;
    default:
      return Number.isInteger(value) && Math.abs(value as number) <= 2 ** 31;
  }
}
