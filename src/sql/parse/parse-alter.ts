/**
 * ALTER and DROP.
 */
import { parseFreshness, parseFunctionFacts, parseRefreshMode } from "./parse-create.ts";
import {
  parseDistribution,
  parseElements,
  parseKeys,
  parseOptions,
  parsePartitionValues,
} from "./parse-definition.ts";
import type { AlterTable, AlterView, Drop, Statement, TableChange } from "./statement-tree.ts";
import type { TokenReader } from "./token-reader.ts";

const unsupported = ["CATALOG", "DATABASE", "MODEL", "CONNECTION"] as const;

/** Reads a statement that begins with ALTER. */
export function parseAlter(reader: TokenReader): Statement {
  const { start } = reader.token;
  reader.expect("ALTER");
  if (reader.accept("MATERIALIZED")) {
    reader.expect("TABLE");
    return parseAlterTable(reader, start, true);
  }
  if (reader.accept("TABLE")) return parseAlterTable(reader, start, false);
  if (reader.accept("VIEW")) return parseAlterView(reader, start);
  const isTemporary = reader.accept("TEMPORARY");
  const isSystem = isTemporary && reader.accept("SYSTEM");
  const other = reader.acceptOneOf(...unsupported);
  if (other) reader.notSupported(reader.since(start), `ALTER ${other}`);
  reader.expect("FUNCTION");
  const ifExists = reader.accept("IF", "EXISTS");
  const facts = parseFunctionFacts(reader, isTemporary, isSystem);
  return { kind: "alter function", ifExists, ...facts, ...reader.since(start) };
}

function parseAlterTable(reader: TokenReader, start: number, isMaterialized: boolean): AlterTable {
  const ifExists = !isMaterialized && reader.accept("IF", "EXISTS");
  const name = reader.name("the table's name");
  const change = (isMaterialized && parseRefreshChange(reader)) || parseChange(reader) || reader.fail();
  return { kind: "alter table", isMaterialized, ifExists, name, change, ...reader.since(start) };
}

function parseChange(reader: TokenReader): TableChange | undefined {
  if (reader.accept("SET")) return { change: "set", options: parseOptions(reader) };
  if (reader.accept("RESET")) return { change: "reset", keys: parseKeys(reader) };
  if (reader.accept("RENAME")) return parseRename(reader);
  if (reader.accept("DROP")) return parseDropped(reader);
  if (reader.is("COMPACT")) reader.notSupported(reader.token, "ALTER TABLE … COMPACT");
  if (reader.is("PARTITION")) reader.notSupported(reader.token, "partitions of tables");
  const how = reader.acceptOneOf("ADD", "MODIFY");
  if (!how) return undefined;
  if (reader.is("PARTITION", "IF")) reader.notSupported(reader.token, "partitions of tables");
  const change = how === "ADD" ? "add" : "modify";
  if (!reader.accept("DISTRIBUTION")) return { change, definition: parseElements(reader) };
  return { change: `${change} distribution`, distribution: parseDistribution(reader, true) };
}

function parseRename(reader: TokenReader): TableChange {
  if (reader.accept("TO")) return { change: "rename", to: reader.name() };
  const column = reader.name("a column");
  reader.expect("TO");
  return { change: "rename column", column, to: reader.name() };
}

function parseDropped(reader: TokenReader): TableChange {
  if (reader.accept("WATERMARK")) return { change: "drop watermark" };
  if (reader.accept("DISTRIBUTION")) return { change: "drop distribution" };
  if (reader.accept("PRIMARY", "KEY")) return { change: "drop primary key" };
  if (reader.accept("CONSTRAINT")) return { change: "drop constraint", constraint: reader.identifier() };
  if (reader.is("PARTITION", "IF")) reader.notSupported(reader.token, "partitions of tables");
  const columns = reader.is("(")
    ? reader.parenthesized(() => reader.list(() => reader.name()))
    : [reader.name("a column")];
  return { change: "drop columns", columns };
}

/** What only a materialized table takes. */
function parseRefreshChange(reader: TokenReader): TableChange | undefined {
  if (reader.accept("SUSPEND")) return { change: "suspend" };
  if (reader.accept("RESUME")) {
    return { change: "resume", ...(reader.accept("WITH") && { options: parseOptions(reader) }) };
  }
  if (reader.accept("REFRESH")) {
    const partition = reader.accept("PARTITION") ? parsePartitionValues(reader) : [];
    return { change: "refresh", partition };
  }
  if (reader.accept("SET", "FRESHNESS")) return { change: "freshness", freshness: parseFreshness(reader) };
  if (reader.accept("SET", "REFRESH_MODE")) {
    return { change: "refresh mode", refreshMode: parseRefreshMode(reader) };
  }
  return reader.accept("AS") ? { change: "query", query: reader.query() } : undefined;
}

function parseAlterView(reader: TokenReader, start: number): AlterView {
  const ifExists = reader.accept("IF", "EXISTS");
  const name = reader.name("the view's name");
  const isRenamed = reader.accept("RENAME");
  reader.expect(isRenamed ? "TO" : "AS");
  const change = isRenamed ? { to: reader.name() } : { query: reader.query() };
  return { kind: "alter view", ifExists, name, change, ...reader.since(start) };
}

/** Reads a statement that begins with DROP. */
export function parseDrop(reader: TokenReader): Drop {
  const { start } = reader.token;
  reader.expect("DROP");
  const isTemporary = reader.accept("TEMPORARY");
  const { token } = reader;
  const isSystem = reader.accept("SYSTEM");
  const isMaterialized = !isSystem && reader.accept("MATERIALIZED");
  if (isMaterialized && isTemporary) reader.refuse(token, "A materialized table is not temporary");
  const other = isMaterialized ? undefined : reader.acceptOneOf(...unsupported);
  if (isSystem && !isTemporary) reader.refuse(token, "A system function is dropped as a temporary one");
  if (other) reader.notSupported(reader.since(start), `DROP ${other}`);
  const kinds = isMaterialized ? ["TABLE"] : isSystem ? ["FUNCTION"] : ["TABLE", "VIEW", "FUNCTION"];
  const kind = reader.expectOneOf(...kinds);
  const what = (isMaterialized ? `MATERIALIZED ${kind}` : kind) as Drop["what"];
  const ifExists = reader.accept("IF", "EXISTS");
  const name = reader.name();
  return { kind: "drop", what, isTemporary, isSystem, ifExists, name, ...reader.since(start) };
}
