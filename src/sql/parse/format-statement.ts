/**
 * From trees back to text: statements.
 */
import { formatHints } from "./format-hints.ts";
import {
  formatIdentifier,
  formatInterval,
  formatName,
  formatNames,
  formatType,
  quoted,
} from "./format-names.ts";
import { formatExpression, formatQuery } from "./format-query.ts";
import type {
  AlterTable,
  ColumnDefinition,
  CreateTable,
  CreateView,
  Describe,
  Distribution,
  FunctionFacts,
  Insert,
  KeyConstraint,
  Option,
  PartitionValue,
  Show,
  Statement,
  TableChange,
  TableDefinition,
} from "./statement-tree.ts";

/** Returns a statement as text, without a semicolon; parsed again it is the same tree. */
export function formatStatement(statement: Statement): string {
  switch (statement.kind) {
    case "query":
      return formatQuery(statement.query);
    case "insert":
      return formatInsert(statement);
    case "statement set": {
      const inserts = statement.inserts.map((insert) => `${formatInsert(insert)};`);
      return words("EXECUTE STATEMENT SET BEGIN", ...inserts, "END");
    }
    case "create table":
      return formatCreateTable(statement);
    case "create view":
      return formatCreateView(statement);
    case "create function":
      return words(
        "CREATE",
        statement.isTemporary && "TEMPORARY",
        statement.isSystem && "SYSTEM",
        "FUNCTION",
        statement.ifNotExists && "IF NOT EXISTS",
        formatFunction(statement),
      );
    case "alter table":
      return formatAlterTable(statement);
    case "alter view": {
      const { ifExists, name, change } = statement;
      const changed =
        "to" in change ? `RENAME TO ${formatName(change.to)}` : `AS ${formatQuery(change.query)}`;
      return words("ALTER VIEW", ifExists && "IF EXISTS", formatName(name), changed);
    }
    default:
      return formatOther(statement);
  }
}

type Other = Exclude<
  Statement,
  {
    readonly kind:
      | "query"
      | "insert"
      | "statement set"
      | "create table"
      | "create view"
      | "create function"
      | "alter table"
      | "alter view";
  }
>;

function formatOther(statement: Other): string {
  switch (statement.kind) {
    case "alter function": {
      const { isTemporary, isSystem, ifExists } = statement;
      const kind = [isTemporary && "TEMPORARY", isSystem && "SYSTEM"] as const;
      return words("ALTER", ...kind, "FUNCTION", ifExists && "IF EXISTS", formatFunction(statement));
    }
    case "drop": {
      const { what, isTemporary, isSystem, ifExists, name } = statement;
      const kind = [isTemporary && "TEMPORARY", isSystem && "SYSTEM", what] as const;
      return words("DROP", ...kind, ifExists && "IF EXISTS", formatName(name));
    }
    case "describe":
      return formatDescribe(statement);
    case "show":
      return formatShow(statement);
    case "explain": {
      const details = statement.details.join(", ");
      return words("EXPLAIN", details || "PLAN FOR", formatStatement(statement.statement));
    }
    case "set":
      return statement.option ? `SET ${formatOption(statement.option)}` : "SET";
    case "reset":
      return statement.key === undefined ? "RESET" : `RESET ${quoted(statement.key)}`;
    case "use":
      return words("USE", statement.what === "CATALOG" && "CATALOG", formatName(statement.name));
    case "stop job":
      return words(
        `STOP JOB ${quoted(statement.job)}`,
        statement.withSavepoint && "WITH SAVEPOINT",
        statement.withDrain && "WITH DRAIN",
      );
  }
}

/** The parts that there are, with spaces between them. */
function words(...parts: readonly (string | false | undefined)[]): string {
  return parts.filter((part) => part !== false && part !== undefined && part !== "").join(" ");
}

function formatInsert(insert: Insert): string {
  const hints =
    insert.options.length > 0 ? formatHints([{ name: "OPTIONS", options: insert.options }]).trim() : "";
  return words(
    `INSERT ${insert.isOverwrite ? "OVERWRITE" : "INTO"} ${formatName(insert.into)}`,
    hints,
    insert.partition.length > 0 && `PARTITION ${formatPartition(insert.partition)}`,
    insert.columns.length > 0 && `(${insert.columns.map(formatName).join(", ")})`,
    formatQuery(insert.query),
    insert.onConflict && `ON CONFLICT DO ${insert.onConflict}`,
  );
}

function formatPartition(values: readonly PartitionValue[]): string {
  const listed = values.map(
    ({ column, value }) => `${formatIdentifier(column)} = ${formatExpression(value)}`,
  );
  return `(${listed.join(", ")})`;
}

function formatOption({ key, value }: Option): string {
  return `${quoted(key)} = ${quoted(value)}`;
}

function formatOptions(options: readonly Option[]): string {
  return `(${options.map(formatOption).join(", ")})`;
}

function formatCreateTable(table: CreateTable): string {
  const { existing, isTemporary, isMaterialized, definition, distribution, partitionedBy } = table;
  const { freshness, refreshMode, startMode, like } = table;
  const start = startMode?.from ? `${startMode.mode}(${formatExpression(startMode.from)})` : startMode?.mode;
  const isDefined = definition.columns.length + definition.constraints.length > 0 || definition.watermark;
  const likeOptions = like?.options.map(({ how, what }) => `${how} ${what}`).join(" ");
  return words(
    "CREATE",
    existing === "replace" && "OR REPLACE",
    existing === "alter" && "OR ALTER",
    isTemporary && "TEMPORARY",
    isMaterialized && "MATERIALIZED",
    "TABLE",
    existing === "keep" && "IF NOT EXISTS",
    formatName(table.name),
    isDefined && `(${formatElements(definition)})`,
    formatComment(table.comment),
    distribution && `DISTRIBUTED ${formatDistribution(distribution)}`,
    partitionedBy.length > 0 && `PARTITIONED BY ${formatNames(partitionedBy)}`,
    table.options && `WITH ${formatOptions(table.options)}`,
    like && words("LIKE", formatName(like.source), likeOptions && `(${likeOptions})`),
    start && `START_MODE = ${start}`,
    freshness && `FRESHNESS = ${formatInterval(freshness)}`,
    refreshMode && `REFRESH_MODE = ${refreshMode}`,
    table.query && `AS ${formatQuery(table.query)}`,
  );
}

function formatElements({ columns, watermark, constraints }: TableDefinition): string {
  return [
    ...columns.map(formatColumn),
    ...constraints.map(formatConstraint),
    ...(watermark
      ? [`WATERMARK FOR ${formatName(watermark.column)} AS ${formatExpression(watermark.expression)}`]
      : []),
  ].join(", ");
}

function formatColumn(column: ColumnDefinition): string {
  const { type, computed, metadata, constraint, comment, position } = column;
  return words(
    formatName(column.name),
    type && formatType(type),
    computed && `AS ${formatExpression(computed)}`,
    constraint && formatConstraint(constraint),
    metadata && "METADATA",
    metadata?.key !== undefined && `FROM ${quoted(metadata.key)}`,
    metadata?.isVirtual && "VIRTUAL",
    formatComment(comment),
    position && (position === "first" ? "FIRST" : `AFTER ${formatName(position)}`),
  );
}

function formatConstraint({ constraint, name, columns, isEnforced }: KeyConstraint): string {
  return words(
    name && `CONSTRAINT ${formatIdentifier(name)}`,
    constraint,
    columns.length > 0 && formatNames(columns),
    isEnforced !== undefined && (isEnforced ? "ENFORCED" : "NOT ENFORCED"),
  );
}

function formatDistribution({ strategy, columns, buckets }: Distribution): string {
  return words(
    columns.length > 0 && `BY ${strategy ?? ""}${formatNames(columns)}`,
    buckets !== undefined && `INTO ${buckets} BUCKETS`,
  );
}

function formatComment(comment: string | undefined): string {
  return comment === undefined ? "" : `COMMENT ${quoted(comment)}`;
}

function formatCreateView(view: CreateView): string {
  const columns = view.columns.map(({ name, comment }) =>
    words(formatIdentifier(name), formatComment(comment)),
  );
  return words(
    "CREATE",
    view.isTemporary && "TEMPORARY",
    "VIEW",
    view.ifNotExists && "IF NOT EXISTS",
    formatName(view.name),
    columns.length > 0 && `(${columns.join(", ")})`,
    formatComment(view.comment),
    `AS ${formatQuery(view.query)}`,
  );
}

function formatFunction({ name, implementation, language }: FunctionFacts): string {
  return words(formatName(name), `AS ${quoted(implementation)}`, language && `LANGUAGE ${language}`);
}

function formatAlterTable({ isMaterialized, ifExists, name, change }: AlterTable): string {
  const kind = isMaterialized ? "MATERIALIZED TABLE" : "TABLE";
  return words("ALTER", kind, ifExists && "IF EXISTS", formatName(name), formatChange(change));
}

function formatChange(change: TableChange): string {
  switch (change.change) {
    case "set":
      return `SET ${formatOptions(change.options)}`;
    case "reset":
      return `RESET (${change.keys.map(quoted).join(", ")})`;
    case "rename":
      return `RENAME TO ${formatName(change.to)}`;
    case "rename column":
      return `RENAME ${formatName(change.column)} TO ${formatName(change.to)}`;
    case "add":
    case "modify":
      return `${change.change.toUpperCase()} (${formatElements(change.definition)})`;
    case "add distribution":
    case "modify distribution":
      return `${change.change.toUpperCase()} ${formatDistribution(change.distribution)}`;
    case "drop columns":
      return `DROP (${change.columns.map(formatName).join(", ")})`;
    case "drop constraint":
      return `DROP CONSTRAINT ${formatIdentifier(change.constraint)}`;
    case "resume":
      return words("RESUME", change.options && `WITH ${formatOptions(change.options)}`);
    case "refresh":
      return words(
        "REFRESH",
        change.partition.length > 0 && `PARTITION ${formatPartition(change.partition)}`,
      );
    case "freshness":
      return `SET FRESHNESS = ${formatInterval(change.freshness)}`;
    case "refresh mode":
      return `SET REFRESH_MODE = ${change.refreshMode}`;
    case "query":
      return `AS ${formatQuery(change.query)}`;
    default:
      return change.change.toUpperCase();
  }
}

function formatDescribe({ what, isExtended, name }: Describe): string {
  const named = typeof name === "string" ? quoted(name) : formatName(name);
  return words("DESCRIBE", what !== "TABLE" && what, isExtended && "EXTENDED", named);
}

function formatShow({ what, of, pattern }: Show): string {
  const inside = of && (what.startsWith("CREATE") ? formatName(of) : `FROM ${formatName(of)}`);
  const matching = pattern && `${pattern.isNot ? "NOT " : ""}${pattern.operator} ${quoted(pattern.text)}`;
  return words("SHOW", what, inside, matching);
}
