/**
 * From a relation to operators in stages.
 */

import { EngineError } from "../../base/errors.ts";
import { changingLimitMax } from "../../base/limits.ts";
import { findAggregate } from "../../interpreter/aggregates/built-in.ts";
import { partTypesOf } from "../../interpreter/compile-aggregate.ts";
import type { RowExpression } from "../../interpreter/row-expression.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import type { AggregateCall, LocalAggregateOperator } from "../../protocol/dataflow.ts";
import type {
  AggregateRelation,
  Relation,
  SetRelation,
  SortRelation,
  WindowRelation,
} from "../bind/logical-plan.ts";
import { keysOfWindowed, type WindowedAggregate, windowOfAggregate } from "./aggregate-window.ts";
import { setsApart } from "./grouping-sets.ts";
import { movedTo, placeIn } from "./placement.ts";
import type { Flow, Staging } from "./staging.ts";

/** What a relation is lowered for. */
export interface Lowering {
  readonly staging: Staging;
  /** How stages are named: by where their results go. */
  readonly name: string;
  readonly isFolding: boolean;
  readonly sortsAnything: boolean;
}

/** Lowers a relation; `needsUpdateBefore`: who reads it must see what a row was before it changed. */
export function lower(relation: Relation, lowering: Lowering, needsUpdateBefore: boolean): Flow {
  const { staging, name } = lowering;
  switch (relation.node) {
    case "scan": {
      const { options, name: read } = relation.table;
      if (options.connector === "view") {
        throw notHere(`the view ${read} within a continuous query, which reads streams; query it by itself`);
      }
      return staging.scan(relation);
    }
    case "values":
      throw notHere("VALUES within a continuous query; write its rows to a table first");
    case "calc": {
      const { condition, projection, fields } = relation;
      // A row that passes a condition no more must be taken back: the condition needs what it was.
      const input = lower(relation.input, lowering, needsUpdateBefore || condition !== undefined);
      if (!condition && isWhole(projection, input)) return { ...input, types: typesOf(relation) };
      const operator = {
        operator: "calc",
        ...(condition && { condition }),
        ...(projection && { projection }),
      } as const;
      const flow = staging.add(
        input,
        operator,
        fields.map(({ type }) => type),
      );
      return { ...flow, ...carriedKeys(input, projection) };
    }
    case "unnest": {
      const input = lower(relation.input, lowering, true);
      const { collection, elementTypes, isLeft, hasOrdinality } = relation;
      const operator = { operator: "unnest", collection, elementTypes, isLeft, hasOrdinality } as const;
      // The columns of the row come first.
      return placedAs(input, staging.add(input, operator, typesOf(relation)));
    }
    case "window":
      return lowerWindow(relation, lowering);
    case "aggregate":
      return lowerAggregate(relation, lowering, needsUpdateBefore);
    case "union": {
      const flows = relation.inputs.map((input) => lower(input, lowering, needsUpdateBefore));
      return {
        places: flows.flatMap(({ places }) => places),
        types: typesOf(relation),
        isChanging: flows.some(({ isChanging }) => isChanging),
      };
    }
    case "set":
      return lowerSet(relation, lowering);
    case "sort":
      return lowerSort(relation, lowering);
    case "limit": {
      const { offset, count } = relation;
      if (relation.input.node === "sort") throw notHere("ORDER BY with LIMIT in a continuous query (Top-N)");
      const input = lower(relation.input, lowering, true);
      if (input.isChanging && offset + count > changingLimitMax) {
        throw notHere(
          `LIMIT and OFFSET of ${offset + count} rows together where rows change, ` +
            `at most ${changingLimitMax}; insert all into a view, and query that`,
        );
      }
      const [flow] = staging.exchange([{ flow: input, key: [] }], `${name}/limit`) as [Flow];
      const types = typesOf(relation);
      const operator = { operator: "limit", offset, count, isRetracting: input.isChanging, types } as const;
      return { ...staging.add(flow, operator, types), isChanging: input.isChanging, partition: [] };
    }
  }
}

/** True where a projection leaves all columns where they are. */
function isWhole(projection: readonly RowExpression[] | undefined, { types }: Flow): boolean {
  if (!projection) return true;
  return (
    projection.length === types.length &&
    projection.every((each, column) => each.node === "input" && each.index === column)
  );
}

function typesOf({ fields }: Relation): SqlType[] {
  return fields.map(({ type }) => type);
}

/** Keys of the input whose columns a projection keeps, and where its rows are. */
function carriedKeys(input: Flow, projection: readonly RowExpression[] | undefined) {
  const carry = (columns: readonly number[] | undefined) =>
    projection ? movedTo(columns, (column) => placeIn(projection, column)) : columns;
  const upsertKeys = (input.upsertKeys ?? []).map(carry).filter((key) => key !== undefined);
  const partition = carry(input.partition);
  return { upsertKeys, ...(partition && { partition }) };
}

function lowerWindow(relation: WindowRelation, lowering: Lowering): Flow {
  const { staging, name } = lowering;
  const { window, time, key } = relation;
  const input = lower(relation.input, lowering, true);
  const types = input.types;
  const operator = { operator: "window assign", window, time, key, types } as const;
  if (window.kind !== "session") return placedAs(input, staging.add(input, operator, typesOf(relation)));
  if (input.isChanging) throw notHere("SESSION over rows that change, without GROUP BY of its window");
  const [flow] = staging.exchange([{ flow: input, key }], `${name}/session`) as [Flow];
  return placedAs(flow, staging.add(flow, operator, typesOf(relation)));
}

/** A flow whose rows are where those of another are, and begin with the columns of these. */
function placedAs({ partition }: Flow, made: Flow): Flow {
  return { ...made, ...(partition && { partition }) };
}

function lowerAggregate(relation: AggregateRelation, lowering: Lowering, needsUpdateBefore: boolean): Flow {
  const apart = setsApart(relation);
  if (apart) return lower(apart, lowering, needsUpdateBefore);
  const windowed = windowOfAggregate(relation);
  return windowed
    ? lowerWindowed(windowed, typesOf(relation), lowering)
    : lowerGroups(relation, lowering, needsUpdateBefore);
}

function lowerWindowed(
  windowed: WindowedAggregate,
  types: readonly SqlType[],
  { staging, name, ...lowering }: Lowering,
): Flow {
  const { window, time, key, aggregates, properties, isLegacy, places } = windowed;
  const input = lower(windowed.input, { staging, name, ...lowering }, true);
  checkRetracted(aggregates, input);
  checkMerged(windowed);
  const keyTypes = key.map((column) => input.types[column] as SqlType);
  const uid = `${name}/window(${namesOf(windowed.input, key)})`;
  const [flow] = staging.exchange([{ flow: input, key }], uid) as [Flow];
  const operator = {
    operator: "window aggregate",
    ...{ key, keyTypes, aggregates, window, time, properties, isLegacy, latenessMs: 0 },
    isRetracting: input.isChanging,
  } as const;
  const values = [...aggregates, ...properties].map(({ type }) => type);
  const made = staging.add(flow, operator, [...keyTypes, ...values]);
  const partition = movedTo(flow.partition, (column) => places.indexOf(key.indexOf(column)));
  return {
    ...reordered(staging, { ...made, isChanging: false }, places, types),
    upsertKeys: keysOfWindowed(windowed),
    ...(partition && { partition }),
  };
}

/** A result for each key that changes with its rows. */
function lowerGroups(relation: AggregateRelation, lowering: Lowering, needsUpdateBefore: boolean): Flow {
  const { staging, name, isFolding } = lowering;
  const { aggregates, ttlMs } = relation;
  const { input: source, key } = relation.sets ? expanded(relation) : relation;
  const input = relation.sets ? lowerExpanded(relation, lowering) : lower(source, lowering, true);
  checkRetracted(aggregates, input);
  const keyTypes = key.map((column) => input.types[column] as SqlType);
  const does = aggregates.length === 0 ? "distinct" : "group";
  const uid = `${name}/${does}(${namesOf(relation.input, relation.key)})`;
  const isInParts = relation.isInTwoPhases && !input.isChanging && !staging.hasWhole(input, key);
  const read = isInParts
    ? { flow: inParts(input, { key, keyTypes, aggregates }, staging), key: placesIn(key) }
    : { flow: input, key };
  const [flow] = staging.exchange([read], uid) as [Flow];
  const operator = {
    operator: "group aggregate",
    ...{ key: read.key, keyTypes, aggregates, isFolding },
    isRetracting: input.isChanging,
    sendsUpdateBefore: needsUpdateBefore,
    ...(ttlMs !== undefined && { ttlMs }),
    ...(isInParts && { addsParts: true as const }),
  } as const;
  const made = staging.add(flow, operator, typesOf(relation));
  // Rows that only come, and of which nothing is calculated, change no result.
  const isChanging = input.isChanging || aggregates.length > 0;
  const partition = movedTo(flow.partition, (column) => read.key.indexOf(column));
  return { ...made, isChanging, upsertKeys: [placesIn(key)], ...(partition && { partition }) };
}

/** What is kept of the rows of each record, by key: two phases. */
function inParts(
  input: Flow,
  grouped: Pick<LocalAggregateOperator, "key" | "keyTypes" | "aggregates">,
  staging: Staging,
): Flow {
  const types = [...grouped.keyTypes, ...partTypesOf(grouped.aggregates)];
  return staging.add(input, { operator: "local aggregate", ...grouped, types }, types);
}

function placesIn(columns: readonly number[]): number[] {
  return columns.map((_, place) => place);
}

/** Throws for an aggregate that would have to take rows back, and cannot. */
function checkRetracted(aggregates: readonly AggregateCall[], { isChanging }: Flow): void {
  const stuck = aggregates.find(({ function: called, options }) => {
    return findAggregate(called)?.canRetract === false || options?.retracts === "never";
  });
  if (!isChanging || !stuck) return;
  const name = stuck.function.replace(/^user:/, "");
  throw notHere(`${name} of rows that change: it takes none back`);
}

/** Throws for an aggregate that would have to be merged of parts, and cannot. */
function checkMerged({ aggregates, window: { kind } }: WindowedAggregate): void {
  const stuck = aggregates.find(({ options }) => options?.merges === "never");
  if (!stuck || kind === "tumble" || kind === "attached") return;
  const name = stuck.function.replace(/^user:/, "");
  throw notHere(`${name} in ${kind.toUpperCase()} windows, which are put together: declare its merge`);
}

function namesOf({ fields }: Relation, key: readonly number[]): string {
  return key.map((column) => fields[column]?.name ?? "").join(",");
}

/** The keys of GROUPING SETS behind the columns of the input, and the number of the set. */
function expanded({ input, key }: AggregateRelation) {
  const first = input.fields.length;
  return { input, key: [...key.map((_, index) => first + index), first + key.length] };
}

function lowerExpanded(relation: AggregateRelation, lowering: Lowering): Flow {
  const { input, key, sets = [] } = relation;
  const flow = lower(input, lowering, true);
  const own = flow.types.map((type, index): RowExpression => ({ node: "input", index, type }));
  const keys = key.map((column) => own[column] as RowExpression);
  const number: SqlType = { name: "INT", isNullable: false };
  const projections = sets.map((set, index): RowExpression[] => [
    ...own,
    ...keys.map((expression, place): RowExpression => {
      const type = { ...expression.type, isNullable: true };
      return set.includes(place) ? expression : { node: "literal", value: null, type };
    }),
    { node: "literal", value: index, type: number },
  ]);
  const types = [...flow.types, ...keys.map(({ type }) => ({ ...type, isNullable: true })), number];
  return lowering.staging.add(flow, { operator: "expand", projections }, types);
}

/** Brings columns into the order in which a relation has them. */
function reordered(staging: Staging, flow: Flow, places: readonly number[], types: readonly SqlType[]): Flow {
  if (places.every((place, index) => place === index) && places.length === flow.types.length) {
    return { ...flow, types };
  }
  const projection = places.map(
    (index, column): RowExpression => ({
      node: "input",
      index,
      type: types[column] as SqlType,
    }),
  );
  return staging.add(flow, { operator: "calc", projection }, types);
}

function lowerSet(relation: SetRelation, lowering: Lowering): Flow {
  const { staging, name } = lowering;
  const { set, isAll } = relation;
  const types = typesOf(relation);
  const key = types.map((_, index) => index);
  const sides = [relation.left, relation.right].map((side) => ({ flow: lower(side, lowering, true), key }));
  const flows = staging.exchange(sides, `${name}/${set}`);
  const made = staging.addBeside(flows, { operator: "set", set, isAll, types }, types);
  return { ...made, partition: key, ...(!isAll && { upsertKeys: [key] }) };
}

function lowerSort(relation: SortRelation, lowering: Lowering): Flow {
  const { staging, name, sortsAnything } = lowering;
  const { order, fields } = relation;
  const [first] = order;
  const field = first && fields[first.column];
  const isTemporal = field?.time !== undefined && first?.isDescending === false;
  if (!isTemporal && !sortsAnything) {
    throw notHere(
      "ORDER BY anything but a time attribute, ascending, in a continuous query: its rows have no end; " +
        "order by the time, or query a view",
    );
  }
  const input = lower(relation.input, lowering, true);
  if (input.isChanging) throw notHere("ORDER BY of rows that change");
  const [flow] = staging.exchange([{ flow: input, key: [] }], `${name}/sort`) as [Flow];
  const types = typesOf(relation);
  const time = isTemporal && field?.time === "event" ? { time: first?.column ?? 0 } : {};
  return { ...staging.add(flow, { operator: "sort", order, types, ...time }, types), partition: [] };
}

function notHere(what: string): EngineError {
  return new EngineError("SQL_NOT_SUPPORTED", { message: `Not supported: ${what}.` });
}
