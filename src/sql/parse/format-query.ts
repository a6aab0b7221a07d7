/**
 * From trees back to text: queries, expressions, types.
 *
 * Parentheses are put where the tree would otherwise be another one, and nowhere else.
 */
import { formatHints } from "./format-hints.ts";
import {
  formatIdentifier,
  formatInterval,
  formatLiteral,
  formatMember,
  formatName,
  formatNames,
  formatParts,
  formatType,
  plainName,
} from "./format-names.ts";
import { bareFunctions } from "./reserved-words.ts";
import type {
  Between,
  Binary,
  Call,
  Column,
  Expression,
  FrameBound,
  GroupItem,
  Identifier,
  InList,
  IntervalLiteral,
  Is,
  JsonBehavior,
  JsonCall,
  Like,
  Literal,
  OrderItem,
  QualifiedName,
  Query,
  Select,
  Star,
  Subquery,
  TableReference,
  Unary,
  WindowSpec,
} from "./syntax-tree.ts";

/** How tightly an expression binds: as in `parse-expression.ts`. */
function strengthOf(expression: Expression): number {
  switch (expression.kind) {
    case "binary":
      return binaryStrengths.get(expression.operator) ?? 5;
    case "unary":
      return expression.operator === "NOT" ? 3 : 9;
    case "is":
      return 4;
    case "between":
    case "in":
    case "like":
      return 6;
    case "literal":
      return expression.text.startsWith("-") && expression.type === "number" ? 9 : 10;
    default:
      return 10;
  }
}

const binaryStrengths: ReadonlyMap<string, number> = new Map([
  ["OR", 1],
  ["AND", 2],
  ["+", 7],
  ["-", 7],
  ["||", 8],
  ["*", 8],
  ["/", 8],
  ["%", 8],
]);

/** The expression, in parentheses where it binds less than `least`. */
function within(expression: Expression, least: number): string {
  const text = formatExpression(expression);
  return strengthOf(expression) < least ? `(${text})` : text;
}

export function formatExpression(expression: Expression): string {
  switch (expression.kind) {
    case "literal":
      return formatLiteral(expression);
    case "column":
      return formatParts(expression.parts);
    case "star":
      return expression.of.length > 0 ? `${formatParts(expression.of)}.*` : "*";
    case "unary":
      return formatUnary(expression.operator, expression.operand);
    case "binary": {
      const { operator, left, right } = expression;
      const strength = strengthOf(expression);
      return `${within(left, strength)} ${operator} ${within(right, strength + 1)}`;
    }
    case "between": {
      const { operand, isNot, isSymmetric, low, high } = expression;
      const how = `${not(isNot)}BETWEEN${isSymmetric ? " SYMMETRIC" : ""}`;
      return `${within(operand, 6)} ${how} ${within(low, 7)} AND ${within(high, 7)}`;
    }
    case "in": {
      const { operand, isNot, among } = expression;
      const list = "kind" in among ? formatQuery(among) : formatList(among);
      return `${within(operand, 6)} ${not(isNot)}IN (${list})`;
    }
    case "like": {
      const { operand, isNot, operator, pattern, escape: mark } = expression;
      const ending = mark ? ` ESCAPE ${within(mark, 7)}` : "";
      return `${within(operand, 6)} ${not(isNot)}${operator} ${within(pattern, 7)}${ending}`;
    }
    case "is": {
      const { operand, isNot, what, other } = expression;
      return `${within(operand, 4)} IS ${not(isNot)}${what}${other ? ` ${within(other, 7)}` : ""}`;
    }
    case "interval":
      return formatInterval(expression);
    case "subquery":
      return `${roleWords[expression.role]}(${formatQuery(expression.query)})`;
    default:
      return formatCompound(expression);
  }
}

const roleWords = { scalar: "", exists: "EXISTS ", all: "ALL ", any: "ANY " } as const;

type Simple = Literal | Column | Star | Unary | Binary | Between | InList | Like | Is;

function formatCompound(expression: Exclude<Expression, Simple | IntervalLiteral | Subquery>): string {
  switch (expression.kind) {
    case "case": {
      const { operand, branches, otherwise } = expression;
      return [
        operand ? `CASE ${formatExpression(operand)}` : "CASE",
        ...branches.map(
          ({ when, result }) => `WHEN ${formatExpression(when)} THEN ${formatExpression(result)}`,
        ),
        ...(otherwise ? [`ELSE ${formatExpression(otherwise)}`] : []),
        "END",
      ].join(" ");
    }
    case "cast": {
      const { isTry, operand, type } = expression;
      return `${isTry ? "TRY_CAST" : "CAST"}(${formatExpression(operand)} AS ${formatType(type)})`;
    }
    case "row":
      return `ROW(${formatList(expression.items)})`;
    case "collection":
      return `${expression.of}[${formatList(expression.items)}]`;
    case "element":
      return `${formatOwner(expression.operand, "element")}[${formatExpression(expression.index)}]`;
    case "field":
      return `${formatOwner(expression.operand, "field")}.${formatField(expression.field)}`;
    case "call":
      return formatCall(expression);
    case "json":
      return formatJson(expression);
    case "keyword":
      return expression.word;
    case "named argument":
      return `${formatMember(expression.name)} => ${formatExpression(expression.value)}`;
    case "table argument": {
      const { table, partitionBy, orderBy } = expression;
      const what = "parts" in table ? formatName(table) : `(${formatQuery(table)})`;
      const by = partitionBy.length > 0 ? ` PARTITION BY (${formatList(partitionBy)})` : "";
      const order =
        orderBy.length > 0 ? ` ORDER BY (${formatOrderBy(orderBy).slice(" ORDER BY ".length)})` : "";
      return `TABLE ${what}${by}${order}`;
    }
  }
}

/** What has a field or an element; a column with a field would be a longer column. */
function formatOwner(operand: Expression, part: "element" | "field"): string {
  const plain = ["call", "element", "field", "json", "collection", ...(part === "element" ? ["column"] : [])];
  const text = formatExpression(operand);
  return plain.includes(operand.kind) ? text : `(${text})`;
}

function formatField(field: Identifier | undefined): string {
  return field ? formatMember(field) : "*";
}

function not(isNot: boolean): string {
  return isNot ? "NOT " : "";
}

function ordinality(isWanted: boolean): string {
  return isWanted ? " WITH ORDINALITY" : "";
}

function formatUnary(operator: string, operand: Expression): string {
  if (operator === "NOT") return `NOT ${within(operand, 3)}`;
  // Two minus signs would begin a comment, and one before a number would be the number's.
  const isNumber = operand.kind === "literal" && operand.type === "number";
  const isBare = strengthOf(operand) > 9 && !isNumber;
  return isBare ? `${operator}${formatExpression(operand)}` : `${operator}(${formatExpression(operand)})`;
}

/** Functions with words between their arguments: what stands before each but the first. */
const separators: ReadonlyMap<string, string> = new Map([
  ["EXTRACT", " FROM "],
  ["POSITION", " IN "],
]);

function formatCall(call: Call): string {
  const name = formatFunctionName(call.name);
  const ending = [
    ...(call.withinGroup ? [`WITHIN GROUP (${formatOrderBy(call.withinGroup).trim()})`] : []),
    ...(call.filter ? [`FILTER (WHERE ${formatExpression(call.filter)})`] : []),
    ...(call.over
      ? [`OVER ${"kind" in call.over ? formatWindow(call.over) : formatIdentifier(call.over)}`]
      : []),
  ];
  const nulls = call.nulls ? ` ${call.nulls} NULLS` : "";
  const distinct = call.isDistinct ? "DISTINCT " : "";
  const given = `(${distinct}${formatArguments(name, call.arguments)}${nulls}${formatOrderBy(call.orderBy)})`;
  const isBare = call.arguments.length === 0 && bareFunctions.has(name);
  return [isBare ? name : `${name}${given}`, ...ending].join(" ");
}

function formatArguments(name: string, given: readonly Expression[]): string {
  const [first, second, third] = given;
  const unit =
    second?.kind === "keyword" && first ? `${formatExpression(first)} TO ${second.word}` : undefined;
  if (unit) return unit;
  if (name === "TRIM" && first?.kind === "keyword" && second) {
    const of = third ? `${formatExpression(second)} FROM ${formatExpression(third)}` : undefined;
    return `${first.word} ${of ?? `FROM ${formatExpression(second)}`}`;
  }
  const separator = separators.get(name);
  if (separator && first && second) return `${within(first, 7)}${separator}${formatExpression(second)}`;
  return formatList(given);
}

/** A function may have a name that is reserved. */
function formatFunctionName({ parts }: QualifiedName): string {
  const [only] = parts;
  if (only && parts.length === 1 && !only.isQuoted && plainName.test(only.name)) return only.name;
  return formatParts(parts);
}

function formatJson(json: JsonCall): string {
  const pairs = json.pairs.map(({ key, value }) => `${within(key, 7)} VALUE ${formatExpression(value)}`);
  const clauses = [
    ...(json.returning ? [`RETURNING ${formatType(json.returning)}`] : []),
    ...(json.wrapper ? [`${json.wrapper} ARRAY WRAPPER`] : []),
    ...(json.onNull ? [`${formatBehavior(json.onNull)} ON NULL`] : []),
    ...(json.onEmpty ? [`${formatBehavior(json.onEmpty)} ON EMPTY`] : []),
    ...(json.onError ? [`${formatBehavior(json.onError)} ON ERROR`] : []),
  ];
  const given = [...json.arguments.map(formatExpression), ...pairs].join(", ");
  return `${json.name}(${[given, ...clauses].filter((part) => part !== "").join(" ")})`;
}

function formatBehavior(behavior: JsonBehavior): string {
  return typeof behavior === "string" ? behavior : `DEFAULT ${formatExpression(behavior)}`;
}

function formatWindow({ base, partitionBy, orderBy, frame }: WindowSpec): string {
  const parts = [
    ...(base ? [formatIdentifier(base)] : []),
    ...(partitionBy.length > 0 ? [`PARTITION BY ${formatList(partitionBy)}`] : []),
    ...(orderBy.length > 0 ? [formatOrderBy(orderBy).trim()] : []),
  ];
  if (frame?.to) parts.push(`${frame.unit} BETWEEN ${formatBound(frame.from)} AND ${formatBound(frame.to)}`);
  else if (frame) parts.push(`${frame.unit} ${formatBound(frame.from)}`);
  return `(${parts.join(" ")})`;
}

function formatBound(bound: FrameBound): string {
  if (bound.bound === "current") return "CURRENT ROW";
  return `${bound.distance ? within(bound.distance, 7) : "UNBOUNDED"} ${bound.bound}`;
}

/** With a space before it; empty where nothing is ordered. */
function formatOrderBy(items: readonly OrderItem[]): string {
  if (items.length === 0) return "";
  const ordered = items.map(({ expression, isDescending, nulls }) => {
    return `${formatExpression(expression)}${isDescending ? " DESC" : ""}${nulls ? ` NULLS ${nulls}` : ""}`;
  });
  return ` ORDER BY ${ordered.join(", ")}`;
}

export function formatList(expressions: readonly Expression[]): string {
  return expressions.map(formatExpression).join(", ");
}

// Queries.

export function formatQuery(query: Query): string {
  const { orderBy, limit, offset } = query;
  const ends = [
    ...(orderBy.length > 0 ? [formatOrderBy(orderBy).trim()] : []),
    ...(limit ? [`LIMIT ${formatExpression(limit)}`] : []),
    ...(offset ? [`OFFSET ${formatExpression(offset)}`] : []),
  ];
  return [formatBody(query), ...ends].join(" ");
}

function formatBody(query: Query): string {
  switch (query.kind) {
    case "select":
      return formatSelect(query);
    case "values":
      return `VALUES ${formatList(query.rows)}`;
    case "table query":
      return `TABLE ${formatName(query.name)}`;
    case "set operation": {
      const { operator, isAll, left, right } = query;
      const least = operator === "INTERSECT" ? 2 : 1;
      const words = `${operator}${isAll ? " ALL" : ""}`;
      return `${formatBranch(left, least)} ${words} ${formatBranch(right, least + 1)}`;
    }
    case "with": {
      const tables = query.tables.map(({ name, columns, query: inner }) => {
        const list = columns.length > 0 ? ` ${formatNames(columns)}` : "";
        return `${formatIdentifier(name)}${list} AS (${formatQuery(inner)})`;
      });
      return `WITH ${tables.join(", ")} ${formatQuery(query.query)}`;
    }
  }
}

/** A query beside a set operator: in parentheses where it would be read otherwise. */
function formatBranch(query: Query, least: number): string {
  const { orderBy, limit, offset, kind } = query;
  const isOrdered = orderBy.length > 0 || limit !== undefined || offset !== undefined;
  const strength =
    kind === "set operation" ? (query.operator === "INTERSECT" ? 2 : 1) : kind === "with" ? 0 : 3;
  return isOrdered || strength < least ? `(${formatQuery(query)})` : formatQuery(query);
}

function formatSelect(select: Select): string {
  const items = select.items.map(({ expression, alias }) => {
    return `${formatExpression(expression)}${alias ? ` AS ${formatIdentifier(alias)}` : ""}`;
  });
  const windows = select.windows.map(
    ({ name, spec }) => `${formatIdentifier(name)} AS ${formatWindow(spec)}`,
  );
  return [
    `SELECT${formatHints(select.hints)}${select.isDistinct ? " DISTINCT" : ""} ${items.join(", ")}`,
    ...(select.from ? [`FROM ${formatTable(select.from)}`] : []),
    ...(select.where ? [`WHERE ${formatExpression(select.where)}`] : []),
    ...(select.groupBy ? [`GROUP BY ${select.groupBy.map(formatGroup).join(", ")}`] : []),
    ...(select.having ? [`HAVING ${formatExpression(select.having)}`] : []),
    ...(windows.length > 0 ? [`WINDOW ${windows.join(", ")}`] : []),
    ...(select.qualify ? [`QUALIFY ${formatExpression(select.qualify)}`] : []),
  ].join(" ");
}

function formatGroup(item: GroupItem): string {
  switch (item.group) {
    case "expression":
      return formatExpression(item.expression);
    case "empty":
      return "()";
    case "GROUPING SETS":
      return `GROUPING SETS (${item.sets.map(formatGroup).join(", ")})`;
    default:
      return `${item.group} (${formatList(item.expressions)})`;
  }
}

function formatTable(table: TableReference): string {
  if (table.kind === "join") return formatJoin(table);
  const columns = table.columns.length > 0 ? formatNames(table.columns) : "";
  const alias = table.alias ? ` AS ${formatIdentifier(table.alias)}${columns}` : "";
  const lateral = "isLateral" in table && table.isLateral ? "LATERAL " : "";
  switch (table.kind) {
    case "named table": {
      const asOf = table.asOf ? ` FOR SYSTEM_TIME AS OF ${within(table.asOf, 7)}` : "";
      return `${formatName(table.name)}${formatHints(table.hints)}${asOf}${alias}`;
    }
    case "derived table":
      return `${lateral}(${formatQuery(table.query)})${alias}`;
    case "function table":
      return `${lateral}TABLE(${formatCall(table.call)})${alias}`;
    case "unnest":
      return `UNNEST(${formatExpression(table.operand)})${ordinality(table.hasOrdinality)}${alias}`;
  }
}

function formatJoin({
  type,
  isNatural,
  left,
  right,
  on,
  using,
}: Extract<TableReference, { kind: "join" }>): string {
  const words = [...(isNatural ? ["NATURAL"] : []), type, "JOIN"].join(" ");
  const inner = right.kind === "join" ? `(${formatTable(right)})` : formatTable(right);
  const condition = on ? ` ON ${formatExpression(on)}` : using ? ` USING ${formatNames(using)}` : "";
  return `${formatTable(left)} ${words} ${inner}${condition}`;
}
