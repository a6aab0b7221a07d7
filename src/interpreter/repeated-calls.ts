/**
 * Common sub-expressions: calls that stand several times in expressions over one row, and need to be
 * calculated once only.
 */
import { findFunction } from "./functions/built-in.ts";
import type { CallExpression, RowExpression } from "./row-expression.ts";

export class RepeatedCalls {
  /** In the order in which they were met again; none that stands only within others of them. */
  readonly calls: readonly CallExpression[];
  readonly #numbers = new Map<string, number>();
  readonly #numberOf = new Map<RowExpression, number | undefined>();
  readonly #shared: ReadonlySet<number>;

  constructor(expressions: readonly RowExpression[]) {
    const met = new Set<number>();
    const shared = new Map<number, CallExpression>();
    const visit = (expression: RowExpression): void => {
      if (expression.node !== "call") return;
      const number = this.#number(expression);
      if (number !== undefined && met.has(number)) {
        shared.set(number, expression);
        return;
      }
      if (number !== undefined) met.add(number);
      for (const part of expression.arguments) visit(part);
    };
    for (const expression of expressions) visit(expression);
    this.calls = [...shared.values()];
    this.#shared = new Set(shared.keys());
  }

  /** Returns the number that a call has in common with those equal to it; undefined where there are none. */
  find(call: CallExpression): number | undefined {
    const number = this.#numberOf.get(call);
    return number !== undefined && this.#shared.has(number) ? number : undefined;
  }

  /** Equal expressions have the same number; what is volatile has none. */
  #number(expression: RowExpression): number | undefined {
    if (!this.#numberOf.has(expression)) this.#numberOf.set(expression, this.#calculateNumber(expression));
    return this.#numberOf.get(expression);
  }

  #calculateNumber(expression: RowExpression): number | undefined {
    if (expression.node !== "call") return this.#intern(JSON.stringify(expression));
    const parts = expression.arguments.map((part) => this.#number(part));
    const isVolatile =
      findFunction(expression.function)?.isVolatile || expression.options?.volatile === "true";
    if (parts.includes(undefined) || isVolatile) return undefined;
    return this.#intern(JSON.stringify([expression.function, expression.type, expression.options, parts]));
  }

  #intern(text: string): number {
    const number = this.#numbers.get(text) ?? this.#numbers.size;
    this.#numbers.set(text, number);
    return number;
  }
}
