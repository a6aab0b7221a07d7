/**
 * Types, and units of time.
 */
import type { FieldType, IntervalUnit, TypeName } from "./syntax-tree.ts";
import type { TokenReader } from "./token-reader.ts";

/** Units in the singular; each may be written in the plural. */
const units: ReadonlySet<string> = new Set(
  `MILLENNIUM CENTURY DECADE YEAR QUARTER MONTH WEEK DAY HOUR MINUTE SECOND MILLISECOND MICROSECOND NANOSECOND
  EPOCH DOW DOY ISODOW ISOYEAR FRAC_SECOND SQL_TSI_YEAR SQL_TSI_QUARTER SQL_TSI_MONTH SQL_TSI_WEEK SQL_TSI_DAY
  SQL_TSI_HOUR SQL_TSI_MINUTE SQL_TSI_SECOND`.split(/\s+/),
);

/** Other names of types. */
const synonyms: Readonly<Record<string, string>> = {
  INTEGER: "INT",
  DEC: "DECIMAL",
  NUMERIC: "DECIMAL",
  CHARACTER: "CHAR",
};

/** Types that take no parameters. */
const bareTypes: ReadonlySet<string> = new Set("BITMAP VARIANT".split(" "));

/** Reads a type without NOT NULL or NULL behind it: another clause may begin with that. */
export function parseBareType(reader: TokenReader): TypeName {
  return reader.nested(() => parseNamedType(reader, false));
}

/** Reads a type with all that may stand behind it: NOT NULL, ARRAY, MULTISET. */
export function parseType(reader: TokenReader): TypeName {
  return reader.nested(() => {
    const { start } = reader.token;
    let type = parseNamedType(reader, true);
    for (;;) {
      const collection = reader.acceptOneOf("ARRAY", "MULTISET");
      if (!collection) return type;
      const plain = { name: collection, parameters: [], of: [type], fields: [] };
      type = { ...plain, ...nullability(reader), ...reader.since(start) };
    }
  });
}

/** Reads `DAY`, `DAYS`, `DAY(3)`: a unit and its precision. */
export function parseUnit(reader: TokenReader): Pick<IntervalUnit, "from" | "precision"> {
  const { word } = reader.token;
  const singular = word.endsWith("S") ? word.slice(0, -1) : word;
  const from = units.has(word) ? word : units.has(singular) ? singular : reader.fail("a unit of time");
  reader.take();
  if (!reader.comes("(") || reader.peek(1).kind !== "number") return { from };
  const precision = reader.parenthesized(() => {
    const leading = reader.wholeNumber();
    if (reader.is(",")) reader.notSupported(reader.token, `${from} with two precisions`);
    return leading;
  });
  return { from, precision };
}

/** Reads `DAY`, or `DAY TO SECOND(3)`. */
export function parseIntervalUnit(reader: TokenReader): IntervalUnit {
  const first = parseUnit(reader);
  if (!reader.accept("TO")) return first;
  const { from: to, precision: toPrecision } = parseUnit(reader);
  return { ...first, to, ...(toPrecision !== undefined && { toPrecision }) };
}

function parseNamedType(reader: TokenReader, hasNullability: boolean): TypeName {
  const { token } = reader;
  if (token.kind !== "word" && token.kind !== "quoted") reader.fail("a type");
  const base = { parameters: [], of: [], fields: [] };
  const finish = (type: Omit<TypeName, "start" | "end">): TypeName => {
    return { ...type, ...(hasNullability && nullability(reader)), ...reader.since(token.start) };
  };
  switch (token.word) {
    case "ROW":
      reader.take();
      return finish({ ...base, name: "ROW", fields: parseFields(reader) });
    case "ARRAY":
    case "MULTISET":
    case "MAP": {
      reader.take();
      const count = token.word === "MAP" ? 2 : 1;
      reader.expect("<");
      const of = [parseType(reader)];
      while (of.length < count) {
        reader.expect(",");
        of.push(parseType(reader));
      }
      reader.expect(">");
      return finish({ ...base, name: token.word, of });
    }
    case "INTERVAL":
      reader.take();
      return finish({ ...base, name: "INTERVAL", interval: parseIntervalUnit(reader) });
    case "RAW":
    case "STRUCTURED":
      if (reader.peek(1).word === "(" || reader.peek(1).word === "<") {
        reader.notSupported(token, `the type ${token.word}`);
      }
  }
  if (reader.peek(1).word === "." || token.kind === "quoted") {
    const { parts: path } = reader.name();
    return finish({ ...base, name: path.map((part) => part.name).join("."), path });
  }
  reader.take();
  const name = plainName(reader, synonyms[token.word] ?? token.word);
  const takesNone = bareTypes.has(name) || !reader.is("(");
  const parameters = takesNone
    ? []
    : reader.parenthesized(() => reader.list(() => reader.wholeNumber("a length or precision")));
  if (reader.comes("CHARACTER", "SET")) reader.notSupported(reader.token, "CHARACTER SET; texts are Unicode");
  return finish({ ...base, name: withTimeZone(reader, name), parameters });
}

/** Types of several words, by the first. */
function plainName(reader: TokenReader, first: string): string {
  if (first === "DOUBLE") reader.accept("PRECISION");
  if (first === "CHAR" && reader.accept("VARYING")) return "VARCHAR";
  if (first === "BINARY" && reader.accept("VARYING")) return "VARBINARY";
  return first;
}

function withTimeZone(reader: TokenReader, name: string): string {
  if (name !== "TIMESTAMP" && name !== "TIME") return name;
  if (reader.accept("WITH")) {
    const { start } = reader.token;
    const isLocal = reader.accept("LOCAL");
    reader.expect("TIME", "ZONE");
    if (name === "TIME" || !isLocal) reader.notSupported(reader.since(start), `${name} WITH TIME ZONE`);
    return "TIMESTAMP_LTZ";
  }
  if (reader.accept("WITHOUT")) reader.expect("TIME", "ZONE");
  return name;
}

/** `ROW<a INT>` or `ROW(a INT)`; it may have no field. */
function parseFields(reader: TokenReader): FieldType[] {
  if (reader.accept("<>")) return [];
  const close = reader.expectOneOf("<", "(") === "<" ? ">" : ")";
  const fields = reader.is(close)
    ? []
    : reader.list((): FieldType => {
        const name = reader.member();
        const type = parseType(reader);
        const hasComment = reader.token.kind === "string" || reader.accept("COMMENT");
        return { name, type, ...(hasComment && { comment: reader.string() }) };
      });
  reader.expect(close);
  return fields;
}

function nullability(reader: TokenReader): Pick<TypeName, "isNullable"> {
  if (reader.accept("NOT", "NULL")) return { isNullable: false };
  return reader.accept("NULL") ? { isNullable: true } : {};
}
