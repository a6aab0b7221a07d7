/**
 * The stream that a table is, of the http connector or of datagen.
 */
import { EngineError } from "../../base/errors.ts";
import type { DataType } from "../../columnar/schema.ts";
import { formatType } from "../../columnar/schema.ts";
import { laneTypeOf } from "../../engine/plan/lane-values.ts";
import type { RowExpression } from "../../interpreter/row-expression.ts";
import { formatShape, type SqlType } from "../../interpreter/types/sql-type.ts";
import { decodeValueJson } from "../../interpreter/values/value-json.ts";
import { readStreamDefinition, type StreamBody, type StreamDefinition } from "../../protocol/stream-spec.ts";
import { bindTableExpression } from "../bind/bind-scan.ts";
import { parseDuration } from "../bind/session-options.ts";
import { generatorOfTable } from "./generator-of-table.ts";
import { streamColumns, type TableDefinition } from "./table-definition.ts";

/** True where a table's rows lie in a stream. */
export function isStreamTable({ options }: Pick<TableDefinition, "options">): boolean {
  return options.connector === "http" || options.connector === "datagen";
}

/** The name of the stream that a table is. */
export function streamOf({ name, options }: Pick<TableDefinition, "name" | "options">): string {
  return options.stream ?? name;
}

/** Returns the stream's definition; throws SQL_INVALID or SQL_NOT_SUPPORTED for what a stream cannot be. */
export function streamOfTable(table: TableDefinition): StreamDefinition {
  const { options, distribution } = table;
  const columns = streamColumns(table);
  const time = eventTimeOf(table);
  const millis = (key: string) => (options[key] === undefined ? undefined : parseDuration(options[key]));
  const [idleTimeout, retention] = [millis("idle-timeout"), millis("retention")];
  const generator = options.connector === "datagen" ? generatorOfTable(table) : undefined;
  // A generator is the only producer: there is none to wait for.
  const waits = generator ? "false" : options["wait-for-producers"];
  const body = {
    columns: columns.map(({ name, type }) => {
      return { name, type: formatType(dataTypeOf(name, type)), nullable: type.isNullable };
    }),
    ...(time && {
      eventTime: { ...time, ...(waits !== undefined && { waitForProducers: waits === "true" }) },
    }),
    ...(idleTimeout !== undefined && { idleTimeout }),
    ...(options.idle !== undefined && { idle: options.idle as "wait" | "advance" }),
    ...(distribution && { distributionKey: [...distribution.columns] }),
    ...(options.shards !== undefined
      ? { shards: Number(options.shards) }
      : distribution?.buckets !== undefined && { shards: distribution.buckets }),
    ...(retention !== undefined && { retention: { time: retention } }),
    ...(options["dead-letters"] !== undefined && {
      deadLetters: options["dead-letters"] as "keep" | "count",
    }),
  };
  return { ...readStreamDefinition(body as StreamBody), ...(generator && { generator }) };
}

/** How a column of a table lies in a stream. */
export function dataTypeOf(name: string, type: SqlType): DataType {
  const lane = laneTypeOf(type);
  if (lane) return lane;
  const remedy =
    type.name === "TIMESTAMP" || type.name === "TIMESTAMP_LTZ"
      ? `; use ${type.name}(3)`
      : type.name === "DECIMAL"
        ? "; a stream holds up to 18 digits"
        : "; use a STRING with JSON, and JSON_VALUE or JSON_QUERY over it";
  throw new EngineError("SQL_NOT_SUPPORTED", {
    message: `Not supported: ${formatShape(type)} in a stream, for column ${name}${remedy}.`,
  });
}

/**
 * The stream's own event time: of a watermark on a stored column, which is the column or the column less an
 * interval. Other watermarks are calculated where the stream is read.
 */
export function eventTimeOf(table: TableDefinition) {
  const { watermark } = table;
  const columns = streamColumns(table);
  if (!watermark || !columns.some(({ name }) => name === watermark.column)) return undefined;
  const outOfOrderness = boundOf(
    bindTableExpression(watermark.expression, columns),
    columns,
    watermark.column,
  );
  return outOfOrderness === undefined ? undefined : { column: watermark.column, outOfOrderness };
}

/** True where the watermark of a table is that which its stream has itself. */
export function isWatermarkOfStream(table: TableDefinition): boolean {
  return isStreamTable(table) && eventTimeOf(table) !== undefined;
}

/** How far a watermark is behind its column, in milliseconds; undefined where it is something else. */
export function boundOf(
  expression: RowExpression,
  columns: readonly { readonly name: string }[],
  column: string,
): number | undefined {
  const isColumn = (part: RowExpression | undefined) =>
    part?.node === "input" && columns[part.index]?.name === column;
  if (isColumn(expression)) return 0;
  if (expression.node !== "call" || expression.function !== "-") return undefined;
  const [time, interval] = expression.arguments;
  if (!isColumn(time) || interval?.node !== "literal") return undefined;
  const value = decodeValueJson(interval.value);
  return interval.type.name === "INTERVAL DAY TO SECOND" && typeof value === "number" ? value : undefined;
}
