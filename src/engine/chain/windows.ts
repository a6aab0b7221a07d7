/**
 * Opens operators of windows by the shape of these.
 */
import { assert } from "../../base/assert.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import type { Row, SqlValue } from "../../interpreter/values/sql-value.ts";
import { decodeRow } from "../../interpreter/values/value-codec.ts";
import type { WindowAggregateOperator, WindowAssignOperator } from "../../protocol/dataflow.ts";
import { Aggregates, type Group } from "./aggregates.ts";
import { type ChainRow, RowKind } from "./chain-row.ts";
import { keyOf } from "./group-keys.ts";
import type { Operator, OperatorContext } from "./operator.ts";
import { type SessionContent, Sessions } from "./sessions.ts";
import { SliceAggregate } from "./slice-aggregate.ts";
import { slicingOfGrid, slicingOfRows } from "./slicing.ts";
import { openWindowAssign } from "./window-assign.ts";
import { gridOfShape } from "./window-grids.ts";
import { propertiesOf } from "./window-properties.ts";
import { WindowTimes } from "./window-times.ts";

export function openWindowAggregate(plan: WindowAggregateOperator, context: OperatorContext): Operator {
  const { types, evaluation, clock } = context;
  const { window } = plan;
  const isOfInstants = window.kind === "attached" && window.isOfInstants === true;
  const times = new WindowTimes(plan.time, types, evaluation.timeZone, clock, isOfInstants);
  if (window.kind === "attached") {
    return new SliceAggregate(plan, context, times, slicingOfRows(window));
  }
  if (window.kind !== "session") {
    return new SliceAggregate(plan, context, times, slicingOfGrid(gridOfShape(window), times));
  }
  assert(plan.latenessMs === 0, "a session that is over takes no late rows");
  const key = keyOf(plan.key, plan.keyTypes);
  const content = groupContent(plan, context, times);
  return new Sessions(window.gapMs, times, (row) => key.encode(key.valuesOf(row)), content, context);
}

export function openWindows(plan: WindowAssignOperator, context: OperatorContext): Operator {
  const { window, key, types } = plan;
  if (window.kind !== "session") return openWindowAssign(plan, window, context);
  const times = new WindowTimes(plan.time, context.types, context.evaluation.timeZone, context.clock);
  const keyTypes = key.map((column) => types[column] as SqlType);
  const { valuesOf, encode } = keyOf(key, keyTypes);
  const content = rowsContent(types, context, times);
  return new Sessions(window.gapMs, times, (row) => encode(valuesOf(row)), content, context);
}

/** Of an aggregate: a result for each session. */
function groupContent(
  plan: WindowAggregateOperator,
  { emit, evaluation, clock }: OperatorContext,
  times: WindowTimes,
): SessionContent<Group> {
  const aggregates = new Aggregates(plan.aggregates, plan.isRetracting, evaluation);
  const properties = propertiesOf(plan.properties, times, clock);
  return {
    create: () => aggregates.create(),
    add: (group, row) => aggregates.add(group, row),
    merge: (group, later) => aggregates.merge(group, later),
    type: rowType(aggregates.types),
    encode: (group) => aggregates.encode(group),
    decode: (value) => aggregates.decode(value as Row),
    close: (kept, window, group, key) => {
      if (plan.isRetracting && kept.rows <= 0) return;
      const values = [...decodeRow(plan.keyTypes, key), ...aggregates.values(kept), ...properties(window)];
      emit({ kind: RowKind.Insert, group, values });
    },
  };
}

/** Rows as they came, behind which their session is written. */
function rowsContent(
  types: readonly SqlType[],
  { emit }: OperatorContext,
  times: WindowTimes,
): SessionContent<Pick<ChainRow, "kind" | "values">[]> {
  const kindType: SqlType = { name: "INT", isNullable: false };
  return {
    create: () => [],
    add: (rows, { kind, values }) => rows.push({ kind, values }),
    merge: (rows, later) => rows.push(...later),
    type: { name: "ARRAY", isNullable: false, element: rowType([kindType, ...types]) },
    encode: (rows) => rows.map(({ kind, values }): SqlValue => [kind, ...values]),
    decode: (value) =>
      (value as readonly Row[]).map(([kind, ...values]) => ({ kind: kind as RowKind, values })),
    close: (rows, { start, end }, group) => {
      const bounds = [times.boundOf(start), times.boundOf(end), times.windowTimeOf(end)];
      for (const { kind, values } of rows) emit({ kind, group, values: [...values, ...bounds] });
    },
  };
}

function rowType(types: readonly SqlType[]): SqlType {
  const fields = types.map((type, index) => ({ name: `value${index}`, type }));
  return { name: "ROW", isNullable: false, fields };
}
