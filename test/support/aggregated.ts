/**
 * Aggregates over rows, as SQL calls them.
 */
import type { AggregateExpression, CompiledAggregate } from "../../src/interpreter/compile-aggregate.ts";
import { compileAggregate } from "../../src/interpreter/compile-aggregate.ts";
import type { EvaluationContext } from "../../src/interpreter/scalar-function.ts";
import type { SqlType } from "../../src/interpreter/types/sql-type.ts";
import type { Row, SqlValue } from "../../src/interpreter/values/sql-value.ts";
import { decodeRow, encodeRow } from "../../src/interpreter/values/value-codec.ts";
import { aggregateOf, bindAggregate } from "../../src/sql/bind/bind-aggregate.ts";
import { ExpressionBinder } from "../../src/sql/bind/bind-expression.ts";
import { resolveType } from "../../src/sql/bind/resolve-type.ts";
import { parseExpressionText } from "../../src/sql/parse/parse-statements.ts";

const context: EvaluationContext = {
  timeZone: "UTC",
  moment: { processingTime: 0, watermark: null, random: () => 0.5 },
};

export function typeOf(text: string): SqlType {
  const source = `CAST(a AS ${text})`;
  const tree = parseExpressionText(source);
  if (tree.kind !== "cast") throw new Error("a cast is one");
  return resolveType({ text: source }, tree.type);
}

/** Binds a call such as `SUM(DISTINCT a)` over columns `a`, `b`, … of such types. */
export function bindCall(text: string, types: readonly SqlType[], canBeEmpty = true): AggregateExpression {
  const tree = parseExpressionText(text);
  if (tree.kind !== "call" && tree.kind !== "json") throw new Error(`${text} is no call`);
  const aggregate = aggregateOf(tree);
  if (!aggregate) throw new Error(`${text} is no aggregate`);
  const columns = types.map((type, index) => ({ name: "abcdef"[index] ?? "", type }));
  const binder = new ExpressionBinder({ text }, { columns });
  return bindAggregate({ text }, binder, aggregate, tree, canBeEmpty);
}

/** A row that comes, or is taken back. */
export interface RowChange {
  readonly row: Row;
  readonly isRetraction?: boolean;
}

/** An aggregate of a group that changes. */
export class Aggregated {
  readonly #compiled: CompiledAggregate;
  #state: unknown;

  constructor(call: AggregateExpression, isRetracting: boolean) {
    this.#compiled = compileAggregate(call, isRetracting, context);
    this.#state = this.#compiled.accumulating.create();
  }

  apply({ row, isRetraction = false }: RowChange): void {
    const { accumulating, valuesOf } = this.#compiled;
    const values = valuesOf(row);
    if (!values) return;
    if (isRetraction) accumulating.retract(this.#state, values);
    else accumulating.accumulate(this.#state, values);
  }

  /** Adds what came later to another of the same call. */
  merge(later: Aggregated): void {
    this.#compiled.accumulating.merge(this.#state, later.#state);
  }

  /** Stores the accumulator, and goes on with what is read. */
  restore(): void {
    const { accumulating } = this.#compiled;
    const types = [accumulating.accumulatorType];
    const [encoded] = decodeRow(types, encodeRow(types, [accumulating.encode(this.#state)]));
    this.#state = accumulating.decode(encoded as SqlValue);
  }

  get value(): SqlValue {
    return this.#compiled.accumulating.value(this.#state);
  }
}
