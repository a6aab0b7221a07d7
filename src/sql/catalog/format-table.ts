/**
 * A table of the catalog as the statement that makes it: SHOW CREATE TABLE.
 */
import { formatSqlType } from "../../interpreter/types/sql-type.ts";
import type { Materialized, TableColumn, TableDefinition, ViewDefinition } from "./table-definition.ts";

export function formatTable(table: TableDefinition): string {
  return table.materialized ? formatMaterialized(table, table.materialized) : formatPlain(table);
}

/** Its columns are those of the query. */
function formatMaterialized(
  { name, primaryKey, options, comment }: TableDefinition,
  { query, freshness }: Materialized,
): string {
  return [
    `CREATE MATERIALIZED TABLE ${quoted(name)} (`,
    `  PRIMARY KEY (${primaryKey.map(quoted).join(", ")}) NOT ENFORCED`,
    `)${comment === undefined ? "" : ` COMMENT ${text(comment)}`}`,
    `WITH (\n${formatOptions(options)}\n)`,
    ...(freshness === undefined ? [] : [`FRESHNESS = ${freshness}`]),
    "REFRESH_MODE = CONTINUOUS",
    `AS ${query}`,
  ].join("\n");
}

function formatOptions(options: TableDefinition["options"]): string {
  return Object.entries(options)
    .map(([key, value]) => `  ${text(key)} = ${text(value)}`)
    .join(",\n");
}

function formatPlain(table: TableDefinition): string {
  const { name, columns, watermark, primaryKey, distribution, partitionedBy, options, comment } = table;
  const parts = [
    ...columns.map(formatColumn),
    ...(watermark ? [`WATERMARK FOR ${quoted(watermark.column)} AS ${watermark.expression}`] : []),
    ...(primaryKey.length > 0 ? [`PRIMARY KEY (${primaryKey.map(quoted).join(", ")}) NOT ENFORCED`] : []),
  ];
  const buckets = distribution?.buckets === undefined ? "" : ` INTO ${distribution.buckets} BUCKETS`;
  return [
    `CREATE TABLE ${quoted(name)} (`,
    parts.map((part) => `  ${part}`).join(",\n"),
    `)${comment === undefined ? "" : ` COMMENT ${text(comment)}`}`,
    ...(distribution ? [`DISTRIBUTED BY (${distribution.columns.map(quoted).join(", ")})${buckets}`] : []),
    ...(partitionedBy.length > 0 ? [`PARTITIONED BY (${partitionedBy.map(quoted).join(", ")})`] : []),
    `WITH (\n${formatOptions(options)}\n)`,
  ].join("\n");
}

function formatColumn({ name, type, computed, metadata, comment }: TableColumn): string {
  const said = comment === undefined ? "" : ` COMMENT ${text(comment)}`;
  if (computed !== undefined) return `${quoted(name)} AS ${computed}${said}`;
  const from = metadata ? ` METADATA FROM ${text(metadata.key)}${metadata.isVirtual ? " VIRTUAL" : ""}` : "";
  return `${quoted(name)} ${formatSqlType(type)}${from}${said}`;
}

export function formatView({ name, columns, query, comment }: ViewDefinition): string {
  const named = columns.length > 0 ? ` (${columns.map(quoted).join(", ")})` : "";
  const said = comment === undefined ? "" : ` COMMENT ${text(comment)}`;
  return `CREATE VIEW ${quoted(name)}${named}${said} AS ${query}`;
}

function quoted(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}

function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
