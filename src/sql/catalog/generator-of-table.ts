/**
 * The options of the datagen connector, which are Flink's: how many rows, and what each column is filled
 * with.
 *
 *     'rows-per-second' = '100', 'number-of-rows' = '1000',
 *     'fields.id.kind' = 'sequence', 'fields.id.start' = '1', 'fields.id.end' = '1000',
 *     'fields.amount.min' = '5', 'fields.amount.max' = '20'
 */
import { EngineError } from "../../base/errors.ts";
import { MiB } from "../../base/limits.ts";
import { suggestName } from "../../base/suggest-name.ts";
import { parseDecimal } from "../../columnar/decimal-text.ts";
import { formatShape, type SqlType } from "../../interpreter/types/sql-type.ts";
import type { GeneratedColumn, GeneratedValues, RowGenerator } from "../../protocol/row-generator.ts";
import { parseDuration } from "../bind/session-options.ts";
import { streamColumns, type TableDefinition } from "./table-definition.ts";

/** Rows are made by the coordinator, which has other things to do. */
export const rowsPerSecondMax = 10_000;
const bytesPerSecondMax = 2 * MiB;

const defaultLength = 100;
const lengthMax = 10_000;

/** What a column may be told; each with the kinds of values that it is for. */
const facets = Object.freeze({
  kind: "all",
  start: "a sequence",
  end: "a sequence",
  min: "random numbers",
  max: "random numbers",
  length: "random texts and bytes",
  "var-len": "random texts and bytes",
  "max-past": "random times",
  "null-rate": "all",
});

type Facet = keyof typeof facets;

/** Bits of the types of whole numbers. */
const bitsOf: Readonly<Record<string, number>> = Object.freeze({
  TINYINT: 8,
  SMALLINT: 16,
  INT: 32,
  BIGINT: 64,
});

/** Returns the generator of a table's rows; throws SQL_INVALID where an option is wrong. */
export function generatorOfTable(table: TableDefinition): RowGenerator {
  const { options } = table;
  const columns = streamColumns(table);
  checkFields(
    table,
    columns.map(({ name }) => name),
  );
  const rows = options["number-of-rows"];
  const made = columns.map(({ name, type }) => new ColumnOptions(name, type, options).read());
  const ends = made.flatMap(({ rows: most }) => (most === undefined ? [] : [most]));
  const numberOfRows = Math.min(rows === undefined ? Number.POSITIVE_INFINITY : Number(rows), ...ends);
  const generated = made.map(({ column }) => column);
  return {
    rowsPerSecond: rowsPerSecondOf(table, generated),
    ...(Number.isFinite(numberOfRows) && { numberOfRows }),
    columns: generated,
  };
}

function rowsPerSecondOf({ options }: TableDefinition, columns: readonly GeneratedColumn[]): number {
  const rowBytes = columns.reduce((sum, { name, values }) => sum + name.length + bytesOf(values), 0);
  const most = Math.max(1, Math.min(rowsPerSecondMax, Math.floor(bytesPerSecondMax / rowBytes)));
  const wanted = options["rows-per-second"];
  if (wanted === undefined) return most;
  if (Number(wanted) <= most) return Number(wanted);
  const message = `a row takes about ${rowBytes} bytes, so at most ${most} are made in a second`;
  throw refusal(
    `'rows-per-second' is '${wanted}', and ${message}; say less, or shorter 'fields.NAME.length'`,
  );
}

/** About what a value takes as JSON. */
function bytesOf(values: GeneratedValues): number {
  switch (values.kind) {
    case "digits":
      return values.length + 6;
    case "bytes":
      return Math.ceil(values.length * (4 / 3)) + 6;
    default:
      return 28;
  }
}

/** Every `fields.…` is of a column, and something that a column can be told. */
function checkFields({ name: table, options }: TableDefinition, names: readonly string[]): void {
  for (const key of Object.keys(options).filter((each) => each.startsWith("fields."))) {
    const [column, facet] = partsOfKey(key);
    if (!names.includes(column)) {
      throw refusal(`'${key}': ${table} stores no column ${column}${suggestName(column, names)}`);
    }
    if (Object.hasOwn(facets, facet)) continue;
    const known = Object.keys(facets);
    throw refusal(
      `'${key}': there is no '${facet}'${suggestName(facet, known)}; there is ${known.join(", ")}`,
    );
  }
}

function partsOfKey(key: string): [column: string, facet: string] {
  const end = key.lastIndexOf(".");
  return [key.slice("fields.".length, Math.max(end, "fields.".length)), key.slice(end + 1)];
}

interface ReadColumn {
  readonly column: GeneratedColumn;
  /** How many values there are, where they end. */
  readonly rows?: number;
}

/** What the options say of one column. */
class ColumnOptions {
  readonly #name: string;
  readonly #type: SqlType;
  readonly #options: TableDefinition["options"];

  constructor(name: string, type: SqlType, options: TableDefinition["options"]) {
    this.#name = name;
    this.#type = type;
    this.#options = options;
  }

  read(): ReadColumn {
    const kind = this.#text("kind") ?? "random";
    if (kind !== "random" && kind !== "sequence") throw this.#wrong("kind", "random or sequence");
    const nullRate = Number(this.#text("null-rate") ?? 0);
    if (!(nullRate >= 0 && nullRate <= 1)) throw this.#wrong("null-rate", "a number from 0 to 1");
    if (nullRate > 0 && !this.#type.isNullable) throw this.#wrong("null-rate", "0: the column is NOT NULL");
    const base = { name: this.#name, type: this.#type, nullRate };
    if (kind === "random") return { column: { ...base, values: this.#random() } };
    const { values, rows } = this.#sequence();
    return { column: { ...base, values }, rows };
  }

  #sequence(): { readonly values: GeneratedValues; readonly rows: number } {
    this.#allow("a sequence");
    const { name } = this.#type;
    const isText = name === "CHAR" || name === "VARCHAR";
    if (!isText && !this.#isWhole && name !== "DECIMAL" && name !== "FLOAT" && name !== "DOUBLE") {
      throw this.#wrong("kind", `random: there is no sequence of ${formatShape(this.#type)}`);
    }
    const [start, end] = (["start", "end"] as const).map((facet) => {
      const text = this.#text(facet);
      if (text === undefined || !/^-?\d{1,18}$/.test(text)) throw this.#wrong(facet, "a whole number");
      return this.#isWhole ? this.#whole(facet, 0n) : BigInt(text);
    }) as [bigint, bigint];
    if (end < start) throw this.#wrong("end", `a number from ${start} on`);
    const { precision, scale } = name === "DECIMAL" ? this.#type : { precision: 0, scale: 0 };
    if (name === "DECIMAL" && [start, end].some((each) => digitsOf(each) > precision - scale)) {
      throw this.#wrong("end", `numbers that ${formatShape(this.#type)} holds`);
    }
    return { values: { kind: "sequence", start: String(start) }, rows: Number(end - start + 1n) };
  }

  #random(): GeneratedValues {
    const type = this.#type;
    switch (type.name) {
      case "TINYINT":
      case "SMALLINT":
      case "INT":
      case "BIGINT":
        return this.#wholeNumbers();
      case "DECIMAL":
        return this.#decimals(type.precision, type.scale);
      case "FLOAT":
      case "DOUBLE":
        return this.#numbers();
      case "CHAR":
      case "VARCHAR":
        return this.#lengths("digits", type);
      case "BINARY":
      case "VARBINARY":
        return this.#lengths("bytes", type);
      case "BOOLEAN":
        this.#allow("truths");
        return { kind: "truths" };
      case "DATE":
      case "TIMESTAMP":
      case "TIMESTAMP_LTZ":
        return this.#times();
      default: {
        const message = `no values of ${formatShape(type)} are made, for column ${this.#name}; leave it out`;
        throw refusal(`'connector' = 'datagen': ${message}, or calculate it from others`);
      }
    }
  }

  #wholeNumbers(): GeneratedValues {
    this.#allow("random numbers");
    const half = 1n << BigInt((bitsOf[this.#type.name] ?? 64) - 1);
    const [min, max] = [this.#whole("min", -half), this.#whole("max", half - 1n)];
    if (max < min) throw this.#wrong("max", `a number from ${min} on`);
    return { kind: "whole numbers", min: String(min), max: String(max) };
  }

  #decimals(precision: number, scale: number): GeneratedValues {
    this.#allow("random numbers");
    const most = 10n ** BigInt(precision) - 1n;
    const [min, max] = (["min", "max"] as const).map((facet) => {
      const text = this.#text(facet);
      if (text === undefined) return facet === "min" ? -most : most;
      const number = parseDecimal(text);
      const shift = number ? scale - number.scale : -1;
      const value = number && shift >= 0 ? number.unscaled * 10n ** BigInt(shift) : undefined;
      if (value !== undefined && value >= -most && value <= most) return value;
      throw this.#wrong(facet, `a number that ${formatShape(this.#type)} holds`);
    }) as [bigint, bigint];
    if (max < min) throw this.#wrong("max", "no less than min");
    return { kind: "whole numbers", min: String(min), max: String(max) };
  }

  #numbers(): GeneratedValues {
    this.#allow("random numbers");
    const most = this.#type.name === "FLOAT" ? 3.4028234663852886e38 : Number.MAX_VALUE;
    const [min, max] = (["min", "max"] as const).map((facet) => {
      const number = Number(this.#text(facet) ?? (facet === "min" ? -most : most));
      if (Math.abs(number) <= most) return number;
      throw this.#wrong(facet, "a number");
    }) as [number, number];
    if (max < min) throw this.#wrong("max", "no less than min");
    return { kind: "numbers", min, max };
  }

  #lengths(kind: "digits" | "bytes", { length }: { readonly length: number }): GeneratedValues {
    this.#allow("random texts and bytes");
    const isFixed = this.#type.name === "CHAR" || this.#type.name === "BINARY";
    const most = Math.min(length, lengthMax);
    const wanted = Number(this.#text("length") ?? (isFixed ? length : Math.min(length, defaultLength)));
    if (!Number.isInteger(wanted) || wanted < 1 || wanted > most || (isFixed && wanted !== length)) {
      throw this.#wrong("length", isFixed ? `${length}, as the type says` : `a number from 1 to ${most}`);
    }
    const varies = this.#text("var-len") ?? "false";
    if (varies !== "true" && varies !== "false") throw this.#wrong("var-len", "true or false");
    if (isFixed && varies === "true") throw this.#wrong("var-len", "false: the type's length is fixed");
    return { kind, length: wanted, varies: varies === "true" };
  }

  #times(): GeneratedValues {
    this.#allow("random times");
    const maxPastMs = parseDuration(this.#text("max-past") ?? "0 s");
    if (maxPastMs === undefined) throw this.#wrong("max-past", "a duration such as 10 s, 5 min, 1 d");
    return { kind: "times", maxPastMs };
  }

  get #isWhole(): boolean {
    return Object.hasOwn(bitsOf, this.#type.name);
  }

  /** Refuses what is said of the column and for other values than its own. */
  #allow(values: string): void {
    for (const [facet, wanted] of Object.entries(facets)) {
      if (wanted === "all" || wanted === values || this.#text(facet as Facet) === undefined) continue;
      throw refusal(`'${this.#key(facet)}' is for ${wanted}, and ${this.#name} has ${values}`);
    }
  }

  #whole(facet: Facet, otherwise: bigint): bigint {
    const text = this.#text(facet);
    if (text === undefined) return otherwise;
    const bits = bitsOf[this.#type.name] ?? 64;
    const value = /^-?\d{1,19}$/.test(text) ? BigInt(text) : undefined;
    if (value !== undefined && BigInt.asIntN(bits, value) === value) return value;
    throw this.#wrong(facet, `a number that ${formatShape(this.#type)} holds`);
  }

  #text(facet: Facet): string | undefined {
    return this.#options[this.#key(facet)];
  }

  #key(facet: string): string {
    return `fields.${this.#name}.${facet}`;
  }

  #wrong(facet: Facet, expected: string): EngineError {
    const text = this.#text(facet);
    const found = text === undefined ? "is missing" : `is '${text}'`;
    return refusal(`'${this.#key(facet)}' ${found}, expected ${expected}`);
  }
}

function digitsOf(value: bigint): number {
  return String(value).replace("-", "").length;
}

function refusal(message: string): EngineError {
  return new EngineError("SQL_INVALID", { message: `${message}.` });
}
