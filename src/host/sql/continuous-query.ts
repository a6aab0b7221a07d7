/**
 * A query that never ends: a job of its own, whose changes are read as they come, and that goes when its
 * reader is gone.
 */
import { EngineError } from "../../base/errors.ts";
import type { ScanPosition } from "../../engine/partition-types.ts";
import { laneTypeOf } from "../../engine/plan/lane-values.ts";
import { formatSqlType, type SqlType } from "../../interpreter/types/sql-type.ts";
import { decodeResult, encodeResult, type ResultJson } from "../../interpreter/values/result-json.ts";
import { decodeValueJson } from "../../interpreter/values/value-json.ts";
import type { ResultColumn } from "../../protocol/sql-answers.ts";
import type { Relation } from "../../sql/bind/logical-plan.ts";
import type { SessionOptions } from "../../sql/bind/session-options.ts";
import { planDataflow } from "../../sql/plan/lower-insert.ts";
import { resultInsert } from "../../sql/plan/result-insert.ts";
import { streamNamesOf } from "../coordinator/job-definitions.ts";
import type { Change } from "../query/read-changes.ts";
import { demandReading } from "./access.ts";
import { ask, type SqlPorts } from "./sql-ports.ts";

/** Rows that are read at a time. */
const pageRows = 1000;

/** A lease is renewed after so long: well before it ends. */
const renewMs = 15_000;

/** A row with its kind, its values in the order of the columns. */
export interface ResultChange {
  readonly kind: string;
  readonly row: readonly ResultJson[];
}

export class ContinuousQuery {
  readonly job: string;
  readonly columns: readonly ResultColumn[];
  readonly #types: readonly SqlType[];
  readonly #ports: SqlPorts;
  #after: ScanPosition | undefined;
  #renewedAt: number;

  constructor(job: string, { fields }: Relation, ports: SqlPorts) {
    this.job = job;
    this.columns = fields.map(({ name, type }) => ({ name, type: formatSqlType(type) }));
    this.#types = fields.map(({ type }) => type);
    this.#ports = ports;
    this.#renewedAt = ports.clock.now();
  }

  /** Starts the job of a query; throws what planning throws. */
  static async start(
    relation: Relation,
    options: SessionOptions,
    sql: string,
    ports: SqlPorts,
  ): Promise<ContinuousQuery> {
    const dataflow = planDataflow([resultInsert(relation)], options, sql);
    demandReading(ports.caller, streamNamesOf(dataflow).read);
    const job = `query-${Math.floor(ports.random() * 2 ** 48).toString(36)}`;
    await ask(ports, (rpc) => rpc.putJob(job, dataflow, { isLeased: true }));
    return new ContinuousQuery(job, relation, ports);
  }

  /** The changes since the last call; none where there are none yet. */
  async read(): Promise<ResultChange[]> {
    const now = this.#ports.clock.now();
    if (now - this.#renewedAt >= renewMs) {
      await ask(this.#ports, (rpc) => rpc.renewLease(this.job));
      this.#renewedAt = now;
    }
    const page = await this.#ports.changes(this.job, this.#after, pageRows);
    if (!page.ok) throw new EngineError(page.error.code, { message: page.error.message });
    this.#after = page.value.after;
    return page.value.changes.map((change) => this.#decoded(change));
  }

  /** Ends the job. */
  async stop(): Promise<void> {
    await this.#ports.coordinator((rpc) => rpc.deleteJob(this.job));
  }

  #decoded({ kind, values }: Change): ResultChange {
    const row = this.#types.map((type, index) => resultOf((values[index] ?? null) as ResultJson, type));
    return { kind, row };
  }
}

/** A value of a view as results show it: where it has no lane of its own it lies there as text. */
export function resultOf(json: ResultJson, type: SqlType): ResultJson {
  if (json === null) return null;
  if (!laneTypeOf(type)) return encodeResult(decodeValueJson(JSON.parse(String(json))), type);
  return encodeResult(decodeResult(json, type) ?? null, type);
}
