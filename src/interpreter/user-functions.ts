/**
 * Functions that people write in TypeScript and deploy with the worker; CREATE FUNCTION gives one a name in
 * SQL. Plans keep the name under which it is registered here, so it must stay for as long as a job uses it,
 * and must go on giving what it gave: after a crash rows are calculated again.
 *
 * Types are written as in SQL. Values are those of `values/sql-value.ts`: a BIGINT is a bigint, a DECIMAL its
 * digits without the point, a TIMESTAMP nanoseconds. A null comes in where the type of an argument is not NOT
 * NULL; where it is, the function is not called for a null, and its value is null.
 */
import type { SqlValue } from "./values/sql-value.ts";

export type UserFunction = UserScalarFunction | UserTableFunction | UserAggregateFunction;

interface Declaration {
  /** What CREATE FUNCTION … AS says. */
  readonly name: string;
  /** The types of its arguments. */
  readonly arguments: readonly string[];
  /** Of a table function, that of its rows: a ROW, or the type of the one column. */
  readonly returns: string;
  /** False: equal arguments may give another value; it is never calculated twice for one. */
  readonly isDeterministic?: boolean;
}

export interface UserScalarFunction extends Declaration {
  readonly kind: "scalar";
  evaluate(...values: readonly SqlValue[]): SqlValue;
}

export interface UserTableFunction extends Declaration {
  readonly kind: "table";
  /** The rows: arrays of the fields of the ROW, or the values of the one column. */
  evaluate(...values: readonly SqlValue[]): Iterable<SqlValue>;
}

/**
 * What is kept of the rows of a group is an accumulator: any value of JSON, with bigints. Each step returns
 * it, changed or another.
 */
export interface UserAggregateFunction<Accumulator = unknown> extends Declaration {
  readonly kind: "aggregate";
  create(): Accumulator;
  accumulate(accumulator: Accumulator, ...values: readonly SqlValue[]): Accumulator;
  /** Takes a row back. Absent: the function is only for rows that do not change. */
  retract?(accumulator: Accumulator, ...values: readonly SqlValue[]): Accumulator;
  /** Adds what was kept of rows that came later. Absent: not for HOP, CUMULATE and SESSION windows. */
  merge?(accumulator: Accumulator, other: Accumulator): Accumulator;
  value(accumulator: Accumulator): SqlValue;
}

type NumberType = `${"TINYINT" | "SMALLINT" | "INT" | "FLOAT" | "DOUBLE" | "DATE" | "TIME"}`;

/** The values of a type, as far as its text tells. */
type NotNullValue<Text extends string> = Text extends NumberType
  ? number
  : Text extends "BIGINT" | `DECIMAL${string}` | `TIMESTAMP${string}`
    ? bigint
    : Text extends "STRING" | `VARCHAR${string}` | `CHAR${string}`
      ? string
      : Text extends "BOOLEAN"
        ? boolean
        : Text extends "BYTES" | `VARBINARY${string}` | `BINARY${string}`
          ? Uint8Array
          : SqlValue;

export type ValueOf<Text extends string> = Text extends `${infer Type} NOT NULL`
  ? NotNullValue<Type>
  : NotNullValue<Text> | null;

export type ValuesOf<Texts extends readonly string[]> = { [Index in keyof Texts]: ValueOf<Texts[Index]> };

interface Declared<Arguments extends readonly string[], Returns extends string> extends Declaration {
  readonly arguments: Arguments;
  readonly returns: Returns;
}

/** A function from values to a value; those of `evaluate` are typed by the declaration. */
export function scalarFunction<const Arguments extends readonly string[], const Returns extends string>(
  declared: Declared<Arguments, Returns> & {
    readonly evaluate: (...values: ValuesOf<Arguments>) => ValueOf<Returns>;
  },
): UserScalarFunction {
  return { ...declared, kind: "scalar" } as unknown as UserScalarFunction;
}

/** A function from values to rows, for LATERAL TABLE(f(x)). */
export function tableFunction<const Arguments extends readonly string[], const Returns extends string>(
  declared: Declared<Arguments, Returns> & {
    readonly evaluate: (...values: ValuesOf<Arguments>) => Iterable<ValueOf<Returns>>;
  },
): UserTableFunction {
  return { ...declared, kind: "table" } as unknown as UserTableFunction;
}

/** A function from the rows of a group to a value. */
export function aggregateFunction<
  const Arguments extends readonly string[],
  const Returns extends string,
  Accumulator,
>(
  declared: Declared<Arguments, Returns> & {
    readonly create: () => Accumulator;
    readonly accumulate: (accumulator: Accumulator, ...values: ValuesOf<Arguments>) => Accumulator;
    readonly retract?: (accumulator: Accumulator, ...values: ValuesOf<Arguments>) => Accumulator;
    readonly merge?: (accumulator: Accumulator, other: Accumulator) => Accumulator;
    readonly value: (accumulator: Accumulator) => ValueOf<Returns>;
  },
): UserAggregateFunction {
  return { ...declared, kind: "aggregate" } as unknown as UserAggregateFunction;
}

/** The functions of a deployed worker, by the names under which they are registered. */
export class UserFunctions {
  readonly #functions: ReadonlyMap<string, UserFunction>;

  constructor(functions: readonly UserFunction[] = []) {
    this.#functions = new Map(functions.map((each) => [each.name, each]));
    if (this.#functions.size === functions.length) return;
    const names = functions.map(({ name }) => name);
    throw new Error(
      `Two functions are registered as "${names.find((name, at) => names.indexOf(name) < at)}".`,
    );
  }

  get names(): string[] {
    return [...this.#functions.keys()];
  }

  find(name: string): UserFunction | undefined {
    return this.#functions.get(name);
  }
}
