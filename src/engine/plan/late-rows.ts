/**
 * The rows that come too late for a step, as the stream that another step reads: with the columns that the
 * step's own inputs have, whether it needs them itself or not.
 *
 * What travels to a step is what it needs. So before that is planned its late rows' readers are asked which
 * columns they need; these travel too.
 */

import { formatType } from "../../columnar/schema.ts";
import type { JobDefinition } from "../../protocol/job-spec.ts";
import type { StreamDefinition } from "../../protocol/stream-spec.ts";
import { bindCondition } from "../expressions/bind.ts";
import { InputColumns, JobColumns, timeColumnOf } from "./job-columns.ts";
import { hasWeights, weightColumn } from "./plan-weights.ts";

/**
 * Returns the names of the columns that `reader` needs of rows which come too late for a step over `inputs`.
 * Throws JOB_INVALID or EXPRESSION_INVALID where it names one that not all of these have, or not as one type.
 */
export function lateColumnsOf(reader: JobDefinition, inputs: readonly StreamDefinition[]): string[] {
  const stream = commonStream(inputs);
  const columns = new JobColumns(stream, reader);
  const filter = reader.filter === undefined ? undefined : bindCondition(reader.filter, columns, ["filter"]);
  const parameters = reader.aggregates.flatMap((aggregate) => columns.argument(aggregate) ?? []);
  const { sourceColumns } = new InputColumns(stream, [...columns.key(reader), ...parameters], filter);
  return [...sourceColumns.map(({ name }) => name), ...(inputs.some(hasWeights) ? [weightColumn] : [])];
}

/** Returns the stream of late rows of a step that reads `reads`, of which a reader sees only `names`. */
export function lateRowsOf(reads: StreamDefinition, names: readonly string[]): StreamDefinition {
  const visible = [...names, timeColumnOf(reads)];
  const columns = reads.columns.map((column) =>
    visible.includes(column.name) ? column : { ...column, name: `$not ${column.name}` },
  );
  return { ...reads, columns };
}

/** The columns that all streams have, as a stream. */
function commonStream([first, ...others]: readonly StreamDefinition[]): StreamDefinition {
  const columns = (first as StreamDefinition).columns.filter(({ name, type }) => {
    const isIn = (stream: StreamDefinition) =>
      stream.columns.some((column) => column.name === name && formatType(column.type) === formatType(type));
    return others.every(isIn);
  });
  return { ...(first as StreamDefinition), columns };
}
