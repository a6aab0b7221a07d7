/**
 * Schemas and request bodies from a seed: records that fit the schema, records that do not, and damaged
 * ones.
 */
import type { Column, DataType, Schema } from "../../src/columnar/schema.ts";
import type { BodyFormat } from "../../src/kernel/json-body.ts";
import { anyText, quoted, valueText, words } from "./json-values.ts";
import type { Random } from "./random.ts";

const names = [
  ...words(
    "a b id ab aaaaaaaa aaaaaaab aaaaaaaaa user_id timestamp_of_the_event ключ __proto__ constructor",
    "toString",
  ),
  "",
  "a b",
  'quo"te',
  "back\\slash",
  "emoji😀",
  "x".repeat(45),
];

const plainTypes: readonly DataType["name"][] = [
  "BOOLEAN",
  "INT",
  "BIGINT",
  "DOUBLE",
  "STRING",
  "BYTES",
  "DATE",
  "TIMESTAMP",
  "TIMESTAMP_LTZ",
  "DECIMAL",
];

function typeFrom(random: Random): DataType {
  const name = random.pick(plainTypes);
  if (name === "TIMESTAMP" || name === "TIMESTAMP_LTZ") return { name, precision: 3 };
  if (name !== "DECIMAL") return { name };
  const precision = random.between(1, 18);
  return { name, precision, scale: random.between(0, precision) };
}

/** A schema of a few columns, at times of very many; some paths meet. */
export function schemaFrom(random: Random): Schema {
  const count = random.chance(0.03) ? random.between(60, 128) : random.between(1, 8);
  const columns = Array.from({ length: count }, (_, index): Column => {
    const name = `c${index}`;
    const type = typeFrom(random);
    const nullable = random.chance(0.6);
    if (random.chance(0.3) && count <= 8) return { name, type, nullable };
    const first = count > 8 ? `field${index}` : random.pick(names);
    const path = random.chance(0.3) ? [first, random.pick(names)] : [first];
    if (path.length === 2 && random.chance(0.2)) path.push(random.pick(names));
    return { name, type, nullable, path };
  });
  return { version: 1, columns };
}

/** How the records of one body are written. */
interface Style {
  readonly space: () => string;
  /** Whether texts may be no JSON. */
  readonly mayBeBad: boolean;
  readonly oddity: number;
  readonly isShuffled: boolean;
  readonly missing: number;
  readonly extras: number;
  readonly repeats: number;
}

function styleFrom(random: Random, lineFeeds: boolean): Style {
  const spaces = random.pick([
    [""],
    [""],
    ["", " "],
    lineFeeds ? ["", "\n  "] : ["", "\t"],
    ["", "\r", "  "],
  ]);
  const isConstant = random.chance(0.6);
  const constant = random.pick(spaces);
  return {
    space: () => (isConstant ? constant : random.pick(spaces)),
    mayBeBad: random.chance(0.2),
    oddity: random.pick([0, 0, 0.01, 0.3]),
    isShuffled: random.chance(0.2),
    missing: random.pick([0, 0, 0.02, 0.3]),
    extras: random.pick([0, 0, 0.2, 0.6]),
    repeats: random.pick([0, 0, 0, 0.05]),
  };
}

interface Tree {
  readonly columns: Column[];
  readonly children: Map<string, Tree>;
}

function treeOf(schema: Schema): Tree {
  const root: Tree = { columns: [], children: new Map() };
  for (const column of schema.columns) {
    let node = root;
    for (const step of column.path ?? [column.name]) {
      const child = node.children.get(step) ?? { columns: [], children: new Map() };
      node.children.set(step, child);
      node = child;
    }
    node.columns.push(column);
  }
  return root;
}

function objectText(random: Random, tree: Tree, style: Style): string {
  const fields: string[] = [];
  const add = (name: string, value: string) => {
    fields.push(`${quoted(random, name)}${style.space()}:${style.space()}${value}`);
  };
  for (const [name, node] of tree.children) {
    if (random.chance(style.missing)) continue;
    const times = random.chance(style.repeats) ? 2 : 1;
    for (let time = 0; time < times; time++) add(name, fieldText(random, node, style));
    if (random.chance(style.extras)) add(`extra${random.below(3)}`, anyText(random, 0, style.mayBeBad));
  }
  if (style.isShuffled) fields.sort(() => random.below(3) - 1);
  const comma = `${style.space()},${style.space()}`;
  return `{${style.space()}${fields.join(comma)}${style.space()}}`;
}

function fieldText(random: Random, node: Tree, style: Style): string {
  if (node.children.size > 0 && (node.columns.length === 0 || random.chance(0.5))) {
    if (random.chance(0.05)) return random.pick(["null", "{}"]);
    if (random.chance(style.oddity / 4)) return random.pick(["5", '"text"', "[]"]);
    return objectText(random, node, style);
  }
  const column = node.columns[0];
  return column ? valueText(random, column, style.oddity, style.mayBeBad) : "null";
}

const insertions = [
  '"',
  "\\",
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  "\u0000",
  "e",
  "-",
  "0",
  " ",
  "\n",
  "\r\n",
  "😀",
];

/** Flips, drops, inserts or repeats a few bytes, or breaks a number. */
function damage(random: Random, bytes: Uint8Array): Uint8Array {
  const at = random.below(bytes.length + 1);
  switch (random.below(7)) {
    case 0: {
      const copy = bytes.slice();
      if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
      return copy;
    }
    case 1:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random.between(1, 4))]);
    case 2:
      return bytes.slice(0, at);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), Uint8Array.of(random.below(256)), bytes.subarray(at)]);
    case 4:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from(random.pick(insertions)), bytes.subarray(at)]);
    case 5: {
      const spoiled = () => random.pick(["0", "00", "-", "+", ".", "e", "1e5", "0.", "0x"]);
      const text = Buffer.from(bytes).toString("latin1");
      return Buffer.from(
        text.replace(/(?<=:\s*"?)(?=\d)/g, (none) => (random.chance(0.5) ? spoiled() : none)),
        "latin1",
      );
    }
    default:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - random.below(8)))]);
  }
}

export interface GeneratedBody {
  readonly schema: Schema;
  readonly format: BodyFormat;
  readonly body: Uint8Array;
}

/** A schema and a body of about `records` records. */
export function bodyFrom(random: Random, records: number): GeneratedBody {
  const schema = schemaFrom(random);
  const roll = random.below(10);
  const format: BodyFormat = roll < 7 ? "ndjson" : roll < 9 ? "array" : "object";
  const style = styleFrom(random, format !== "ndjson");
  const tree = treeOf(schema);
  const damaged = random.pick([0, 0, 0.05, 0.5]);
  const record = () => {
    if (random.chance(0.02)) return Buffer.from(random.pick(["", " ", "[]", "5", "null", '"text"', "{}"]));
    const bytes = Buffer.from(objectText(random, tree, style));
    return random.chance(damaged) ? damage(random, bytes) : bytes;
  };
  const count = format === "object" ? 1 : random.below(records + 1);
  const all = Array.from({ length: count }, record);
  return { schema, format, body: bodyOf(random, format, all) };
}

function bodyOf(random: Random, format: BodyFormat, records: readonly Uint8Array[]): Uint8Array {
  const mark = random.chance(0.05) ? "\ufeff" : "";
  const lineFeed = random.pick(["\n", "\n", "\r\n"]);
  const separator = format === "array" ? random.pick([",", ",", " ,\n "]) : lineFeed;
  const [open, close] = format === "array" ? ["[", "]"] : ["", random.pick(["", lineFeed])];
  const pieces = records.flatMap((record, index) =>
    index === 0 ? [record] : [Buffer.from(separator), record],
  );
  const tail = random.chance(0.05) ? random.pick([" ", "\n", "x", ",", "{}"]) : "";
  const body = Buffer.concat([Buffer.from(mark + open), ...pieces, Buffer.from(close + tail)]);
  return random.chance(0.02) ? damage(random, body) : body;
}
