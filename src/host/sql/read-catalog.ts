/**
 * The catalog as statements see it: what SQL created, and streams that were made without it, as tables.
 */
import { EngineError } from "../../base/errors.ts";
import { suggestName } from "../../base/suggest-name.ts";
import type { UserFunction, UserFunctions } from "../../interpreter/user-functions.ts";
import { readStreamDefinition, type StreamDefinition } from "../../protocol/stream-spec.ts";
import type { BindContext } from "../../sql/bind/bind-context.ts";
import type { Catalog, TableDefinition, ViewDefinition } from "../../sql/catalog/table-definition.ts";
import type { FunctionDefinition, SqlObject } from "../coordinator/sql-objects.ts";
import { ask, type SqlPorts } from "./sql-ports.ts";
import { sqlTypeOf } from "./type-of-column.ts";

export interface ReadCatalog extends Catalog {
  readonly tables: readonly TableDefinition[];
  readonly views: readonly ViewDefinition[];
  readonly functions: readonly FunctionDefinition[];
}

/** What statements are bound in. */
export type StatementContext = BindContext & { readonly catalog: ReadCatalog };

export async function readCatalog(ports: SqlPorts): Promise<ReadCatalog> {
  const [objects, streams] = await Promise.all([
    ask(ports, (rpc) => rpc.sqlObjects()),
    ask(ports, (rpc) => rpc.streams()),
  ]);
  const created = objects.flatMap((object) => (object.kind === "table" ? [object.definition] : []));
  const known = new Set(created.map(({ name, options }) => options.stream ?? name));
  const others = streams
    .filter(({ stream }) => !known.has(stream))
    .map(({ stream, definition }) => tableOfStream(stream, readStreamDefinition(definition)));
  return catalogOf([...created, ...others], objects, ports.functions);
}

function catalogOf(
  tables: readonly TableDefinition[],
  objects: readonly SqlObject[],
  registry: UserFunctions,
): ReadCatalog {
  const views = objects.flatMap((object) => (object.kind === "view" ? [object.definition] : []));
  const functions = objects.flatMap((object) => (object.kind === "function" ? [object.definition] : []));
  return {
    ...{ tables, views, functions },
    table: (name) => tables.find((each) => each.name === name),
    function: (name) => {
      const found = functionNamed(functions, name);
      return found && registeredAs(found, registry);
    },
    view: (name) => views.find((each) => each.name === name),
    names: [...tables, ...views].map(({ name }) => name),
  };
}

/** A function of the catalog, however its name is capitalized. */
export function functionNamed(
  functions: readonly FunctionDefinition[],
  name: string,
): FunctionDefinition | undefined {
  const wanted = (name.split(".").at(-1) ?? "").toUpperCase();
  return functions.find((each) => each.name.toUpperCase() === wanted);
}

/** What the worker registers for a function. Throws SQL_INVALID where it registers nothing. */
export function registeredAs(
  { name, implementation }: FunctionDefinition,
  registry: UserFunctions,
): UserFunction {
  const found = registry.find(implementation);
  if (found) return found;
  const { names } = registry;
  const others = names.length > 0 ? `it has ${names.join(", ")}` : "it has none";
  throw new EngineError("SQL_INVALID", {
    message:
      `The function ${name} is "${implementation}", and the deployed worker registers none of that name` +
      `${suggestName(implementation, names)}; ${others}.`,
  });
}

/** A stream that was made without SQL, as a table. */
function tableOfStream(name: string, definition: StreamDefinition): TableDefinition {
  const { columns, eventTime, distributionKey, shards } = definition;
  const seconds = eventTime.outOfOrdernessMs / 1000;
  const { column } = eventTime;
  return {
    name,
    columns: columns.map((each) => ({ name: each.name, type: sqlTypeOf(each.type, each.nullable) })),
    ...(column !== undefined && {
      watermark: { column, expression: `\`${column}\` - INTERVAL '${seconds}' SECOND` },
    }),
    primaryKey: [],
    ...(distributionKey.length > 0 && { distribution: { columns: distributionKey, buckets: shards } }),
    partitionedBy: [],
    options: { connector: "http" },
  };
}
