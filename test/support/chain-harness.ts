/**
 * Operators of a dataflow in one partition: rows in, one a frame, and the changes that come out.
 */
import { RowKind } from "../../src/engine/chain/chain-row.ts";
import { operatorTypesOf } from "../../src/engine/plan/chain-types.ts";
import { planDataflow } from "../../src/engine/plan/plan-dataflow.ts";
import type { TaskPlan } from "../../src/engine/plan/task-plan.ts";
import type { SqlType } from "../../src/interpreter/types/sql-type.ts";
import type { OperatorDefinition } from "../../src/protocol/dataflow.ts";
import { readStreamDefinition } from "../../src/protocol/stream-spec.ts";
import { dataflow, input, int, string, timestamp } from "./dataflows.ts";
import { type HarnessOptions, PartitionHarness, type Row } from "./partition-harness.ts";

/** Columns of the rows: `user`, `time` (its watermark is itself), `amount`, and the kind. */
export const chainStream = {
  columns: [
    { name: "user", type: "STRING" },
    { name: "time", type: "TIMESTAMP(3)" },
    { name: "amount", type: "INT" },
    { name: "kind", type: "INT" },
  ],
  eventTime: { column: "time" },
};

export const chainTypes: readonly SqlType[] = [string, timestamp, int];

export class ChainHarness {
  readonly partition: PartitionHarness;
  readonly plan: TaskPlan;
  #seen = 0;

  /** The last operator's rows are kept. */
  constructor(
    operators: readonly OperatorDefinition[],
    options: { timeZone?: string } & Pick<HarnessOptions, "pageBudget" | "functions" | "storage"> = {},
  ) {
    const { timeZone = "UTC", ...rest } = options;
    const types = operatorTypesOf([chainTypes], operators).at(-1) ?? chainTypes;
    const flow = dataflow({
      uid: "stage",
      source: {
        stream: "events",
        columns: [
          { name: "user", type: string },
          { name: "time", type: timestamp },
          { name: "amount", type: int },
        ],
        kindColumn: "kind",
        watermark: input(1, timestamp),
      },
      operators,
      sinks: [
        {
          sink: "changelog",
          name: "out",
          of: operators.length === 0 ? { port: 0 } : { operator: operators.length - 1 },
          columns: types.map((type, index) => ({ name: `column${index}`, type })),
          retentionMs: 1_000_000_000,
        },
      ],
    });
    const definition = readStreamDefinition(chainStream);
    const deploy = () => {
      throw new Error("a stage of its own is not sent to");
    };
    const [stage] = planDataflow({ ...flow, timeZone }, [definition], deploy);
    if (!stage) throw new Error("the dataflow has a stage");
    this.partition = new PartitionHarness({ stream: chainStream, checkpointTurnBytes: 1, ...rest });
    this.plan = stage.plan;
    this.wish("running");
  }

  wish(state: "running" | "paused"): void {
    this.partition.wish({ job: "job", run: 1, state, plan: this.plan });
  }

  /** Pushes rows `[user, second, amount, kind]`, each in a frame; returns the changes that came of them. */
  push(...rows: readonly (readonly [string | null, number | null, number | null, RowKind?])[]): string[] {
    for (const row of rows) {
      this.partition.append([rowOf(row)]);
      this.partition.settle();
    }
    return this.changes();
  }

  /** Ends the stream. */
  end(): string[] {
    this.partition.turn(() => this.partition.partition.setWatermark(1, 2n ** 63n - 1n));
    this.partition.settle();
    return this.changes();
  }

  /** Changes that came since this was asked before, such as `+I[ann, 3]`. */
  changes(): string[] {
    const rows = this.partition.scan("job").rows.map(({ values }) => Object.values(values).slice(1));
    const seen = this.#seen;
    this.#seen = rows.length;
    return rows.slice(seen).map(([kind, ...values]) => `${kind}[${values.join(", ")}]`);
  }

  get late(): number {
    return this.partition.partition.jobs.statuses()[0]?.counts.late ?? 0;
  }
}

export function rowOf([user, second, amount, kind]: readonly [
  string | null,
  number | null,
  number | null,
  RowKind?,
]): Row {
  const time = new Date((second ?? 0) * 1000).toISOString().replace("T", " ").replace("Z", "");
  return [user, time, amount, kind ?? RowKind.Insert];
}
