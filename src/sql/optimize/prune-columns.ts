/**
 * Prune columns: what nobody reads is not made, not sent, and not decoded where rows come in.
 *
 * A relation may keep more columns than are wanted of it, where leaving them out would be work of its own.
 * Who sends rows on, or looks at them as a whole, takes exactly its columns.
 */
import { inputsOf, mapInputs, type RowExpression } from "../../interpreter/row-expression.ts";
import type { AggregateCall } from "../../protocol/dataflow.ts";
import type {
  AggregateRelation,
  CalcRelation,
  Field,
  Relation,
  ScanRelation,
  UnnestRelation,
  WindowRelation,
} from "../bind/logical-plan.ts";
import { isWatermarkOfStream } from "../catalog/stream-of-table.ts";

interface Pruned {
  readonly relation: Relation;
  /** The columns that it has of those that were there, ascending: all that are wanted, and maybe others. */
  readonly kept: readonly number[];
}

/** Returns the relation with its columns, in their order, that reads as few as it needs. */
export function pruneColumns(relation: Relation): Relation {
  return exactly(relation, placesIn(relation.fields));
}

function pruned(relation: Relation, wanted: readonly number[]): Pruned {
  const fields = wanted.map((column) => relation.fields[column] as Field);
  switch (relation.node) {
    case "scan":
      return prunedScan(relation, wanted);
    case "values": {
      const rows = relation.rows.map((row) => wanted.map((at) => row[at] as RowExpression));
      return { relation: { ...relation, rows, fields }, kept: wanted };
    }
    case "calc":
      return { relation: prunedCalc(relation, wanted), kept: wanted };
    case "union": {
      const inputs = relation.inputs.map((input) => exactly(input, wanted));
      return { relation: { ...relation, inputs, fields }, kept: wanted };
    }
    case "limit":
      return { relation: { ...relation, input: exactly(relation.input, wanted), fields }, kept: wanted };
    case "sort": {
      const kept = together(
        wanted,
        relation.order.map(({ column }) => column),
      );
      const order = relation.order.map((each) => ({ ...each, column: kept.indexOf(each.column) }));
      const sorted = { ...relation, input: exactly(relation.input, kept), order };
      return {
        relation: { ...sorted, fields: kept.map((column) => relation.fields[column] as Field) },
        kept,
      };
    }
    case "window":
      return prunedWindow(relation, wanted);
    case "unnest":
      return prunedUnnest(relation, wanted);
    case "aggregate":
      return prunedAggregate(relation, wanted);
    case "set": {
      const [left, right] = [pruneColumns(relation.left), pruneColumns(relation.right)];
      return { relation: { ...relation, left, right }, kept: placesIn(relation.fields) };
    }
  }
}

/** The columns `wanted` alone, by a calc where others are there too. */
function exactly(relation: Relation, wanted: readonly number[]): Relation {
  const { relation: made, kept } = pruned(relation, wanted);
  if (kept.length === wanted.length) return made;
  const fields = wanted.map((column) => made.fields[kept.indexOf(column)] as Field);
  const projection = wanted.map((column, at): RowExpression => {
    return { node: "input", index: kept.indexOf(column), type: (fields[at] as Field).type };
  });
  return { node: "calc", input: made, projection, fields };
}

/** A watermark of its own needs its columns. */
function prunedScan({ watermark: written, ...scan }: ScanRelation, wanted: readonly number[]): Pruned {
  const watermark = isWatermarkOfStream(scan.table) ? undefined : written;
  const needed = together(wanted, watermark ? inputsOf(watermark) : []);
  // A row without any column is still a row.
  const kept = needed.length === 0 && scan.fields.length > 0 ? [0] : needed;
  const relation: ScanRelation = {
    ...scan,
    columns: kept.map((column) => scan.columns[column] as string),
    fields: kept.map((column) => scan.fields[column] as Field),
    ...(watermark && { watermark: renumbered(watermark, kept) }),
  };
  return { relation, kept };
}

/** A calc of which nothing is left is none. */
function prunedCalc(calc: CalcRelation, wanted: readonly number[]): Relation {
  const { input, condition, projection } = calc;
  const fields = wanted.map((column) => calc.fields[column] as Field);
  const made = wanted.map((column, at): RowExpression => {
    return projection?.[column] ?? { node: "input", index: column, type: (fields[at] as Field).type };
  });
  const read = together([...made, ...(condition ? [condition] : [])].flatMap(inputsOf));
  const { relation: below, kept } = pruned(input, read);
  const placed = made.map((each) => renumbered(each, kept));
  const isSame =
    placed.length === below.fields.length &&
    placed.every((each, at) => each.node === "input" && each.index === at);
  if (isSame && !condition) return { ...below, fields };
  return {
    node: "calc",
    input: below,
    ...(condition && { condition: renumbered(condition, kept) }),
    ...(!isSame && { projection: placed }),
    fields,
  };
}

/** The bounds of the window stay, behind the columns of its input. */
function prunedWindow(relation: WindowRelation, wanted: readonly number[]): Pruned {
  const { input, window, time, key, fields } = relation;
  const width = input.fields.length;
  const read = together(
    wanted.filter((column) => column < width),
    key,
    "column" in time ? [time.column] : [],
  );
  // The rows of a session are sent by its key.
  const below: Pruned =
    window.kind === "session" ? { relation: exactly(input, read), kept: read } : pruned(input, read);
  const kept = [...below.kept, ...placesIn(fields).slice(width)];
  const placed: WindowRelation = {
    ...relation,
    input: below.relation,
    ...("column" in time && { time: { column: kept.indexOf(time.column) } }),
    key: key.map((column) => kept.indexOf(column)),
    fields: kept.map((column) => fields[column] as Field),
  };
  return { relation: placed, kept };
}

/** The columns of the elements stay, behind those of the input. */
function prunedUnnest(relation: UnnestRelation, wanted: readonly number[]): Pruned {
  const { input, collection, fields } = relation;
  const width = input.fields.length;
  const read = together(
    wanted.filter((column) => column < width),
    inputsOf(collection),
  );
  const below = pruned(input, read);
  const kept = [...below.kept, ...placesIn(fields).slice(width)];
  const placed: UnnestRelation = {
    ...relation,
    input: below.relation,
    collection: renumbered(collection, below.kept),
    fields: kept.map((column) => fields[column] as Field),
  };
  return { relation: placed, kept };
}

/** Key and window stay; aggregates that nobody reads go, but for one where there is no key. */
function prunedAggregate(relation: AggregateRelation, wanted: readonly number[]): Pruned {
  const { input, key, sets, aggregates, groupWindow, fields } = relation;
  const first = key.length + (sets ? 1 : 0);
  const read = aggregates.flatMap((_, index) => (wanted.includes(first + index) ? [index] : []));
  const chosen = read.length === 0 && key.length === 0 && aggregates.length > 0 ? [0] : read;
  const calls = chosen.map((index) => aggregates[index] as AggregateCall);
  const time = groupWindow && "column" in groupWindow.time ? [groupWindow.time.column] : [];
  const parts = calls.flatMap((each) => [...each.arguments, ...(each.filter ? [each.filter] : [])]);
  const columns = together(key, time, parts.flatMap(inputsOf));
  const below = exactly(input, columns);
  const isKept = (column: number) =>
    column < first || column >= first + aggregates.length || chosen.includes(column - first);
  const kept = placesIn(fields).filter(isKept);
  const placed: AggregateRelation = {
    ...relation,
    input: below,
    key: key.map((column) => columns.indexOf(column)),
    aggregates: calls.map(
      (each): AggregateCall => ({
        ...each,
        arguments: each.arguments.map((part) => renumbered(part, columns)),
        ...(each.filter && { filter: renumbered(each.filter, columns) }),
      }),
    ),
    ...(groupWindow && {
      groupWindow: {
        ...groupWindow,
        ...("column" in groupWindow.time && { time: { column: columns.indexOf(groupWindow.time.column) } }),
      },
    }),
    fields: kept.map((column) => fields[column] as Field),
  };
  return { relation: placed, kept };
}

function renumbered(expression: RowExpression, kept: readonly number[]): RowExpression {
  return mapInputs(expression, (input) => ({ ...input, index: kept.indexOf(input.index) }));
}

/** Columns in order, each once. */
function together(...lists: readonly (readonly number[])[]): number[] {
  return [...new Set(lists.flat())].sort((one, other) => one - other);
}

function placesIn(fields: readonly Field[]): number[] {
  return fields.map((_, index) => index);
}
