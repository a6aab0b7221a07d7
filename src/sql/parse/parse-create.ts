/**
 * CREATE, and REPLACE TABLE.
 */
import { noDefinition, parseDefinition, parseDistribution, parseOptions } from "./parse-definition.ts";
import { parseInterval } from "./parse-primary.ts";
import type {
  CreateFunction,
  CreateTable,
  CreateView,
  FunctionFacts,
  LikeTable,
  StartMode,
  Statement,
} from "./statement-tree.ts";
import type { Span } from "./syntax-error.ts";
import type { TokenReader } from "./token-reader.ts";

const unsupported = ["CATALOG", "DATABASE", "MODEL", "CONNECTION", "MODULE"] as const;

/** Reads a statement that begins with CREATE or REPLACE. */
export function parseCreate(reader: TokenReader): Statement {
  const { start } = reader.token;
  if (reader.accept("REPLACE")) {
    reader.expect("TABLE");
    return parseTable(reader, start, { existing: "replace", isTemporary: false, isMaterialized: false });
  }
  reader.expect("CREATE");
  const how = reader.accept("OR") ? reader.expectOneOf("REPLACE", "ALTER") : undefined;
  const existing = how === "REPLACE" ? "replace" : how === "ALTER" ? "alter" : "error";
  const isTemporary = reader.accept("TEMPORARY");
  const { token } = reader;
  if (reader.accept("TABLE")) {
    if (how === "ALTER") reader.refuse(token, "Only a materialized table is created or altered");
    return parseTable(reader, start, { existing, isTemporary, isMaterialized: false });
  }
  if (reader.accept("MATERIALIZED")) {
    reader.expect("TABLE");
    if (isTemporary) reader.refuse(token, "A materialized table is not temporary");
    return parseTable(reader, start, { existing, isTemporary, isMaterialized: true });
  }
  if (how) reader.notSupported(reader.since(start), `CREATE OR ${how} of anything but tables`);
  if (reader.accept("VIEW")) return parseView(reader, start, isTemporary);
  const isSystem = reader.accept("SYSTEM");
  const other = reader.acceptOneOf(...unsupported);
  if (other) reader.notSupported(reader.since(start), `CREATE ${other}`);
  if (isSystem && !isTemporary) reader.refuse(token, "A system function is created as a temporary one");
  reader.expect("FUNCTION");
  return parseCreateFunction(reader, start, isTemporary, isSystem);
}

function parseTable(
  reader: TokenReader,
  start: number,
  facts: Pick<CreateTable, "existing" | "isTemporary" | "isMaterialized">,
): CreateTable {
  const { token } = reader;
  const keeps = parseIfNotExists(reader);
  if (keeps && facts.existing !== "error") reader.refuse(token, "A table is either replaced or kept");
  const name = reader.name("the table's name");
  const opens = reader.token.start;
  const definition = reader.is("(") ? parseDefinition(reader) : noDefinition;
  const defined = reader.since(opens);
  const comment = parseComment(reader);
  const distribution = reader.accept("DISTRIBUTED") ? { distribution: parseDistribution(reader, false) } : {};
  const partitionedBy = reader.accept("PARTITIONED", "BY") ? reader.identifiers() : [];
  if (reader.comes("USING", "CONNECTION")) reader.notSupported(reader.token, "USING CONNECTION");
  const options = reader.accept("WITH") ? { options: parseOptions(reader) } : {};
  const like = !facts.isMaterialized && reader.accept("LIKE") ? { like: parseLike(reader) } : {};
  const refreshed = facts.isMaterialized ? parseRefresh(reader) : {};
  if (facts.isMaterialized && !reader.is("AS")) reader.fail();
  const query = !("like" in like) && reader.accept("AS") ? { query: reader.query() } : {};
  checkTypes(reader, definition, "query" in query, defined);
  const rest = { ...comment, ...distribution, partitionedBy, ...options, ...like, ...refreshed, ...query };
  const existing = keeps ? "keep" : facts.existing;
  return { kind: "create table", ...facts, existing, name, definition, ...rest, ...reader.since(start) };
}

/** Either all columns have a type, or none has, and a query gives them. */
function checkTypes(
  reader: TokenReader,
  { columns }: CreateTable["definition"],
  hasQuery: boolean,
  defined: Span,
): void {
  const bare = columns.filter(({ type, computed }) => !type && !computed);
  if (bare.length === 0) return;
  if (!hasQuery)
    reader.refuse(bare[0] ?? defined, "Only a table that is made of a query has columns without type");
  const typed = columns.find(({ type, computed }) => type ?? computed);
  if (typed) reader.refuse(typed.type ?? typed, "Columns that name those of a query have no type");
}

function parseRefresh(reader: TokenReader): Pick<CreateTable, "freshness" | "refreshMode" | "startMode"> {
  const startMode = reader.accept("START_MODE") ? { startMode: parseStartMode(reader) } : {};
  const freshness = reader.accept("FRESHNESS") ? { freshness: parseFreshness(reader) } : {};
  const refreshMode = reader.accept("REFRESH_MODE") ? { refreshMode: parseRefreshMode(reader) } : {};
  return { ...startMode, ...freshness, ...refreshMode };
}

export function parseFreshness(reader: TokenReader) {
  reader.expect("=");
  if (!reader.is("INTERVAL")) reader.fail();
  return parseInterval(reader);
}

export function parseRefreshMode(reader: TokenReader): "FULL" | "CONTINUOUS" {
  reader.expect("=");
  return reader.expectOneOf("FULL", "CONTINUOUS");
}

function parseStartMode(reader: TokenReader): StartMode {
  reader.expect("=");
  const mode = reader.expectOneOf(
    "FROM_BEGINNING",
    "FROM_NOW",
    "FROM_TIMESTAMP",
    "RESUME_OR_FROM_BEGINNING",
    "RESUME_OR_FROM_NOW",
    "RESUME_OR_FROM_TIMESTAMP",
  );
  if (!reader.is("(")) return { mode };
  return { mode, from: reader.parenthesized(() => reader.expression()) };
}

function parseLike(reader: TokenReader): LikeTable {
  const source = reader.name();
  const options: { readonly how: string; readonly what: string }[] = [];
  if (!reader.accept("(")) return { source, options };
  while (!reader.accept(")")) {
    const how = reader.expectOneOf("INCLUDING", "EXCLUDING", "OVERWRITING");
    const what = reader.expectOneOf(
      ...(["ALL", "CONSTRAINTS", "DISTRIBUTION", "GENERATED", "METADATA"] as const),
      ...(["OPTIONS", "PARTITIONS", "WATERMARKS"] as const),
    );
    options.push({ how, what });
  }
  return { source, options };
}

function parseView(reader: TokenReader, start: number, isTemporary: boolean): CreateView {
  const ifNotExists = parseIfNotExists(reader);
  const name = reader.name("the view's name");
  const columns = reader.is("(")
    ? reader.parenthesized(() => reader.list(() => ({ name: reader.identifier(), ...parseComment(reader) })))
    : [];
  const comment = parseComment(reader);
  reader.expect("AS");
  const query = reader.query();
  const facts = { isTemporary, ifNotExists, name, columns, ...comment, query };
  return { kind: "create view", ...facts, ...reader.since(start) };
}

function parseCreateFunction(
  reader: TokenReader,
  start: number,
  isTemporary: boolean,
  isSystem: boolean,
): CreateFunction {
  const ifNotExists = parseIfNotExists(reader);
  const facts = parseFunctionFacts(reader, isTemporary, isSystem);
  return { kind: "create function", ifNotExists, ...facts, ...reader.since(start) };
}

/** Reads a function's name and what it is bound to. */
export function parseFunctionFacts(
  reader: TokenReader,
  isTemporary: boolean,
  isSystem: boolean,
): Omit<FunctionFacts, "start" | "end"> {
  const name = reader.name("the function's name");
  const [, second] = name.parts;
  if (isSystem && second) reader.refuse(second, "A system function's name has one part");
  reader.expect("AS");
  const implementation = reader.string();
  const written = reader.accept("LANGUAGE") ? reader.member() : undefined;
  const language = written ? { language: written.name.toUpperCase() } : {};
  if (reader.is("USING")) {
    if (written && language.language === "SQL") reader.refuse(written, "A function in SQL uses no file");
    reader.notSupported(reader.token, "functions out of files: register it in the worker, under its name");
  }
  if (reader.comes("WITH")) reader.notSupported(reader.token, "functions with options");
  return { isTemporary, isSystem, name, implementation, ...language };
}

function parseIfNotExists(reader: TokenReader): boolean {
  return reader.accept("IF", "NOT", "EXISTS");
}

export function parseComment(reader: TokenReader): { readonly comment?: string } {
  return reader.accept("COMMENT") ? { comment: reader.string() } : {};
}
