/** Statements run against a catalog in memory; streams and jobs are taken, and nothing becomes of them. */
import { orderFunctions } from "../../../../examples/functions/order-functions.ts";
import { SqlObjects } from "../../../../src/host/coordinator/sql-objects.ts";
import { runStatements } from "../../../../src/host/sql/run-statements.ts";
import type { SqlPorts } from "../../../../src/host/sql/sql-ports.ts";
import type { ResultTable } from "../../../../src/host/sql/statement-result.ts";
import { UserFunctions } from "../../../../src/interpreter/user-functions.ts";
import type { ParameterValues } from "../../../../src/sql/parse/parameters.ts";
import { administrator } from "../../../support/administrator.ts";
import { NodeStorage } from "../../../support/node-storage.ts";

/** Ports of a server on which nothing runs. */
export function emptyPorts(): SqlPorts {
  const objects = new SqlObjects(new NodeStorage());
  const rpc = {
    sqlObjects: () => objects.sqlObjects(),
    putSqlObject: (...given: Parameters<SqlObjects["putSqlObject"]>) => objects.putSqlObject(...given),
    dropSqlObject: (...given: Parameters<SqlObjects["dropSqlObject"]>) => objects.dropSqlObject(...given),
    streams: async () => ({ ok: true, value: [] }),
    jobs: async () => ({ ok: true, value: [] }),
    putStream: async () => ({ ok: true, value: undefined }),
    deleteStream: async () => ({ ok: true, value: undefined }),
    putJob: async () => ({ ok: true, value: undefined }),
    setJobState: async () => ({ ok: true, value: undefined }),
    deleteJob: async () => ({ ok: true, value: undefined }),
    createSavepoint: async () => ({ ok: true, value: { savepoint: 1 } }),
  };
  return {
    ...administrator,
    coordinator: (call) => call(rpc as never),
    views: { evaluate: async () => ({ ok: true, value: [] }) },
    evaluateOverStream: async () => ({ ok: true, value: [] }),
    changes: async () => ({ ok: true, value: { changes: [], after: undefined } }),
    append: async () => ({
      ok: true,
      value: { accepted: 0, duplicate: 0, rejected: 0, errors: [], token: {} },
    }),
    functions: new UserFunctions(orderFunctions),
    clock: { now: () => 0 } as SqlPorts["clock"],
    random: () => 0.5,
  };
}

export async function runSql(sql: string, parameters: ParameterValues = [], ports = emptyPorts()) {
  return await runStatements({ sql, options: {}, parameters }, ports);
}

/** The rows of the last of the statements. */
export async function tableOf(sql: string, parameters: ParameterValues = []): Promise<ResultTable> {
  const { results } = await runSql(sql, parameters);
  const table = results.at(-1)?.table;
  if (!table) throw new Error(`"${sql}" has no rows`);
  return table;
}
