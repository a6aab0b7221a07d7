/**
 * What tables are defined by: columns, watermark, constraints, distribution, options.
 */
import { parseType } from "./parse-type.ts";
import type {
  ColumnDefinition,
  Distribution,
  KeyConstraint,
  Option,
  PartitionValue,
  TableDefinition,
  WatermarkDefinition,
} from "./statement-tree.ts";
import type { TokenReader } from "./token-reader.ts";

export const noDefinition: TableDefinition = Object.freeze({ columns: [], constraints: [] });

type Element =
  | { readonly column: ColumnDefinition }
  | { readonly watermark: WatermarkDefinition }
  | { readonly constraint: KeyConstraint };

/** Reads columns and what else stands among them, in parentheses. */
export function parseDefinition(reader: TokenReader): TableDefinition {
  return collect(
    reader,
    reader.parenthesized(() => reader.list(() => parseElement(reader))),
  );
}

/** Reads one element without parentheses, or several within. */
export function parseElements(reader: TokenReader): TableDefinition {
  return reader.is("(") ? parseDefinition(reader) : collect(reader, [parseElement(reader)]);
}

function collect(reader: TokenReader, elements: readonly Element[]): TableDefinition {
  const watermarks = elements.flatMap((element) => ("watermark" in element ? [element.watermark] : []));
  const [watermark, second] = watermarks;
  if (second) reader.refuse(second, "A table has at most one watermark");
  return {
    columns: elements.flatMap((element) => ("column" in element ? [element.column] : [])),
    constraints: elements.flatMap((element) => ("constraint" in element ? [element.constraint] : [])),
    ...(watermark && { watermark }),
  };
}

function parseElement(reader: TokenReader): Element {
  const { start } = reader.token;
  if (reader.accept("WATERMARK", "FOR")) {
    const column = reader.name();
    reader.expect("AS");
    if (reader.comes("(", "SELECT")) reader.refuse(reader.token, "A watermark is no query");
    const expression = reader.expression();
    return { watermark: { column, expression, ...reader.since(start) } };
  }
  if (reader.is("CONSTRAINT", "PRIMARY", "UNIQUE")) return { constraint: parseConstraint(reader, true) };
  return { column: parseColumn(reader) };
}

/** `hasColumns` tells a table's from that of one column. */
function parseConstraint(reader: TokenReader, hasColumns: boolean): KeyConstraint {
  const { start } = reader.token;
  const name = reader.accept("CONSTRAINT") ? { name: reader.identifier() } : {};
  const first = reader.expectOneOf("PRIMARY", "UNIQUE");
  if (first === "PRIMARY") reader.expect("KEY");
  const columns = hasColumns ? reader.identifiers() : [];
  const isNot = reader.comes("NOT", "ENFORCED") && reader.accept("NOT");
  const isSaid = reader.accept("ENFORCED");
  return {
    constraint: first === "PRIMARY" ? "PRIMARY KEY" : "UNIQUE",
    ...name,
    columns,
    ...(isSaid && { isEnforced: !isNot }),
    ...reader.since(start),
  };
}

function parseColumn(reader: TokenReader): ColumnDefinition {
  const { start } = reader.token;
  const name = reader.name("a column");
  const what = reader.accept("AS") ? { computed: reader.expression() } : parsePhysical(reader);
  const comment = reader.accept("COMMENT") ? { comment: reader.string() } : {};
  const position = reader.accept("FIRST")
    ? { position: "first" as const }
    : reader.accept("AFTER")
      ? { position: reader.name() }
      : {};
  return { name, ...what, ...comment, ...position, ...reader.since(start) };
}

function parsePhysical(reader: TokenReader): Pick<ColumnDefinition, "type" | "metadata" | "constraint"> {
  if (reader.is(",", ")")) return {};
  const type = parseType(reader);
  const constraint = reader.is("CONSTRAINT", "PRIMARY", "UNIQUE")
    ? { constraint: parseConstraint(reader, false) }
    : {};
  if (!reader.accept("METADATA")) return { type, ...constraint };
  const key = reader.accept("FROM") ? { key: reader.string() } : {};
  return { type, ...constraint, metadata: { ...key, isVirtual: reader.accept("VIRTUAL") } };
}

/** `DISTRIBUTED BY HASH(a) INTO 3 BUCKETS`, behind its first word; a change of it must say by what. */
export function parseDistribution(reader: TokenReader, mustSay: boolean): Distribution {
  const isBy = mustSay ? reader.expect("BY") : reader.accept("BY");
  if (!isBy) reader.want("INTO");
  const strategy = isBy ? reader.acceptOneOf("HASH", "RANGE") : undefined;
  const columns = isBy ? reader.identifiers() : [];
  const hasBuckets = isBy ? reader.accept("INTO") : reader.expect("INTO");
  if (!hasBuckets) return { ...(strategy && { strategy }), columns };
  const { token } = reader;
  const buckets = reader.wholeNumber("a number of buckets");
  if (buckets === 0) reader.refuse(token, "There is at least one bucket");
  reader.expect("BUCKETS");
  return { ...(strategy && { strategy }), columns, buckets };
}

/** `('key' = 'value', …)`. */
export function parseOptions(reader: TokenReader): Option[] {
  return reader.parenthesized(() => (reader.is(")") ? [] : reader.list(() => parseOption(reader))));
}

export function parseOption(reader: TokenReader): Option {
  const key = reader.string();
  reader.expect("=");
  return { key, value: reader.string() };
}

/** `('key', …)`. */
export function parseKeys(reader: TokenReader): string[] {
  return reader.parenthesized(() => (reader.is(")") ? [] : reader.list(() => reader.string())));
}

/** `(column = value, …)`. */
export function parsePartitionValues(reader: TokenReader): PartitionValue[] {
  return reader.parenthesized(() =>
    reader.list(() => {
      const column = reader.identifier();
      reader.expect("=");
      return { column, value: reader.expression() };
    }),
  );
}
