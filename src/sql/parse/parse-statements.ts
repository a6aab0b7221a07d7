/**
 * From text to statements: the way into the parser.
 */
import { Parameters, type ParameterValues } from "./parameters.ts";
import { parseAlter, parseDrop } from "./parse-alter.ts";
import { parseCreate } from "./parse-create.ts";
import { parsePartitionValues } from "./parse-definition.ts";
import { parseExpression, parseOperand } from "./parse-expression.ts";
import { parseHints } from "./parse-hints.ts";
import { parseQuery } from "./parse-query.ts";
import { parseDescribe, parseReset, parseSet, parseShow, parseStopJob, parseUse } from "./parse-show.ts";
import { parseType } from "./parse-type.ts";
import type { Explain, Insert, Statement, StatementSet } from "./statement-tree.ts";
import type { Expression, QualifiedName, TypeName } from "./syntax-tree.ts";
import { TokenReader } from "./token-reader.ts";

const grammar = { expression: parseExpression, operand: parseOperand, query: parseQuery } as const;

/** Statements that Flink knows and Millrace does not, by their first words. */
const unsupported: readonly (readonly string[])[] = [
  ["EXECUTE", "PLAN"],
  ["COMPILE", "PLAN"],
  ["COMPILE", "AND"],
  ["TRUNCATE", "TABLE"],
  ["ANALYZE", "TABLE"],
  ["LOAD", "MODULE"],
  ["UNLOAD", "MODULE"],
  ["ADD", "JAR"],
  ["REMOVE", "JAR"],
  ["UPSERT"],
  ["UPDATE"],
  ["DELETE"],
  ["MERGE"],
  ["CALL"],
];

/**
 * Returns the statements of a text, which have semicolons between them; `values` are those of its parameters.
 * Throws `SQL_SYNTAX`, `SQL_NOT_SUPPORTED` for what Flink knows and Millrace does not, or `SQL_INVALID` for a
 * parameter without a value and a value without a parameter.
 */
export function parseStatements(text: string, values?: ParameterValues): Statement[] {
  const parameters = new Parameters(values);
  const reader = new TokenReader(text, grammar, parameters);
  const statements: Statement[] = [];
  for (;;) {
    while (reader.accept(";")) {}
    if (reader.isAtEnd) break;
    statements.push(parseStatement(reader));
    if (!reader.isAtEnd && !reader.is(";")) reader.fail("the end");
  }
  parameters.checkUsed();
  return statements;
}

/** Returns the expression that a text is. Throws as `parseStatements` does. */
export function parseExpressionText(text: string): Expression {
  const reader = new TokenReader(text, grammar, new Parameters());
  const expression = reader.expression();
  if (!reader.isAtEnd) reader.fail("the end");
  return expression;
}

/** Reads a type, with NOT NULL where it is written. */
export function parseTypeText(text: string): TypeName {
  const reader = new TokenReader(text, grammar, new Parameters());
  const type = parseType(reader);
  if (!reader.isAtEnd) reader.fail("the end");
  return type;
}

function parseStatement(reader: TokenReader): Statement {
  const { start, word } = reader.token;
  switch (word) {
    case "SELECT":
    case "WITH":
    case "VALUES":
    case "TABLE":
    case "(":
      return { kind: "query", query: reader.query(), ...reader.since(start) };
    case "INSERT":
      return parseInsert(reader);
    case "CREATE":
    case "REPLACE":
      return parseCreate(reader);
    case "ALTER":
      return parseAlter(reader);
    case "DROP":
      return parseDrop(reader);
    case "SHOW":
      return parseShow(reader);
    case "DESCRIBE":
    case "DESC":
      return parseDescribe(reader);
    case "EXPLAIN":
      return parseExplain(reader);
    case "SET":
      return parseSet(reader);
    case "RESET":
      return parseReset(reader);
    case "USE":
      return parseUse(reader);
    case "STOP":
      return parseStopJob(reader);
    default:
      return parseExecuted(reader);
  }
}

/** `EXECUTE STATEMENT SET BEGIN … END`, `BEGIN STATEMENT SET; … END`, `EXECUTE` before a statement. */
function parseExecuted(reader: TokenReader): Statement {
  const { start } = reader.token;
  const known = unsupported.find((words) => reader.comes(...words));
  if (known) reader.notSupported(reader.token, known.filter((word) => word !== "AND").join(" "));
  if (reader.accept("EXECUTE") && !reader.is("STATEMENT")) return parseRun(reader);
  if (reader.accept("STATEMENT")) {
    reader.expect("SET", "BEGIN");
    return parseInserts(reader, start);
  }
  if (reader.accept("BEGIN")) {
    reader.expect("STATEMENT", "SET");
    if (reader.isAtEnd) reader.notSupported(reader.since(start), "BEGIN STATEMENT SET in a text without END");
    reader.expect(";");
    return parseInserts(reader, start);
  }
  if (reader.comes("END")) reader.notSupported(reader.token, "END in a text without BEGIN STATEMENT SET");
  reader.is("SELECT", "INSERT", "CREATE", "ALTER", "DROP", "SHOW", "DESCRIBE", "EXPLAIN", "SET");
  return reader.fail("a statement");
}

/** What EXECUTE may stand before. */
function parseRun(reader: TokenReader): Statement {
  if (reader.is("INSERT")) return parseInsert(reader);
  const { start } = reader.token;
  return { kind: "query", query: reader.query(), ...reader.since(start) };
}

function parseInserts(reader: TokenReader, start: number): StatementSet {
  const inserts: Insert[] = [];
  while (!reader.accept("END")) {
    inserts.push(parseInsert(reader));
    reader.expect(";");
  }
  return { kind: "statement set", inserts, ...reader.since(start) };
}

function parseInsert(reader: TokenReader): Insert {
  const { start } = reader.token;
  reader.expect("INSERT");
  const isOverwrite = reader.expectOneOf("INTO", "OVERWRITE") === "OVERWRITE";
  reader.accept("TABLE");
  const into = reader.name("the table's name");
  const { token } = reader;
  const hints = parseHints(reader);
  const other = hints.find(({ name }) => name !== "OPTIONS");
  if (other) reader.notSupported(token, `the hint ${other.name} of INSERT`);
  const options = hints.flatMap((hint) => hint.options);
  const partition = reader.accept("PARTITION") ? parsePartitionValues(reader) : [];
  const columns = isColumnList(reader) ? parseInsertColumns(reader) : [];
  const query = reader.query();
  const onConflict = reader.accept("ON", "CONFLICT") ? { onConflict: parseOnConflict(reader) } : {};
  const values = options.map(({ key, value = "" }) => ({ key, value }));
  const facts = { isOverwrite, into, options: values, partition, columns, query, ...onConflict };
  return { kind: "insert", ...facts, ...reader.since(start) };
}

function parseInsertColumns(reader: TokenReader): QualifiedName[] {
  return reader.parenthesized(() =>
    reader.list(() => {
      const name = reader.name("a column");
      if (reader.token.kind === "word") reader.notSupported(reader.token, "types in the columns of INSERT");
      return name;
    }),
  );
}

function isColumnList(reader: TokenReader): boolean {
  const next = reader.peek(1);
  return reader.is("(") && next.word !== "(" && !["SELECT", "WITH", "VALUES", "TABLE"].includes(next.word);
}

function parseOnConflict(reader: TokenReader): NonNullable<Insert["onConflict"]> {
  reader.expect("DO");
  return reader.expectOneOf("ERROR", "NOTHING", "DEDUPLICATE");
}

/** `EXPLAIN PLAN FOR …`, `EXPLAIN CHANGELOG_MODE, PLAN_ADVICE …`. */
function parseExplain(reader: TokenReader): Explain {
  const { start } = reader.token;
  reader.expect("EXPLAIN");
  const known = ["ESTIMATED_COST", "CHANGELOG_MODE", "JSON_EXECUTION_PLAN", "PLAN_ADVICE"] as const;
  const details: string[] = [];
  if (reader.accept("PLAN")) reader.expect("FOR");
  else if (reader.is(...known)) details.push(...reader.list(() => reader.expectOneOf(...known)));
  const { token } = reader;
  const statement = reader.nested(() => parseStatement(reader));
  const isExplained = ["query", "insert", "statement set", "create table"].includes(statement.kind);
  if (!isExplained) reader.refuse(token, "Only a query, an INSERT or a statement set is explained");
  return { kind: "explain", details, statement, ...reader.since(start) };
}
