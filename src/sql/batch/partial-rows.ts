/**
 * What comes of a part of a query that was divided: kept of the rows of a table as they come, on each
 * partition for some of them at a time, sent, and put together by who asks.
 *
 * Law: into however many parts rows are cut, what is put together of them in turn is what comes of all.
 */
import type { EvaluationContext } from "../../interpreter/scalar-function.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import type { Row } from "../../interpreter/values/sql-value.ts";
import { decodeRow, encodeRow } from "../../interpreter/values/value-codec.ts";
import { inputsOfRelation, type Relation } from "../bind/logical-plan.ts";
import type { PartialQuery } from "./divide.ts";
import { evaluateRelation, sorted } from "./evaluate-relation.ts";
import { GroupRows } from "./group-rows.ts";

/** What is kept of rows. */
interface Kept {
  readonly keptTypes: readonly SqlType[];
  readonly count: number;
  /** No further row changes anything. */
  readonly isEnough: boolean;
  add(rows: readonly Row[]): void;
  kept(): readonly Row[];
  merge(kept: readonly Row[]): void;
  rows(): readonly Row[];
}

export class PartialRows {
  readonly #context: EvaluationContext;
  /** Makes of rows of the table those that are kept. */
  readonly #input: Relation;
  readonly #kept: Kept;
  readonly #sentTypes: readonly SqlType[];

  constructor({ relation, rows }: PartialQuery, context: EvaluationContext) {
    this.#context = context;
    const isRowByRow = relation.node !== "aggregate" && relation.node !== "sort";
    this.#input = isRowByRow ? relation : relation.input;
    this.#kept =
      relation.node === "aggregate" ? new GroupRows(relation, context) : new FirstRows(relation, rows);
    const fields = this.#kept.keptTypes.map((type, index) => ({ name: `f${index}`, type }));
    const element: SqlType = { name: "ROW", isNullable: false, fields };
    this.#sentTypes = [{ name: "ARRAY", isNullable: false, element }];
  }

  /** Rows or groups that are kept. */
  get count(): number {
    return this.#kept.count;
  }

  get isEnough(): boolean {
    return this.#kept.isEnough;
  }

  /** Takes rows of the table in. */
  add(rows: readonly Row[]): void {
    const context = {
      ...this.#context,
      rowsOf: (relation: Relation) => (relation.node === "scan" ? rows : undefined),
    };
    this.#kept.add(evaluateRelation(this.#input, context));
  }

  /** What is kept, to be merged elsewhere. */
  encode(): Uint8Array {
    return encodeRow(this.#sentTypes, [this.#kept.kept()]);
  }

  /** Adds what another kept of rows that come behind these. */
  merge(bytes: Uint8Array): void {
    this.#kept.merge(decodeRow(this.#sentTypes, bytes)[0] as readonly Row[]);
  }

  /** The rows of the part of the query. */
  rows(): readonly Row[] {
    return this.#kept.rows();
  }
}

/** So many rows as are enough: those that came first, or are first in an order. */
class FirstRows implements Kept {
  readonly keptTypes: readonly SqlType[];
  readonly #relation: Relation;
  readonly #enough: number;
  #rows: readonly Row[] = [];

  constructor(relation: Relation, enough: number) {
    this.#relation = relation;
    this.#enough = enough;
    this.keptTypes = relation.fields.map(({ type }) => type);
  }

  get count(): number {
    return this.#rows.length;
  }

  get isEnough(): boolean {
    return this.#relation.node !== "sort" && this.#rows.length >= this.#enough;
  }

  add(rows: readonly Row[]): void {
    const all = [...this.#rows, ...rows];
    const inOrder = this.#relation.node === "sort" ? sorted(this.#relation, all) : all;
    this.#rows = inOrder.slice(0, this.#enough);
  }

  kept(): readonly Row[] {
    return this.#rows;
  }

  merge(kept: readonly Row[]): void {
    this.add(kept);
  }

  rows(): readonly Row[] {
    return this.#rows;
  }
}

/** The most rows that one row of the table becomes. */
export function rowsOfOne({ relation }: PartialQuery): number {
  let rows = 1;
  for (let below: Relation | undefined = relation; below; [below] = inputsOfRelation(below)) {
    if (below.node !== "window") continue;
    const { window } = below;
    if (window.kind === "hop") rows *= window.sizeMs / window.slideMs;
    if (window.kind === "cumulate") rows *= window.sizeMs / window.stepMs;
  }
  return rows;
}
