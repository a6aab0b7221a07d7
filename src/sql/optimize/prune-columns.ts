/**
 * Prune columns: what nobody reads is not made, not sent, and not decoded where rows come in.
 */
import { inputsOf, mapInputs, type RowExpression } from "../../interpreter/row-expression.ts";
import type { AggregateCall } from "../../protocol/dataflow.ts";
import type { AggregateRelation, CalcRelation, Field, Relation, ScanRelation } from "../bind/logical-plan.ts";

/** Returns the relation with its columns, in their order, that reads as few as it needs. */
export function pruneColumns(relation: Relation): Relation {
  const all = relation.fields.map((_, index) => index);
  return pruned(relation, all);
}

/** The relation with the columns `wanted`, ascending, alone. */
function pruned(relation: Relation, wanted: readonly number[]): Relation {
  const fields = wanted.map((column) => relation.fields[column] as Field);
  switch (relation.node) {
    case "scan":
      return select(prunedScan(relation, wanted), wanted, relation.fields);
    case "values":
      return {
        ...relation,
        rows: relation.rows.map((row) => wanted.map((at) => row[at] as RowExpression)),
        fields,
      };
    case "calc":
      return prunedCalc(relation, wanted);
    case "union":
      return { ...relation, inputs: relation.inputs.map((input) => pruned(input, wanted)), fields };
    case "aggregate":
      return select(prunedAggregate(relation), wanted, relation.fields);
    default:
      // They look at whole rows, or at columns that are few.
      return select(withWholeInputs(relation), wanted, relation.fields);
  }
}

function withWholeInputs(relation: Exclude<Relation, ScanRelation>): Relation {
  switch (relation.node) {
    case "set":
      return { ...relation, left: pruneColumns(relation.left), right: pruneColumns(relation.right) };
    case "sort":
    case "limit":
    case "window":
    case "unnest":
      return { ...relation, input: pruneColumns(relation.input) };
    default:
      return relation;
  }
}

/** The scan with fewer columns keeps those that its watermark needs; `select` leaves these out. */
function prunedScan(scan: ScanRelation, wanted: readonly number[]): Relation {
  const needed = new Set([...wanted, ...(scan.watermark ? inputsOf(scan.watermark) : [])]);
  // A row without any column is still a row.
  if (needed.size === 0) needed.add(0);
  const kept = scan.fields.flatMap((_, column) => (needed.has(column) ? [column] : []));
  if (kept.length === scan.fields.length) return scan;
  const { watermark } = scan;
  const fields = kept.map((column) => scan.fields[column] as Field);
  return { ...scan, fields, ...(watermark && { watermark: renumbered(watermark, kept) }) };
}

function prunedCalc(calc: CalcRelation, wanted: readonly number[]): Relation {
  const { input, condition, projection } = calc;
  const made = wanted.map((column): RowExpression => {
    const { type } = calc.fields[column] as Field;
    return projection?.[column] ?? { node: "input", index: column, type };
  });
  const read = new Set([...made, ...(condition ? [condition] : [])].flatMap(inputsOf));
  const kept = input.fields.flatMap((_, column) => (read.has(column) ? [column] : []));
  const below = pruned(input, kept);
  const isWhole = below.fields.length === kept.length;
  const place = (expression: RowExpression) => (isWhole ? renumbered(expression, kept) : expression);
  const fields = wanted.map((column) => calc.fields[column] as Field);
  const placed = made.map(place);
  const isSame =
    placed.length === below.fields.length &&
    placed.every((each, at) => each.node === "input" && each.index === at);
  return {
    node: "calc",
    input: below,
    ...(condition && { condition: place(condition) }),
    ...(!isSame && { projection: placed }),
    fields,
  };
}

/** Its result is whole; of the input it reads the key, the time and what is aggregated. */
function prunedAggregate(relation: AggregateRelation): AggregateRelation {
  const { input, key, aggregates, groupWindow } = relation;
  const time = groupWindow && "column" in groupWindow.time ? [groupWindow.time.column] : [];
  const parts = aggregates.flatMap((each) => [...each.arguments, ...(each.filter ? [each.filter] : [])]);
  const read = new Set([...key, ...time, ...parts.flatMap(inputsOf)]);
  const kept = input.fields.flatMap((_, column) => (read.has(column) ? [column] : []));
  if (kept.length === 0 && input.fields.length > 0) kept.push(0);
  const below = pruned(input, kept);
  const placeOf = (column: number) => kept.indexOf(column);
  return {
    ...relation,
    input: below,
    key: key.map(placeOf),
    aggregates: aggregates.map(
      (each): AggregateCall => ({
        ...each,
        arguments: each.arguments.map((part) => renumbered(part, kept)),
        ...(each.filter && { filter: renumbered(each.filter, kept) }),
      }),
    ),
    ...(groupWindow && {
      groupWindow: {
        ...groupWindow,
        ...("column" in groupWindow.time && { time: { column: placeOf(groupWindow.time.column) } }),
      },
    }),
  };
}

function renumbered(expression: RowExpression, kept: readonly number[]): RowExpression {
  return mapInputs(expression, (input) => ({ ...input, index: kept.indexOf(input.index) }));
}

/** The columns `wanted` of what has those named in `before`, or fewer, by a calc where others are there. */
function select(relation: Relation, wanted: readonly number[], before: readonly Field[]): Relation {
  const columns = wanted.map((column) => {
    const field = before[column] as Field;
    // A relation that was not narrowed has its columns where they were.
    return relation.fields.length === before.length ? column : relation.fields.indexOf(field);
  });
  const isSame =
    columns.length === relation.fields.length && columns.every((column, index) => column === index);
  if (isSame) return relation;
  return {
    node: "calc",
    input: relation,
    projection: columns.map((index) => ({
      node: "input",
      index,
      type: (relation.fields[index] as Field).type,
    })),
    fields: columns.map((index) => relation.fields[index] as Field),
  };
}
