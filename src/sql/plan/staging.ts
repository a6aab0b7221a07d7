/**
 * From relations to the stages of a dataflow: where rows are exchanged, which operator keeps what, and which
 * changes must be told to whom.
 *
 * A relation is lowered to a flow: places in stages where its rows come out. What keeps nothing runs where
 * its rows are; what keeps state by key gets a stage of its own, to which rows travel by that key, unless
 * they are there already.
 */
import { assert } from "../../base/assert.ts";
import { mapInputs, type RowExpression } from "../../interpreter/row-expression.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import type {
  CalcOperator,
  DataflowDefinition,
  DataflowStage,
  KeptState,
  OperatorDefinition,
  OperatorInput,
  SinkDefinition,
  SourceDefinition,
  StageInput,
} from "../../protocol/dataflow.ts";
import { inputsOfRelation, type Relation, type ScanRelation } from "../bind/logical-plan.ts";
import { readColumnOf } from "../catalog/metadata-columns.ts";
import { isWatermarkOfStream, streamOf } from "../catalog/stream-of-table.ts";
import { isChangelog, type TableDefinition } from "../catalog/table-definition.ts";
import { keepsWhole, type Placement, placementOfScan } from "./placement.ts";

/** Where the rows of a relation come out, and what is known of them. */
export interface Flow {
  readonly places: readonly Place[];
  readonly types: readonly SqlType[];
  /** Rows are taken back or changed: there are others than +I. */
  readonly isChanging: boolean;
  /** Columns that tell a row from all others while it is there, in each of the ways that are known. */
  readonly upsertKeys?: readonly (readonly number[])[];
  /** The columns by which its rows are where they are; of one place only. */
  readonly partition?: Placement;
}

export interface Place {
  readonly stage: number;
  readonly of: OperatorInput;
}

interface KeyedFlow {
  readonly flow: Flow;
  readonly key: readonly number[];
}

interface StageDraft {
  readonly uid: string;
  readonly source?: SourceDefinition;
  readonly inputs?: readonly StageInput[];
  readonly parallelism?: number;
  readonly kept?: readonly KeptState[];
  readonly operators: OperatorDefinition[];
  readonly sinks: SinkDefinition[];
}

export interface StagingOptions {
  readonly sql: string;
  readonly timeZone: string;
  /** Partitions of stages with a key; 0: as many as the source has shards. */
  readonly parallelism: number;
  /** The shards of a stream may keep a view. */
  readonly keepsViewInShards: boolean;
}

/** The stages as they are put together. */
export class Staging {
  readonly #options: StagingOptions;
  readonly #stages: StageDraft[] = [];
  /** The stage of each table that is read, and which of its stored columns it has. */
  readonly #sources = new Map<string, { readonly stage: number; readonly columns: readonly string[] }>();

  /** What the streams of sources are distributed by. */
  readonly #distributions = new Map<number, readonly string[]>();

  constructor(inputs: readonly Relation[], options: StagingOptions) {
    this.#options = options;
    for (const scans of scansByTable(inputs)) this.#addSource(scans);
  }

  get definition(): DataflowDefinition {
    const { sql, timeZone } = this.#options;
    return { sql, timeZone, stages: this.#stages satisfies readonly DataflowStage[] };
  }

  /** The flow of a scan: the stage's columns, or those of them that it has. */
  scan(relation: ScanRelation): Flow {
    const { table, columns: wanted, fields } = relation;
    const source = this.#sources.get(table.name);
    assert(source, "every table that is read has its stage");
    const { stage, columns } = source;
    const types = fields.map(({ type }) => type);
    const partition = placementOfScan(relation);
    const whole: Flow = {
      places: [{ stage, of: { port: 0 } }],
      types: this.#stages[stage]?.source?.columns.map(({ type }) => type) ?? [],
      isChanging: isChangelog(table),
      upsertKeys: keysOf(table, wanted),
      ...(partition && { partition }),
    };
    const indices = wanted.map((name) => columns.indexOf(name));
    if (indices.length === columns.length) return whole;
    const projection = indices.map((index, place): RowExpression => {
      return { node: "input", index, type: types[place] as SqlType };
    });
    return { ...whole, ...this.add(whole, { operator: "calc", projection }, types) };
  }

  /** Adds an operator at each place of a flow; calcs of which one only moves columns are one. */
  add(flow: Flow, operator: OperatorWithoutInputs, types: readonly SqlType[]): Flow {
    const [only, ...others] = flow.places;
    const { operators: before = [] } = this.#stages[only?.stage ?? -1] ?? {};
    const last = before.at(-1);
    const isLast = only && "operator" in only.of && only.of.operator === before.length - 1;
    if (operator.operator === "calc" && isLast && others.length === 0 && last && areOne(last, operator)) {
      before[before.length - 1] = { ...merged(last, operator), inputs: last.inputs };
      return { places: flow.places, types, isChanging: flow.isChanging };
    }
    const byStage = new Map<number, OperatorInput[]>();
    for (const { stage, of } of flow.places) byStage.set(stage, [...(byStage.get(stage) ?? []), of]);
    const places = [...byStage].map(([stage, inputs]): Place => {
      const { operators } = this.#stages[stage] as StageDraft;
      operators.push({ ...operator, inputs } as OperatorDefinition);
      return { stage, of: { operator: operators.length - 1 } };
    });
    return { places, types, isChanging: flow.isChanging };
  }

  /** Adds an operator that reads several flows, which are at one stage; each is one of its inputs. */
  addBeside(flows: readonly Flow[], operator: OperatorWithoutInputs, types: readonly SqlType[]): Flow {
    const single = flows.map((flow) => this.gathered(flow));
    const [first] = single.flatMap(({ places }) => places);
    assert(first, "an operator reads something");
    const { operators } = this.#stages[first.stage] as StageDraft;
    const inputs = single.flatMap(({ places }) => places.map(({ of }) => of));
    operators.push({ ...operator, inputs } as OperatorDefinition);
    return {
      places: [{ stage: first.stage, of: { operator: operators.length - 1 } }],
      types,
      isChanging: true,
    };
  }

  /**
   * Sends flows by their keys to one new stage; a flow stays where all groups by its key are whole there.
   * `uid` is the name of the state that is kept behind it: by the operator that is added next, or, with
   * `keepsView`, by a view.
   */
  exchange(flows: readonly KeyedFlow[], uid: string, keepsView = false): Flow[] {
    const [only] = flows;
    const isThere = only && flows.length === 1 && this.hasWhole(only.flow, only.key);
    if (isThere && !(keepsView && this.#isViewApart(only.flow))) {
      this.#keepInShards(only.flow, uid, keepsView);
      return [only.flow];
    }
    const stage = this.#stages.length;
    const inputs: StageInput[] = [];
    const sent = flows.map(({ flow, key }): Flow => {
      const places = flow.places.map(({ stage: from, of }): Place => {
        inputs.push({ stage: from, operator: of, key, types: flow.types });
        return { stage, of: { port: inputs.length - 1 } };
      });
      return { ...flow, places, partition: key };
    });
    const isGlobal = flows.every(({ key }) => key.length === 0);
    const { parallelism } = this.#options;
    this.#stages.push({
      uid: this.#freeUid(uid),
      inputs,
      ...(isGlobal ? { parallelism: 1 } : parallelism > 0 && { parallelism }),
      operators: [],
      sinks: [],
    });
    return sent;
  }

  /** True where all groups of a flow by `key` are whole where its rows are: they need not be exchanged. */
  hasWhole({ places, partition }: Flow, key: readonly number[]): boolean {
    return places.length === 1 && partition !== undefined && keepsWhole(partition, key);
  }

  /** True in the shards of a stream, which several statements read, and where they keep no view. */
  #isViewApart({ places: [place] }: Flow): boolean {
    return !this.#options.keepsViewInShards && this.#stages[place?.stage ?? -1]?.source !== undefined;
  }

  /** Notes what a source's stage keeps by a key. */
  #keepInShards({ places: [place] }: Flow, uid: string, isView: boolean): void {
    const stage = this.#stages[place?.stage ?? -1];
    const distribution = this.#distributions.get(place?.stage ?? -1);
    if (!place || !stage?.source || !distribution) return;
    const { source, kept = [] } = stage;
    const name = this.#freeUid(uid);
    const made: KeptState = isView ? { name } : { name, operator: stage.operators.length };
    this.#stages[place.stage] = { ...stage, source: { ...source, distribution }, kept: [...kept, made] };
  }

  /** A flow of one place at one stage: several become one. */
  gathered(flow: Flow): Flow {
    return flow.places.length === 1 ? flow : { ...flow, ...this.add(flow, { operator: "calc" }, flow.types) };
  }

  /** Adds a sink at each place of a flow. */
  sink(flow: Flow, sink: SinkWithoutPlace): void {
    for (const { stage, of } of flow.places) {
      this.#stages[stage]?.sinks.push({ ...sink, of } as SinkDefinition);
    }
  }

  #freeUid(uid: string): string {
    const taken = this.#stages.flatMap((stage) => [stage.uid, ...(stage.kept ?? []).map(({ name }) => name)]);
    for (let number = 1; ; number++) {
      const candidate = number === 1 ? uid : `${uid}#${number}`;
      if (!taken.includes(candidate)) return candidate;
    }
  }

  #addSource(scans: readonly ScanRelation[]): void {
    const [scan] = scans;
    assert(scan, "a table is read by a scan");
    const { table } = scan;
    const wanted = new Set(scans.flatMap((each) => each.columns));
    const all = table.columns.filter(({ name }) => wanted.has(name));
    const widest = scans.reduce((one, other) => (other.columns.length > one.columns.length ? other : one));
    const columns = scans.length === 1 ? scan.columns : all.map(({ name }) => name);
    const { watermark } = widest;
    const source: SourceDefinition = {
      stream: streamOf(table),
      columns: columns.map((name) => readColumnOf(table, name)),
      ...(watermark &&
        !isWatermarkOfStream(table) && {
          watermark: moved(watermark, widest, columns),
        }),
      ...(isChangelog(table) && { kindColumn: kindColumn }),
    };
    this.#sources.set(table.name, { stage: this.#stages.length, columns });
    if (table.distribution) this.#distributions.set(this.#stages.length, table.distribution.columns);
    this.#stages.push({ uid: `source/${table.name}`, source, operators: [], sinks: [] });
  }
}

type ProjectingCalc = CalcOperator & { readonly projection: readonly RowExpression[] };

/** True where a calc is one with that before it: one of the two only puts columns where they are wanted. */
function areOne(before: OperatorDefinition, calc: Omit<CalcOperator, "inputs">): before is ProjectingCalc {
  if (before.operator !== "calc" || !before.projection) return false;
  if (!before.condition && before.projection.every(({ node }) => node === "input")) return true;
  const columns = calc.projection?.map((each) => (each.node === "input" ? each.index : -1)) ?? [];
  // What is used twice would be calculated twice.
  return (
    !calc.condition && columns.length > 0 && !columns.includes(-1) && new Set(columns).size === columns.length
  );
}

/** Two calcs as one: the expressions of the first in those of the second. */
function merged(
  { condition: first, projection }: ProjectingCalc,
  { condition: second, projection: upper }: Omit<CalcOperator, "inputs">,
): Omit<CalcOperator, "inputs"> {
  const placed = (expression: RowExpression) =>
    mapInputs(expression, ({ index }) => projection[index] as RowExpression);
  const condition = first ?? (second && placed(second));
  return {
    operator: "calc",
    ...(condition && { condition }),
    projection: upper?.map(placed) ?? projection,
  };
}

/** The column in which a changelog's stream has the kind of each row. */
const kindColumn = "$kind";

type Without<Union, Key extends PropertyKey> = Union extends unknown ? Omit<Union, Key> : never;

export type OperatorWithoutInputs = Without<OperatorDefinition, "inputs">;

export type SinkWithoutPlace = Without<SinkDefinition, "of">;

/** The places of the PRIMARY KEY, where all of it is read. */
function keysOf({ primaryKey }: TableDefinition, columns: readonly string[]): number[][] {
  const key = primaryKey.map((name) => columns.indexOf(name));
  return key.length === 0 || key.includes(-1) ? [] : [key];
}

function moved(watermark: RowExpression, scan: ScanRelation, columns: readonly string[]): RowExpression {
  const replace = (expression: RowExpression): RowExpression => {
    if (expression.node === "literal") return expression;
    if (expression.node === "call") return { ...expression, arguments: expression.arguments.map(replace) };
    return { ...expression, index: columns.indexOf(scan.columns[expression.index] ?? "") };
  };
  return replace(watermark);
}

/** The scans of each table, in the order in which tables are met. */
function scansByTable(relations: readonly Relation[]): ScanRelation[][] {
  const byTable = new Map<string, ScanRelation[]>();
  const walk = (relation: Relation): void => {
    if (relation.node === "scan") {
      const { name } = relation.table;
      byTable.set(name, [...(byTable.get(name) ?? []), relation]);
    }
    for (const input of inputsOfRelation(relation)) walk(input);
  };
  for (const relation of relations) walk(relation);
  return [...byTable.values()];
}
