/**
 * GROUP BY: which columns are grouped by, and what a SELECT list over the groups means.
 *
 * The row behind the aggregation is the key, the aggregates, then the properties of a window in GROUP BY. How
 * many aggregates there are is known when all of the query is bound: until then properties have places below
 * zero, and `place` puts them where they belong.
 */
import type { AggregateExpression } from "../../interpreter/compile-aggregate.ts";
import { mapInputs, type RowExpression } from "../../interpreter/row-expression.ts";
import { formatShape, type SqlType } from "../../interpreter/types/sql-type.ts";
import { type SourceText, statementError } from "../parse/syntax-error.ts";
import type { Call, Expression, GroupItem, JsonCall } from "../parse/syntax-tree.ts";
import { aggregateOf, bindAggregate } from "./bind-aggregate.ts";
import type { BindContext, NamedRelation } from "./bind-context.ts";
import { ExpressionBinder } from "./bind-expression.ts";
import {
  boundTypeOf,
  readGroupWindow,
  type WindowName,
  windowNameOf,
  windowShapeOf,
  windowTimeOf,
} from "./bind-window.ts";
import { type Field, type GroupWindow, type Relation, windowGroupedBy } from "./logical-plan.ts";
import type { FindFunction } from "./user-function.ts";

type WindowProperty = GroupWindow["properties"][number];

/** Functions that say something of the window in GROUP BY: their ending, and what they say. */
const propertyEndings: Readonly<Record<string, WindowProperty>> = Object.freeze({
  START: "start",
  END: "end",
  ROWTIME: "time",
  PROCTIME: "processing",
});

interface BoundWindow extends Omit<GroupWindow, "properties"> {
  readonly name: WindowName;
  readonly type: SqlType;
  readonly call: Call;
  /** What it was written as, to find it again. */
  readonly identity: string;
}

export class Grouping {
  readonly #source: SourceText;
  readonly #input: NamedRelation;
  readonly #functions: FindFunction;
  readonly #binder: ExpressionBinder;
  readonly #keys: RowExpression[] = [];
  readonly #sets: number[][] | undefined;
  readonly #window: BoundWindow | undefined;
  readonly #aggregates: AggregateExpression[] = [];
  readonly #properties: WindowProperty[] = [];

  /** Of a query that has aggregates and no GROUP BY, `items` is empty. */
  constructor({ source, catalog }: BindContext, input: NamedRelation, items: readonly GroupItem[]) {
    this.#source = source;
    this.#input = input;
    this.#functions = catalog.function;
    this.#binder = new ExpressionBinder(source, { columns: input.columns, functions: catalog.function });
    const [window, another] = items.flatMap((item) => this.#windowIn(item));
    this.#window = window;
    if (another) throw statementError(source, another.call, "GROUP BY takes one window, and this is another");
    const plain = items.filter((item) => this.#windowIn(item).length === 0);
    const sets = crossed(plain.map((item) => this.#setsOf(item)));
    if (sets.length > 1 || plain.some(({ group }) => group === "empty")) this.#sets = sets;
    if (sets.length === 1 && sets[0]?.length === this.#keys.length) this.#sets = undefined;
  }

  /** Binds an expression over the groups. */
  bind(expression: Expression): RowExpression {
    const binder: ExpressionBinder = new ExpressionBinder(this.#source, {
      columns: [],
      functions: this.#functions,
      known: (part) => this.#known(part as Expression),
    });
    return binder.bind(expression);
  }

  /** Binds a condition over the groups. */
  condition(expression: Expression, clause: string): RowExpression {
    const bound = this.bind(expression);
    if (bound.type.name === "BOOLEAN" || bound.type.name === "NULL") return bound;
    const message = `${clause} takes a BOOLEAN, and this is ${formatShape(bound.type)}`;
    throw statementError(this.#source, expression, message);
  }

  /** The aggregation, once everything over it is bound. */
  relation(ttlMs: number | undefined): Relation {
    const { relation, key } = this.#keyed();
    const fields = [
      ...this.#keys.map((expression, index) => this.#keyField(expression, key[index] ?? 0, relation)),
      ...(this.#sets ? [{ name: "$set", type: { name: "INT", isNullable: false } } satisfies Field] : []),
      ...this.#aggregates.map(({ type }, index): Field => ({ name: `EXPR$${index}`, type })),
      ...this.#properties.map((property) => this.#propertyField(property)),
    ];
    const window = this.#window;
    return {
      node: "aggregate",
      input: relation,
      key,
      ...(this.#sets && { sets: this.#sets }),
      aggregates: this.#aggregates,
      ...(window && {
        groupWindow: { window: window.window, time: window.time, properties: this.#properties },
      }),
      ...(ttlMs !== undefined && ttlMs > 0 && { ttlMs }),
      fields,
    };
  }

  /** Puts the properties of the window into their places behind the aggregates. */
  place(bound: RowExpression): RowExpression {
    const first = this.#keyCount + this.#aggregates.length;
    return mapInputs(bound, (input) =>
      input.index >= 0 ? input : { ...input, index: first - input.index - 1 },
    );
  }

  get #keyCount(): number {
    return this.#keys.length + (this.#sets ? 1 : 0);
  }

  /** The input with the keys as columns: what is grouped by and is none becomes one. */
  #keyed(): { readonly relation: Relation; readonly key: number[] } {
    const { relation } = this.#input;
    const computed = this.#keys.filter(({ node }) => node !== "input");
    const key = this.#keys.map((expression) =>
      expression.node === "input" ? expression.index : relation.fields.length + computed.indexOf(expression),
    );
    if (computed.length === 0) return { relation, key };
    const own = relation.fields.map(({ type }, index): RowExpression => ({ node: "input", index, type }));
    const added = computed.map(({ type }, index): Field => ({ name: `$key${index}`, type }));
    return {
      key,
      relation: {
        node: "calc",
        input: relation,
        projection: [...own, ...computed],
        fields: [...relation.fields, ...added],
      },
    };
  }

  #keyField(expression: RowExpression, column: number, { fields }: Relation): Field {
    const { name, type, ...attributes } = fields[column] as Field;
    const isNullable = this.#sets !== undefined || type.isNullable;
    const field: Field = { name, type: { ...type, isNullable } };
    return expression.node === "input" && this.#isWindowed(fields) ? { ...field, ...attributes } : field;
  }

  /** True where both bounds of a window that rows are in are grouped by: results are of that window then. */
  #isWindowed(fields: readonly Field[]): boolean {
    return windowGroupedBy(fields, this.#keyed().key) !== undefined && !this.#sets;
  }

  #propertyField(property: WindowProperty): Field {
    const type = this.#propertyType(property);
    const time = property === "time" ? "event" : property === "processing" ? "processing" : undefined;
    return { name: `window_${property}`, type, ...(time && { time }) };
  }

  #propertyType(property: WindowProperty): SqlType {
    if (property === "start" || property === "end") return boundTypeOf();
    if (property === "processing") return { name: "TIMESTAMP_LTZ", precision: 3, isNullable: false };
    return { ...(this.#window?.type ?? boundTypeOf()), isNullable: false };
  }

  #windowIn(item: GroupItem): BoundWindow[] {
    if (item.group !== "expression" || item.expression.kind !== "call") return [];
    const call = item.expression;
    const name = windowNameOf(call);
    return name && name !== "CUMULATE" ? [this.#boundWindow(call, name)] : [];
  }

  #boundWindow(call: Call, name: WindowName): BoundWindow {
    const { time: written, sizes } = readGroupWindow(this.#source, call, name);
    const { relation, columns } = this.#input;
    const { time, type } = windowTimeOf(this.#source, written, relation.fields, columns);
    const window = windowShapeOf(this.#source, name, sizes, call);
    return { name, window, time, type, call, identity: JSON.stringify([name, window, time]) };
  }

  /** The sets of keys that an item stands for. */
  #setsOf(item: GroupItem): number[][] {
    switch (item.group) {
      case "empty":
        return [[]];
      case "expression": {
        const { expression } = item;
        const parts = expression.kind === "row" ? expression.items : [expression];
        return [parts.map((part) => this.#keyOf(part))];
      }
      case "ROLLUP": {
        const keys = item.expressions.map((expression) => this.#keysOf(expression));
        return [...keys.map((_, index) => keys.slice(0, keys.length - index).flat()), []];
      }
      case "CUBE": {
        const keys = item.expressions.map((expression) => this.#keysOf(expression));
        return subsets(keys);
      }
      case "GROUPING SETS":
        return item.sets.flatMap((set) => this.#setsOf(set));
    }
  }

  #keysOf(expression: Expression): number[] {
    const parts = expression.kind === "row" ? expression.items : [expression];
    return parts.map((part) => this.#keyOf(part));
  }

  #keyOf(expression: Expression): number {
    const bound = this.#binder.bind(expression);
    const same = this.#keys.findIndex((key) => isSame(key, bound));
    return same >= 0 ? same : this.#keys.push(bound) - 1;
  }

  /** What an expression means over the groups: a key, an aggregate, a property of the window. */
  #known(expression: Expression): RowExpression | undefined {
    if (expression.kind === "json") {
      const aggregate = this.#aggregate(expression);
      if (aggregate) return aggregate;
    }
    if (expression.kind === "call") {
      const special =
        this.#property(expression) ?? this.#groupingOf(expression) ?? this.#aggregate(expression);
      if (special) return special;
    }
    const key = this.#asKey(expression);
    if (key >= 0) {
      const { type } = this.#keys[key] as RowExpression;
      return {
        node: "input",
        index: key,
        type: { ...type, isNullable: type.isNullable || this.#sets !== undefined },
      };
    }
    if (expression.kind !== "column") return undefined;
    const bound = this.#binder.bind(expression);
    // A function without parentheses is no column.
    if (bound.node === "call" && bound.arguments.length === 0) return bound;
    const name = expression.parts.map((part) => part.name).join(".");
    const message = `${name} is neither grouped by nor in an aggregate; put it into GROUP BY, or into one`;
    throw statementError(this.#source, expression, message);
  }

  /** The place of the key that is the same expression, or -1. */
  #asKey(expression: Expression): number {
    if (expression.kind === "literal" || expression.kind === "interval") return -1;
    if (this.#keys.length === 0) return -1;
    try {
      const bound = this.#binder.bind(expression);
      return this.#keys.findIndex((key) => isSame(key, bound));
    } catch {
      // It has aggregates in it, or is wrong; then its parts are looked at, and say so.
      return -1;
    }
  }

  #property(call: Call): RowExpression | undefined {
    const [, name, ending = ""] = /^(TUMBLE|HOP|SESSION)_(\w+)$/.exec(nameOf(call)) ?? [];
    const property = propertyEndings[ending];
    if (!name || !property) return undefined;
    const asWindow = this.#boundWindow(call, name as WindowName);
    if (asWindow.identity !== this.#window?.identity) {
      const message = `${name}_${ending} must have the arguments of ${name} in GROUP BY`;
      throw statementError(this.#source, call, message);
    }
    let place = this.#properties.indexOf(property);
    if (place < 0) place = this.#properties.push(property) - 1;
    return { node: "input", index: -1 - place, type: this.#propertyType(property) };
  }

  /** GROUPING, GROUPING_ID and GROUP_ID: which keys the row's set leaves out. */
  #groupingOf(call: Call): RowExpression | undefined {
    const name = nameOf(call);
    if (!["GROUPING", "GROUPING_ID", "GROUP_ID"].includes(name)) return undefined;
    const keys = call.arguments.map((argument) => {
      const key = this.#asKey(argument);
      if (key >= 0) return key;
      throw statementError(this.#source, argument, `${name} takes what is grouped by`);
    });
    const sets = this.#sets ?? [this.#keys.map((_, index) => index)];
    const values = sets.map((set) =>
      keys.reduce((bits, key) => bits * 2n + (set.includes(key) ? 0n : 1n), 0n),
    );
    const type: SqlType = { name: "BIGINT", isNullable: false };
    const literal = (value: bigint): RowExpression => ({
      node: "literal",
      value: { integer: String(value) },
      type,
    });
    if (!this.#sets) return literal(values[0] ?? 0n);
    const set: RowExpression = {
      node: "input",
      index: this.#keys.length,
      type: { name: "INT", isNullable: false },
    };
    const branches = values
      .slice(0, -1)
      .flatMap((value, index) => [
        this.#binder.make("=", [set, { node: "literal", value: index, type: set.type }], call),
        literal(value),
      ]);
    return this.#binder.make("CASE", [...branches, literal(values.at(-1) ?? 0n)], call);
  }

  #aggregate(call: Call | JsonCall): RowExpression | undefined {
    const aggregate = aggregateOf(call, this.#functions);
    if (!aggregate) return undefined;
    const canBeEmpty = (this.#keys.length === 0 && !this.#window) || this.#sets !== undefined;
    const bound = bindAggregate(this.#source, this.#binder, aggregate, call, canBeEmpty);
    const text = JSON.stringify(bound);
    let place = this.#aggregates.findIndex((known) => JSON.stringify(known) === text);
    if (place < 0) place = this.#aggregates.push(bound) - 1;
    return { node: "input", index: this.#keyCount + place, type: bound.type };
  }
}

function nameOf({ name }: Call): string {
  return name.parts
    .map((part) => part.name)
    .join(".")
    .toUpperCase();
}

function isSame(one: RowExpression, other: RowExpression): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Each choice of one set of every item, put together. */
function crossed(items: readonly (readonly number[][])[]): number[][] {
  return items.reduce<number[][]>(
    (sets, item) => sets.flatMap((set) => item.map((more) => [...new Set([...set, ...more])])),
    [[]],
  );
}

/** From all of them to none, as CUBE lists them. */
function subsets(keys: readonly number[][]): number[][] {
  const [first, ...rest] = keys;
  if (!first) return [[]];
  const others = subsets(rest);
  return [...others.map((set) => [...first, ...set]), ...others];
}

/** True where an expression has an aggregate in it, queries within it aside. */
export function hasAggregate(tree: unknown, functions: FindFunction): boolean {
  if (Array.isArray(tree)) return tree.some((part) => hasAggregate(part, functions));
  if (typeof tree !== "object" || tree === null) return false;
  const part = tree as Expression;
  if (part.kind === "subquery") return false;
  if ((part.kind === "call" || part.kind === "json") && aggregateOf(part, functions)) return true;
  return Object.values(tree).some((inner) => hasAggregate(inner, functions));
}
