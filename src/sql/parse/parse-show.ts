/**
 * SHOW, DESCRIBE, EXPLAIN's details, SET, RESET, USE and STOP JOB: what asks, and what sets.
 */
import { parseOption } from "./parse-definition.ts";
import type { Describe, ResetOption, SetOption, Show, StopJob, Use } from "./statement-tree.ts";
import type { TokenReader } from "./token-reader.ts";

/** Things that are shown, and whether they are in a database. */
const shown: Readonly<Record<string, boolean>> = {
  TABLES: true,
  VIEWS: true,
  FUNCTIONS: true,
  COLUMNS: true,
  DATABASES: true,
  CATALOGS: false,
  JOBS: false,
};

const unsupported = ["PROCEDURES", "PARTITIONS", "MODELS", "CONNECTIONS", "MODULES", "JARS"] as const;

export function parseShow(reader: TokenReader): Show {
  const { start } = reader.token;
  reader.expect("SHOW");
  if (reader.accept("CREATE")) return parseShowCreate(reader, start);
  if (reader.accept("CURRENT")) {
    const what = `CURRENT ${reader.expectOneOf("CATALOG", "DATABASE")}`;
    return { kind: "show", what, ...reader.since(start) };
  }
  const prefix = reader.acceptOneOf("USER", "MATERIALIZED", "FULL");
  const other = reader.acceptOneOf(...unsupported);
  if (other) reader.notSupported(reader.since(start), `SHOW ${other}`);
  const things = prefix ? [prefix === "USER" ? "FUNCTIONS" : "TABLES"] : Object.keys(shown);
  const thing = reader.expectOneOf(...things);
  const what = prefix ? `${prefix} ${thing}` : thing;
  const isIn = shown[thing] === true && reader.acceptOneOf("FROM", "IN") !== undefined;
  if (thing === "COLUMNS" && !isIn) reader.fail();
  const of = isIn ? { of: reader.name() } : {};
  return { kind: "show", what, ...of, ...(thing !== "JOBS" && parsePattern(reader)), ...reader.since(start) };
}

function parsePattern(reader: TokenReader): Pick<Show, "pattern"> {
  const isNot = reader.accept("NOT");
  const operator = isNot ? reader.expectOneOf("LIKE", "ILIKE") : reader.acceptOneOf("LIKE", "ILIKE");
  return operator ? { pattern: { isNot, operator, text: reader.string() } } : {};
}

function parseShowCreate(reader: TokenReader, start: number): Show {
  const isOrAlter = reader.accept("OR", "ALTER");
  const other = isOrAlter ? undefined : reader.acceptOneOf("CATALOG", "MODEL", "CONNECTION", "DATABASE");
  if (other) reader.notSupported(reader.since(start), `SHOW CREATE ${other}`);
  const isMaterialized = isOrAlter ? reader.expect("MATERIALIZED") : reader.accept("MATERIALIZED");
  const kind = reader.expectOneOf(...(isMaterialized ? ["TABLE"] : ["TABLE", "VIEW", "FUNCTION"]));
  const thing = isMaterialized ? `MATERIALIZED ${kind}` : kind;
  const what = `CREATE ${isOrAlter ? "OR ALTER " : ""}${thing}`;
  return { kind: "show", what, of: reader.name(), ...reader.since(start) };
}

export function parseDescribe(reader: TokenReader): Describe {
  const { start } = reader.token;
  reader.expectOneOf("DESCRIBE", "DESC");
  const next = reader.peek(1).kind;
  const isThing = next === "word" || next === "quoted";
  if (isThing && reader.is("CATALOG", "DATABASE", "MODEL", "CONNECTION")) {
    reader.notSupported(reader.token, `DESCRIBE ${reader.token.word}`);
  }
  if (next === "string" && reader.accept("JOB")) {
    const name = reader.string();
    return { kind: "describe", what: "JOB", isExtended: false, name, ...reader.since(start) };
  }
  const what = isThing && reader.accept("FUNCTION") ? "FUNCTION" : "TABLE";
  const isExtended = reader.accept("EXTENDED");
  return { kind: "describe", what, isExtended, name: reader.name(), ...reader.since(start) };
}

/** `SET 'key' = 'value'`; without quotes up to the end, as Flink's client takes it. */
export function parseSet(reader: TokenReader): SetOption {
  const { start } = reader.token;
  reader.expect("SET");
  if (reader.isAtEnd || reader.is(";")) return { kind: "set", ...reader.since(start) };
  const option = reader.token.kind === "string" ? parseOption(reader) : parseBareOption(reader);
  return { kind: "set", option, ...reader.since(start) };
}

function parseBareOption(reader: TokenReader): { readonly key: string; readonly value: string } {
  const untilAny = (...symbols: readonly string[]) => {
    const { start } = reader.token;
    while (!reader.isAtEnd && !symbols.includes(reader.token.word)) reader.take();
    const { end } = reader.since(start);
    return reader.source.text.slice(start, Math.max(start, end)).trim();
  };
  const key = untilAny("=", ";");
  reader.expect("=");
  const next = reader.peek(1);
  const isQuoted = reader.token.kind === "string" && (next.word === ";" || next.kind === "end");
  return { key, value: isQuoted ? reader.string() : untilAny(";") };
}

export function parseReset(reader: TokenReader): ResetOption {
  const { start } = reader.token;
  reader.expect("RESET");
  const { kind } = reader.token;
  const isBare = kind === "word" || kind === "quoted";
  const key =
    kind === "string"
      ? { key: reader.string() }
      : isBare
        ? {
            key: reader
              .name()
              .parts.map(({ name }) => name)
              .join("."),
          }
        : {};
  return { kind: "reset", ...key, ...reader.since(start) };
}

export function parseUse(reader: TokenReader): Use {
  const { start } = reader.token;
  reader.expect("USE");
  if (reader.is("MODULES")) reader.notSupported(reader.token, "USE MODULES");
  const what = reader.accept("CATALOG") ? "CATALOG" : "DATABASE";
  return { kind: "use", what, name: reader.name(), ...reader.since(start) };
}

export function parseStopJob(reader: TokenReader): StopJob {
  const { start } = reader.token;
  reader.expect("STOP", "JOB");
  const job = reader.string();
  const withSavepoint = reader.accept("WITH", "SAVEPOINT");
  const { token } = reader;
  const withDrain = reader.accept("WITH", "DRAIN");
  if (withDrain && !withSavepoint) reader.refuse(token, "WITH DRAIN stands behind WITH SAVEPOINT");
  return { kind: "stop job", job, withSavepoint, withDrain, ...reader.since(start) };
}
