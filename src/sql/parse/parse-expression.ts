/**
 * Expressions, by how tightly their operators bind, which is as in Calcite.
 *
 *   1 OR   2 AND   3 NOT   4 IS   5 comparisons   6 BETWEEN, IN, LIKE   7 + -   8 * / % ||
 *   9 signs   10 [ ] .
 */
import { parsePrimary } from "./parse-primary.ts";
import { isQueryAhead } from "./query-ahead.ts";
import { isReserved } from "./reserved-words.ts";
import type { Span } from "./syntax-error.ts";
import type { Binary, Expression, Is, Literal, Subquery } from "./syntax-tree.ts";
import type { TokenReader } from "./token-reader.ts";

const tests = 6;
const additive = 7;

const strengths: Readonly<Record<string, number>> = {
  OR: 1,
  AND: 2,
  "=": 5,
  "<>": 5,
  "!=": 5,
  "<": 5,
  "<=": 5,
  ">": 5,
  ">=": 5,
  "<=>": 5,
  OVERLAPS: 5,
  "+": additive,
  "-": additive,
  "||": 8,
  "*": 8,
  "/": 8,
  "%": 8,
};

export function parseExpression(reader: TokenReader): Expression {
  return parseFrom(reader, 0);
}

/** Reads an operand without comparisons, tests and logic in it, unless in parentheses. */
export function parseOperand(reader: TokenReader): Expression {
  return parseFrom(reader, additive);
}

/** Reads what binds at least as tightly as `least`; NOT is read as far as it goes wherever it stands. */
function parseFrom(reader: TokenReader, least: number): Expression {
  const { start } = reader.token;
  let left = reader.accept("NOT") ? negated(reader, start) : parseSigned(reader);
  for (let length = 0; ; reader.checkChain(++length)) {
    const { word } = reader.token;
    const strength = strengths[word];
    if (strength !== undefined) {
      if (strength < least) return left;
      reader.take();
      const operator = word === "!=" ? "<>" : word;
      const quantified = strength === 5 ? parseQuantified(reader) : undefined;
      if (quantified?.kind === "list") {
        left = comparedWithList(left, operator, quantified, reader.since(start));
        continue;
      }
      const right = quantified ?? reader.nested(() => parseFrom(reader, strength + 1));
      left = { kind: "binary", operator, left, right, ...reader.since(start) } satisfies Binary;
      continue;
    }
    if (word === "->") reader.notSupported(reader.token, "functions without a name, with ->");
    if (word === "COLLATE") reader.notSupported(reader.token, "COLLATE");
    const tested = parseTest(reader, left, start, least);
    if (!tested) {
      reader.want("an operator");
      return left;
    }
    left = tested;
  }
}

function negated(reader: TokenReader, start: number): Expression {
  const operand = reader.nested(() => parseFrom(reader, 3));
  return { kind: "unary", operator: "NOT", operand, ...reader.since(start) };
}

/** `= ANY (SELECT …)`, or of a list: that is one of its items, or all of them. */
function parseQuantified(reader: TokenReader): Subquery | ListOperand | undefined {
  const { start, word } = reader.token;
  if (!["ALL", "ANY", "SOME"].includes(word) || reader.peek(1).word !== "(") return undefined;
  reader.take();
  const role = word === "ALL" ? "all" : "any";
  if (isQueryAhead(reader)) {
    const query = reader.parenthesized(() => reader.query());
    return { kind: "subquery", role, query, ...reader.since(start) };
  }
  return { kind: "list", role, items: reader.parenthesized(() => reader.list(() => reader.expression())) };
}

/** Behind ANY or ALL. */
interface ListOperand {
  readonly kind: "list";
  readonly role: "any" | "all";
  readonly items: readonly Expression[];
}

/** Compares with each item of a list; one comparison must hold, or all. */
function comparedWithList(
  left: Expression,
  operator: string,
  { role, items }: ListOperand,
  span: Span,
): Expression {
  const [first, ...others] = items.map(
    (right): Expression => ({ kind: "binary", operator, left, right, ...span }),
  );
  return others.reduce<Expression>(
    (all, next) => ({
      kind: "binary",
      operator: role === "any" ? "OR" : "AND",
      left: all,
      right: next,
      ...span,
    }),
    first as Expression,
  );
}

/** BETWEEN, IN, LIKE, IS behind an operand; undefined where none comes that binds tightly enough. */
function parseTest(
  reader: TokenReader,
  operand: Expression,
  start: number,
  least: number,
): Expression | undefined {
  if (least <= 4 && reader.accept("IS")) return parseIs(reader, operand, start);
  if (least > tests) return undefined;
  refuseTests(reader);
  if (operand.kind === "row") refusePeriods(reader);
  const isNot =
    reader.token.word === "NOT" && ["BETWEEN", "IN", "LIKE", "SIMILAR"].includes(reader.peek(1).word);
  if (isNot) reader.take();
  if (reader.accept("BETWEEN")) {
    const isSymmetric = reader.acceptOneOf("SYMMETRIC", "ASYMMETRIC") === "SYMMETRIC";
    const low = reader.operand();
    reader.expect("AND");
    const high = reader.operand();
    return { kind: "between", isNot, isSymmetric, operand, low, high, ...reader.since(start) };
  }
  if (reader.accept("IN")) {
    const isQuery = isQueryAhead(reader);
    const among = reader.parenthesized(() =>
      isQuery ? reader.query() : reader.list(() => reader.expression()),
    );
    return { kind: "in", isNot, operand, among, ...reader.since(start) };
  }
  const operator = reader.accept("LIKE") ? "LIKE" : reader.accept("SIMILAR") ? "SIMILAR TO" : undefined;
  if (!operator) return undefined;
  if (operator === "SIMILAR TO") reader.expect("TO");
  const pattern = reader.operand();
  const ending = reader.accept("ESCAPE") ? { escape: reader.operand() } : {};
  return { kind: "like", operator, isNot, operand, pattern, ...ending, ...reader.since(start) };
}

/** Tests of Flink that Millrace does not have. */
const unsupportedTests = [
  ["ILIKE"],
  ["RLIKE"],
  ["NOT", "ILIKE"],
  ["NOT", "RLIKE"],
  ["MEMBER", "OF"],
  ["NOT", "MEMBER", "OF"],
  ["SUBMULTISET", "OF"],
  ["MULTISET", "UNION"],
  ["MULTISET", "EXCEPT"],
  ["MULTISET", "INTERSECT"],
] as const;

function refuseTests(reader: TokenReader): void {
  const found = unsupportedTests.find((words) => reader.comes(...words));
  if (!found) return;
  // Without an operand behind it it may be an alias.
  const { kind, word } = reader.peek(found.length);
  const isOperand = kind === "word" ? !isReserved(word) : kind !== "end" && kind !== "symbol";
  if (isOperand) reader.notSupported(reader.token, found.join(" "));
}

/** Comparisons of periods other than OVERLAPS. */
function refusePeriods(reader: TokenReader): void {
  const { token } = reader;
  if (!/^(?:CONTAINS|EQUALS|PRECEDES|SUCCEEDS|IMMEDIATELY)$/.test(token.word)) return;
  reader.notSupported(token, `${token.word} of periods; compare their ends`);
}

function parseIs(reader: TokenReader, operand: Expression, start: number): Is {
  const isNot = reader.accept("NOT");
  if (reader.accept("DISTINCT")) {
    reader.expect("FROM");
    const other = reader.operand();
    return { kind: "is", isNot, what: "DISTINCT FROM", operand, other, ...reader.since(start) };
  }
  const isOfSets = reader.comes("A", "SET") || reader.comes("EMPTY");
  if (isOfSets) reader.notSupported(reader.token, `IS ${reader.token.word === "A" ? "A SET" : "EMPTY"}`);
  const word = reader.expectOneOf("NULL", "TRUE", "FALSE", "UNKNOWN", "JSON");
  const shape = word === "JSON" ? reader.acceptOneOf("VALUE", "OBJECT", "ARRAY", "SCALAR") : undefined;
  const what = shape && shape !== "VALUE" ? `JSON ${shape}` : word;
  return { kind: "is", isNot, what, operand, ...reader.since(start) };
}

/** A sign binds tighter than any operator; one before a number is the number's. */
function parseSigned(reader: TokenReader): Expression {
  const { start } = reader.token;
  const operator = reader.acceptOneOf("-", "+");
  if (!operator) return parsePostfix(reader);
  const operand = reader.nested(() => parseSigned(reader));
  if (operator === "-" && isUnsigned(operand)) {
    return { ...operand, text: `-${operand.text}`, ...reader.since(start) };
  }
  return { kind: "unary", operator, operand, ...reader.since(start) };
}

function isUnsigned(expression: Expression): expression is Literal {
  return expression.kind === "literal" && expression.type === "number" && !expression.text.startsWith("-");
}

/** Elements and fields of what stands before. */
function parsePostfix(reader: TokenReader): Expression {
  const { start } = reader.token;
  let operand = parsePrimary(reader);
  for (;;) {
    if (reader.accept("[")) {
      const index = reader.expression();
      reader.expect("]");
      operand = { kind: "element", operand, index, ...reader.since(start) };
    } else if (reader.accept(".")) {
      const field = reader.accept("*") ? undefined : reader.member();
      operand = { kind: "field", operand, field, ...reader.since(start) };
    } else {
      return operand;
    }
  }
}
