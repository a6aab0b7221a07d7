/**
 * JSON functions of the SQL standard, with the clauses that only they have.
 */
import { parseBareType } from "./parse-type.ts";
import type { Expression, JsonBehavior, JsonCall } from "./syntax-tree.ts";
import type { TokenReader } from "./token-reader.ts";

const withPairs: ReadonlySet<string> = new Set(["JSON_OBJECT", "JSON_OBJECTAGG"]);
const others: ReadonlySet<string> = new Set([
  "JSON_EXISTS",
  "JSON_VALUE",
  "JSON_QUERY",
  "JSON_ARRAY",
  "JSON_ARRAYAGG",
]);

/** Clauses of the standard that Millrace does not have. */
const unsupportedClauses: readonly (readonly string[])[] = [["PASSING"], ["FORMAT", "JSON"], ["ORDER", "BY"]];

type Clauses = Pick<JsonCall, "returning" | "onEmpty" | "onError" | "onNull" | "wrapper">;

/** Reads such a function; undefined where the name is of none. */
export function parseJsonFunction(reader: TokenReader): JsonCall | undefined {
  const { word: name, start } = reader.token;
  const hasPairs = withPairs.has(name);
  if (!hasPairs && !others.has(name)) return undefined;
  reader.take();
  const inner = reader.parenthesized(() => {
    const isEmpty = reader.is(")") || isClause(reader);
    const pairs = hasPairs && !isEmpty ? reader.list(() => parsePair(reader)) : [];
    const given: Expression[] = hasPairs || isEmpty ? [] : reader.list(() => reader.expression());
    return { arguments: given, pairs, ...parseClauses(reader) };
  });
  return { kind: "json", name, ...inner, ...reader.since(start) };
}

/** `NULL ON NULL` is no argument. */
function isClause(reader: TokenReader): boolean {
  return reader.comes("ABSENT", "ON") || reader.comes("NULL", "ON") || reader.comes("RETURNING");
}

/** `KEY k VALUE v`, `k VALUE v` or `k : v`. */
function parsePair(reader: TokenReader): JsonCall["pairs"][number] {
  const isNamed = !["VALUE", ":"].includes(reader.peek(1).word) && reader.accept("KEY");
  const key = reader.operand();
  if (isNamed) reader.expect("VALUE");
  else reader.expectOneOf("VALUE", ":");
  return { key, value: reader.expression() };
}

function parseClauses(reader: TokenReader): Clauses {
  let clauses: Clauses = {};
  while (!reader.is(")")) clauses = { ...clauses, ...parseClause(reader) };
  return clauses;
}

function parseClause(reader: TokenReader): Clauses {
  for (const words of unsupportedClauses) {
    if (reader.comes(...words)) reader.notSupported(reader.token, `${words.join(" ")} in a JSON function`);
  }
  if (reader.accept("RETURNING")) return { returning: parseBareType(reader) };
  if (reader.accept("WITHOUT")) return parseWrapper(reader, "WITHOUT");
  if (reader.accept("WITH")) {
    const kind = reader.acceptOneOf("CONDITIONAL", "UNCONDITIONAL");
    return parseWrapper(reader, kind ? `WITH ${kind}` : "WITH");
  }
  if (reader.accept("DEFAULT")) return parseOccasion(reader, reader.expression());
  if (reader.accept("EMPTY")) return parseOccasion(reader, `EMPTY ${reader.expectOneOf("ARRAY", "OBJECT")}`);
  return parseOccasion(reader, reader.expectOneOf("NULL", "ERROR", "ABSENT", "TRUE", "FALSE", "UNKNOWN"));
}

function parseWrapper(reader: TokenReader, wrapper: string): Clauses {
  reader.accept("ARRAY");
  reader.expect("WRAPPER");
  return { wrapper };
}

function parseOccasion(reader: TokenReader, behavior: JsonBehavior): Clauses {
  reader.expect("ON");
  const occasion = reader.expectOneOf("EMPTY", "ERROR", "NULL");
  if (occasion === "EMPTY") return { onEmpty: behavior };
  return occasion === "ERROR" ? { onError: behavior } : { onNull: behavior };
}
