/**
 * A catalog in memory for statements that only need one: tables, views and the names of jobs are kept,
 * streams are taken and forgotten.
 */
import { orderFunctions } from "../../examples/functions/order-functions.ts";
import { errorBodyOf } from "../../src/base/errors.ts";
import { type AnyJobDefinition, tablesOf } from "../../src/host/coordinator/job-definitions.ts";
import type { SqlObject } from "../../src/host/coordinator/sql-objects.ts";
import { UserFunctions } from "../../src/interpreter/user-functions.ts";
import { runStatements } from "../../src/host/sql/run-statements.ts";
import { answerOf } from "../../src/host/sql/statement-result.ts";
import type { SqlPorts } from "../../src/host/sql/sql-ports.ts";
import type { StatementAnswer } from "../../src/protocol/sql-answers.ts";
import { administrator } from "../support/administrator.ts";

export class MemoryCatalog {
  readonly #objects: Map<string, SqlObject>;
  readonly #jobs: Map<string, { state: string; readonly tables: readonly string[] }>;

  constructor(
    objects: Iterable<readonly [string, SqlObject]> = [],
    jobs: Iterable<readonly [string, { state: string; readonly tables: readonly string[] }]> = [],
  ) {
    this.#objects = new Map(objects);
    this.#jobs = new Map(jobs);
  }

  /** One that begins with the same objects. */
  copy(): MemoryCatalog {
    return new MemoryCatalog(this.#objects, this.#jobs);
  }

  async run(sql: string): Promise<StatementAnswer[]> {
    const body = { sql, options: {}, parameters: [] };
    return (await runStatements(body, this.#ports())).results.map(answerOf);
  }

  /** What the last statement shows or says, or what it is refused with. */
  async told(sql: string): Promise<string> {
    try {
      const { rows, message } = (await this.run(sql)).at(-1) ?? {};
      return rows ? rows.map((row) => row.join(" | ")).join("\n") : (message ?? "");
    } catch (thrown) {
      const { code, message } = errorBodyOf(thrown);
      return `${code}: ${message}`;
    }
  }

  #ports(): SqlPorts {
    const ok = <Value>(value: Value) => Promise.resolve({ ok: true as const, value });
    const [objects, jobs] = [this.#objects, this.#jobs];
    const rpc = {
      sqlObjects: () => ok([...objects.values()]),
      putSqlObject: (object: SqlObject) => {
        objects.set(object.definition.name, object);
        return ok(true);
      },
      dropSqlObject: (_: string, name: string) => ok(objects.delete(name)),
      streams: () => ok([]),
      putStream: () => ok({}),
      deleteStream: () => ok(null),
      jobs: () => ok([...jobs].map(([job, facts]) => ({ job, createdAt: "then", ...facts }))),
      putJob: (name: string, job: AnyJobDefinition) => {
        jobs.set(name, { state: "running", tables: tablesOf(job) });
        return ok({});
      },
      setJobState: (name: string, state: string) => {
        jobs.set(name, { tables: [], ...jobs.get(name), state });
        return ok({});
      },
      deleteJob: (name: string) => ok(jobs.delete(name)),
    };
    return {
      ...administrator,
      coordinator: (call) => call(rpc as unknown as Parameters<typeof call>[0]),
      evaluateOverStream: () => Promise.reject(new Error("no stream has rows here")),
      views: { evaluate: () => Promise.reject(new Error("no view has rows here")) },
      changes: () => Promise.reject(new Error("no query runs here")),
      append: (_, body) => {
        const rows = JSON.parse(new TextDecoder().decode(body)).length;
        return ok({ accepted: rows, duplicate: 0, rejected: 0, errors: [], token: {} });
      },
      functions: new UserFunctions(orderFunctions),
      clock: { now: () => 0 } as SqlPorts["clock"],
      random: () => 0.5,
    };
  }
}
