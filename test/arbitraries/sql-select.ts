/**
 * Queries that Flink and DuckDB mean the same by, over two small tables.
 *
 * What is drawn is a tree of numbers; `selectOf` reads it as a query, each number choosing among what can
 * stand at its place. So any smaller tree is a query too, and shrinking needs to know nothing of SQL.
 *
 * Left out is what the two differ in: division, AVG of integers, casts to text of what is no integer, DATE
 * less an interval, and -0, which is a group of its own in Flink. LIMIT stands behind an order of all columns
 * only, since it would take any rows else.
 */
import fc from "fast-check";

export type SelectType = "int" | "decimal" | "double" | "text" | "boolean" | "date" | "timestamp";

export interface SelectColumn {
  readonly name: string;
  readonly type: SelectType;
  readonly isNullable: boolean;
}

const columnOf = (name: string, type: SelectType, isNullable = true): SelectColumn => ({
  name,
  type,
  isNullable,
});

/** The tables, by name. */
export const selectTables: Readonly<Record<"t" | "u", readonly SelectColumn[]>> = {
  t: [
    columnOf("a", "int"),
    columnOf("k", "int", false),
    columnOf("n", "decimal"),
    columnOf("x", "double"),
    columnOf("s", "text"),
    columnOf("f", "boolean"),
    columnOf("d", "date"),
    columnOf("m", "timestamp", false),
  ],
  u: [columnOf("a", "int"), columnOf("s", "text"), columnOf("k", "int", false)],
};

/** Values as SQL writes them; null for NULL. */
export type SelectRow = readonly (string | null)[];

const literals: Readonly<Record<SelectType, readonly string[]>> = {
  int: ["0", "1", "2", "-1", "3", "7"],
  decimal: ["CAST(0 AS DECIMAL(6, 2))", "CAST(1.25 AS DECIMAL(6, 2))", "CAST(-7.5 AS DECIMAL(6, 2))"],
  double: ["CAST(0 AS DOUBLE)", "CAST(0.25 AS DOUBLE)", "CAST(-2.5 AS DOUBLE)"],
  text: ["''", "'a'", "'ab'", "'Bc'", "'it''s'"],
  boolean: ["TRUE", "FALSE"],
  date: ["DATE '2024-02-29'", "DATE '2024-03-01'", "DATE '1969-12-31'"],
  timestamp: [
    "TIMESTAMP '2024-02-29 12:30:00'",
    "TIMESTAMP '2024-02-29 12:34:56.789'",
    "TIMESTAMP '1969-12-31 23:59:59'",
  ],
};

function rowsOf(columns: readonly SelectColumn[]): fc.Arbitrary<readonly SelectRow[]> {
  const row = fc.tuple(
    ...columns.map(({ type, isNullable }) => {
      const value = fc.constantFrom(...literals[type]);
      return isNullable ? fc.option(value, { freq: 3 }) : value;
    }),
  );
  return fc.array(row, { maxLength: 6 });
}

/** Rows of each table. */
export const selectRows = fc.record({ t: rowsOf(selectTables.t), u: rowsOf(selectTables.u) });

/** A tree that is read as a query. */
export interface Choices {
  readonly choice: number;
  readonly parts: readonly Choices[];
}

function choicesOf(depth: number): fc.Arbitrary<Choices> {
  const choice = fc.nat(9999);
  if (depth === 0) return choice.map((each) => ({ choice: each, parts: [] }));
  return fc.record({ choice, parts: fc.array(choicesOf(depth - 1), { maxLength: 4, size: "max" }) });
}

export const choicesArbitrary = choicesOf(5);

export interface Selected {
  readonly sql: string;
  readonly columns: readonly SelectColumn[];
  /** Its rows are in the order of all of its columns. */
  readonly isOrdered: boolean;
}

const none: Choices = Object.freeze({ choice: 0, parts: [] });

/** Reads a query of choices; `hasWindows` where windows may be in it, which DuckDB does not have. */
export function selectOf(choices: Choices, hasWindows = false): Selected {
  return new Reading(hasWindows).ordered(choices);
}

type Part = (choices: Choices) => string;

class Reading {
  readonly #hasWindows: boolean;
  #next = 0;

  constructor(hasWindows: boolean) {
    this.#hasWindows = hasWindows;
  }

  /** A query, and sometimes its order, and rows of that. */
  ordered(choices: Choices): Selected {
    const query = this.#query(choices);
    if (choices.choice % 3 !== 1) return query;
    const order = query.columns.map(({ name }, index) => {
      const bits = (choices.choice >> index) % 4;
      return `${name} ${bits % 2 === 0 ? "ASC" : "DESC"} NULLS ${bits < 2 ? "FIRST" : "LAST"}`;
    });
    const limit = choices.choice % 2 === 0 ? "" : ` LIMIT ${choices.choice % 5} OFFSET ${choices.choice % 2}`;
    const sql = `SELECT * FROM (${query.sql}) AS q${this.#next++} ORDER BY ${order.join(", ")}${limit}`;
    return { ...query, sql, isOrdered: true };
  }

  #query(choices: Choices): Selected {
    const [first = none, second = none, ...rest] = choices.parts;
    switch (choices.choice % 8) {
      case 1:
        return this.#distinct(first, second, rest);
      case 2:
      case 3:
        return this.#grouped(choices, first, second, rest);
      case 4:
        return this.#set(choices, first, second);
      case 5:
        return this.#values(choices);
      case 6:
        return this.#with(first, second, rest);
      default:
        return this.#plain(first, second, rest);
    }
  }

  /** What a query reads: a table, or a query, or a table with the elements of an array. */
  #from(choices: Choices): { readonly sql: string; readonly columns: readonly SelectColumn[] } {
    const { choice, parts } = choices;
    if (parts.length >= 2) {
      const { sql, columns } = this.ordered(choices.parts[0] ?? none);
      return { sql: `(${sql}) AS q${this.#next++}`, columns };
    }
    if (choice % 5 === 1) {
      const name = `e${this.#next++}`;
      const columns = [...selectTables.u, columnOf(name, "int")];
      return { sql: `u CROSS JOIN UNNEST(ARRAY[a, 5, k]) AS q${this.#next++} (${name})`, columns };
    }
    if (choice % 5 === 2 && this.#hasWindows) {
      const window = [
        "TUMBLE(TABLE t, DESCRIPTOR(m), INTERVAL '7' MINUTE, INTERVAL '1' MINUTE)",
        "HOP(TABLE t, DESCRIPTOR(m), INTERVAL '5' MINUTE, INTERVAL '10' MINUTE)",
        "CUMULATE(TABLE t, DESCRIPTOR(m), INTERVAL '1' MINUTE, INTERVAL '3' MINUTE)",
        "SESSION(TABLE t PARTITION BY k, DESCRIPTOR(m), INTERVAL '10' MINUTE)",
      ][(choice >> 3) % 4];
      const bounds = ["window_start", "window_end"].map((name) => columnOf(name, "timestamp", false));
      return { sql: `TABLE(${window})`, columns: [...selectTables.t, ...bounds] };
    }
    return choice % 2 === 0 ? { sql: "t", columns: selectTables.t } : { sql: "u", columns: selectTables.u };
  }

  #plain(from: Choices, where: Choices, rest: readonly Choices[]): Selected {
    const source = this.#from(from);
    const condition = this.#where(where, source.columns);
    const items = (rest.length > 0 ? rest : [none]).map((each) => this.#item(each, source.columns));
    return this.#listed(items, `FROM ${source.sql}${condition}`);
  }

  #distinct(from: Choices, where: Choices, rest: readonly Choices[]): Selected {
    const plain = this.#plain(from, where, rest);
    return { ...plain, sql: plain.sql.replace(/^SELECT/, "SELECT DISTINCT") };
  }

  #grouped(choices: Choices, from: Choices, where: Choices, rest: readonly Choices[]): Selected {
    const source = this.#from(from);
    const condition = this.#where(where, source.columns);
    const [having, ...more] = rest;
    const keyCount = (choices.choice >> 3) % 4;
    const keys = Array.from({ length: keyCount }, (_, index) => {
      const { columns } = source;
      return columns[(choices.choice + index * 3) % columns.length] as SelectColumn;
    });
    const unique = keys.filter((key, index) => keys.findIndex(({ name }) => name === key.name) === index);
    const names = unique.map(({ name }) => name);
    const list = names.join(", ");
    const sets = ["", `ROLLUP (${list})`, `CUBE (${list})`, `GROUPING SETS ((${list}), (${names[0]}))`];
    const by = sets[(choices.choice >> 5) % 8] || list;
    const aggregates = [none, ...more].map((each) => this.#aggregate(each, source.columns));
    const isGrouping = names.length > 0 && by !== list;
    const grouping = isGrouping ? [{ sql: `GROUPING(${list})`, type: "int" as const }] : [];
    const items = [...unique.map(({ name, type }) => ({ sql: name, type })), ...aggregates, ...grouping];
    const kept =
      having && having.choice % 2 === 0 ? ` HAVING ${this.#having(having, source.columns, unique)}` : "";
    const groupBy = names.length > 0 ? ` GROUP BY ${by}` : "";
    return this.#listed(items, `FROM ${source.sql}${condition}${groupBy}${kept}`);
  }

  #having(choices: Choices, columns: readonly SelectColumn[], keys: readonly SelectColumn[]): string {
    const ofKeys = keys.length > 0 ? this.#expression("boolean", choices, keys) : "TRUE";
    const { sql, type } = this.#aggregate(choices.parts[0] ?? none, columns);
    const operator = choices.choice % 4 === 0 ? "AND" : "OR";
    return `${ofKeys} ${operator} ${sql} >= ${literals[type][0]}`;
  }

  #aggregate(
    choices: Choices,
    columns: readonly SelectColumn[],
  ): { readonly sql: string; readonly type: SelectType } {
    const { choice, parts } = choices;
    const filter =
      parts.length > 1 ? ` FILTER (WHERE ${this.#expression("boolean", parts[1] as Choices, columns)})` : "";
    const types = ["int", "decimal", "double", "text", "date", "timestamp", "boolean"] as const;
    const type = types[choice % types.length] as SelectType;
    const given = this.#expression(type, parts[0] ?? none, columns);
    const isSummed = type === "int" || type === "decimal" || type === "double";
    switch ((choice >> 3) % 6) {
      case 1:
        return { sql: `COUNT(${given})${filter}`, type: "int" };
      case 2:
        return { sql: `COUNT(DISTINCT ${given})${filter}`, type: "int" };
      case 3:
        if (type !== "boolean") return { sql: `MIN(${given})${filter}`, type };
        break;
      case 4:
        if (type !== "boolean") return { sql: `MAX(${given})${filter}`, type };
        break;
      case 5:
        if (isSummed) return { sql: `SUM(${choice % 2 === 0 ? "" : "DISTINCT "}${given})${filter}`, type };
        if (type === "text") {
          const double = this.#expression("double", parts[0] ?? none, columns);
          return { sql: `AVG(${double})${filter}`, type: "double" };
        }
    }
    return { sql: `COUNT(*)${filter}`, type: "int" };
  }

  #set(choices: Choices, left: Choices, right: Choices): Selected {
    const first = this.#query(left);
    const isOfSame = (choices.choice >> 6) % 2 === 0;
    const second = isOfSame
      ? `SELECT * FROM (${first.sql}) AS q${this.#next++}${this.#where(right, first.columns)}`
      : this.#fitting(first.columns, right);
    const operators = ["UNION ALL", "UNION", "INTERSECT", "EXCEPT", "INTERSECT ALL", "EXCEPT ALL"];
    const operator = operators[(choices.choice >> 3) % operators.length];
    const sql = `SELECT * FROM (${first.sql}) AS q${this.#next++} ${operator} ${second}`;
    return { ...first, sql, isOrdered: false };
  }

  /** A query whose columns have the types of others. */
  #fitting(columns: readonly SelectColumn[], choices: Choices): string {
    const source = this.#from(choices);
    const items = columns.map(({ type }, index) =>
      this.#expression(
        type,
        choices.parts[index % 3] ?? { choice: choices.choice + index, parts: [] },
        source.columns,
      ),
    );
    return `SELECT ${items.join(", ")} FROM ${source.sql}`;
  }

  #values(choices: Choices): Selected {
    const types = ["int", "text", "boolean"] as const;
    const rows = [choices, ...choices.parts].map(({ choice }) => {
      const values = types.map((type, index) => literals[type][(choice >> index) % literals[type].length]);
      return `(${values.join(", ")})`;
    });
    const columns = types.map((type) => columnOf(`c${this.#next++}`, type));
    const names = columns.map(({ name }) => name).join(", ");
    const sql = `SELECT * FROM (VALUES ${rows.join(", ")}) AS q${this.#next++} (${names})`;
    return { sql, columns, isOrdered: false };
  }

  #with(named: Choices, where: Choices, rest: readonly Choices[]): Selected {
    const { sql, columns } = this.ordered(named);
    const name = `w${this.#next++}`;
    const items = (rest.length > 0 ? rest : [none]).map((each) => this.#item(each, columns));
    const listed = this.#listed(items, `FROM ${name}${this.#where(where, columns)}`);
    const both = where.choice % 5 === 0 ? `${listed.sql} UNION ALL ${listed.sql}` : listed.sql;
    return { ...listed, sql: `SELECT * FROM (WITH ${name} AS (${sql}) ${both}) AS q${this.#next++}` };
  }

  #listed(items: readonly { readonly sql: string; readonly type: SelectType }[], rest: string): Selected {
    const columns = items.map(({ type }) => columnOf(`c${this.#next++}`, type));
    const list = items.map(({ sql }, index) => `${sql} AS ${columns[index]?.name}`).join(", ");
    return { sql: `SELECT ${list} ${rest}`, columns, isOrdered: false };
  }

  #where(choices: Choices, columns: readonly SelectColumn[]): string {
    return choices.choice % 3 === 0 ? "" : ` WHERE ${this.#expression("boolean", choices, columns)}`;
  }

  #item(
    choices: Choices,
    columns: readonly SelectColumn[],
  ): { readonly sql: string; readonly type: SelectType } {
    const types = Object.keys(literals) as SelectType[];
    const type = types[choices.choice % types.length] as SelectType;
    return { sql: this.#expression(type, choices, columns), type };
  }

  #expression(type: SelectType, choices: Choices, columns: readonly SelectColumn[]): string {
    const { choice, parts } = choices;
    const of = columns.filter((column) => column.type === type);
    const [first] = parts;
    if (!first) {
      const column = of[(choice >> 3) % (of.length + 1)];
      const known = literals[type];
      return column ? column.name : (known[(choice >> 5) % known.length] ?? "");
    }
    const [second = none, third = none] = parts.slice(1);
    const as =
      (each: SelectType): Part =>
      (part) =>
        this.#expression(each, part, columns);
    const same = as(type);
    const anyType = (Object.keys(literals) as SelectType[])[(choice >> 4) % 7] as SelectType;
    const shared = [
      () => `CASE WHEN ${as("boolean")(first)} THEN ${same(second)} ELSE ${same(third)} END`,
      () => `COALESCE(${same(first)}, ${same(second)})`,
      () => `CASE WHEN ${as("boolean")(first)} THEN ${same(second)} END`,
      () => `NULLIF(${same(first)}, ${same(second)})`,
    ];
    const own: (() => string)[] = {
      int: () => [
        ...["+", "-", "*"].map((operator) => () => `(${same(first)} ${operator} ${same(second)})`),
        () => `ABS(${same(first)})`,
        () => `(${same(first)} % 3)`,
        () => `CHAR_LENGTH(${as("text")(first)})`,
        () => `CAST(EXTRACT(YEAR FROM ${as("date")(first)}) AS INT)`,
        () => `CAST(EXTRACT(HOUR FROM ${as("timestamp")(first)}) AS INT)`,
        () => `(- ${same(first)})`,
      ],
      decimal: () => [
        ...["+", "-"].map(
          (operator) => () => `CAST(${same(first)} ${operator} ${same(second)} AS DECIMAL(12, 2))`,
        ),
        () => `CAST(${as("int")(first)} AS DECIMAL(12, 2))`,
        () => `ABS(${same(first)})`,
      ],
      double: () => [
        ...["+", "-"].map((operator) => () => `(${same(first)} ${operator} ${same(second)})`),
        () => `(${same(first)} * 2)`,
        () => `CAST(${as("int")(first)} AS DOUBLE)`,
        () => `CAST(${as("decimal")(first)} AS DOUBLE)`,
      ],
      text: () => [
        () => `(${same(first)} || ${same(second)})`,
        () => `UPPER(${same(first)})`,
        () => `LOWER(${same(first)})`,
        () => `CAST(${as("int")(first)} AS VARCHAR)`,
        () => `SUBSTRING(${same(first)} FROM 1 FOR 2)`,
      ],
      boolean: () => [
        ...["AND", "OR"].map((operator) => () => `(${same(first)} ${operator} ${same(second)})`),
        () => `(NOT ${same(first)})`,
        ...["=", "<>", "<", ">="].map(
          (operator) => () => `(${as(anyType)(first)} ${operator} ${as(anyType)(second)})`,
        ),
        () => `(${as(anyType)(first)} IS NULL)`,
        () => `(${as(anyType)(first)} IS NOT NULL)`,
        () => `(${as(anyType)(first)} IS DISTINCT FROM ${as(anyType)(second)})`,
        () => `(${as(anyType)(first)} BETWEEN ${as(anyType)(second)} AND ${as(anyType)(third)})`,
        () => `(${as(anyType)(first)} IN (${as(anyType)(second)}, ${as(anyType)(third)}))`,
        () => `(${as(anyType)(first)} NOT IN (${as(anyType)(second)}, ${as(anyType)(third)}))`,
        () => `(${as("text")(first)} LIKE '${["a%", "_b", "%", "%''%"][choice % 4]}')`,
        () => `(${same(first)} IS TRUE)`,
        () => `(${as("int")(first)} > ${as("double")(second)})`,
        () => `(${as("int")(first)} = ${as("decimal")(second)})`,
      ],
      date: () => [() => `CAST(${as("timestamp")(first)} AS DATE)`],
      timestamp: () => [
        () => `(${same(first)} + INTERVAL '1' DAY)`,
        () => `(${same(first)} - INTERVAL '90' MINUTE)`,
        () => `CAST(${as("date")(first)} AS TIMESTAMP(3))`,
      ],
    }[type]();
    const all = [...own, ...shared];
    return (all[choice % all.length] as () => string)();
  }
}
