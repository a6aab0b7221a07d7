/**
 * Rows of one record added up by key, before they are sent to where all rows of a key are: what is sent is
 * the key, and what is kept of its rows. Nothing stays from record to record.
 */
import { KiB } from "../../base/limits.ts";
import type { Row } from "../../interpreter/values/sql-value.ts";
import type { LocalAggregateOperator } from "../../protocol/dataflow.ts";
import { Aggregates, type Group } from "./aggregates.ts";
import { type ChainRow, type Emit, RowKind } from "./chain-row.ts";
import { keyName, keyOf } from "./group-keys.ts";
import type { Operator, OperatorContext } from "./operator.ts";

/** Rows, and characters and bytes in them, after which what was added up goes on within a record. */
const rowsMax = 8192;
const charactersMax = 128 * KiB;

interface Part {
  readonly key: Row;
  readonly keyGroup: number;
  readonly group: Group;
}

export class LocalAggregate implements Operator {
  readonly #emit: Emit;
  readonly #aggregates: Aggregates;
  readonly #key: ReturnType<typeof keyOf>;
  /** By the bytes of their keys, in the order in which these came. */
  readonly #parts = new Map<string, Part>();
  #rows = 0;
  #characters = 0;

  constructor(
    { key, keyTypes, aggregates }: LocalAggregateOperator,
    { emit, evaluation }: Pick<OperatorContext, "emit" | "evaluation">,
  ) {
    this.#emit = emit;
    this.#aggregates = new Aggregates(aggregates, false, evaluation);
    this.#key = keyOf(key, keyTypes);
  }

  push(row: ChainRow): void {
    const characters = charactersIn(row.values);
    // What is kept of texts goes in one row: it must not be much longer than one of these.
    if (this.#rows > 0 && this.#characters + characters > charactersMax) this.endRows();
    this.#characters += characters;
    const key = this.#key.valuesOf(row.values);
    const name = keyName(this.#key.encode(key));
    const known = this.#parts.get(name);
    const part = known ?? { key, keyGroup: row.group, group: this.#aggregates.create() };
    this.#aggregates.add(part.group, row);
    if (!known) this.#parts.set(name, part);
    this.#rows += 1;
    if (this.#rows >= rowsMax) this.endRows();
  }

  endRows(): void {
    for (const { key, keyGroup, group } of this.#parts.values()) {
      const values = [...key, ...this.#aggregates.encode(group)];
      this.#emit({ kind: RowKind.Insert, values, group: keyGroup });
    }
    this.#parts.clear();
    this.#rows = 0;
    this.#characters = 0;
  }
}

function charactersIn(values: Row): number {
  let characters = 0;
  for (const value of values) {
    if (typeof value === "string" || value instanceof Uint8Array) characters += value.length;
    else if (Array.isArray(value)) characters += charactersIn(value as Row);
  }
  return characters;
}
