/**
 * Rows that a chain could not take any more: they are counted, and kept as letters.
 */
import { failedRowTextMax, letterTextMax } from "../../base/limits.ts";
import type { SqlValue } from "../../interpreter/values/sql-value.ts";
import { encodeValueJson } from "../../interpreter/values/value-json.ts";
import type { KeptRow, LetterBox } from "../letters/letter-box.ts";
import type { LogRecord } from "../log/records.ts";
import type { ChainRow } from "./chain-row.ts";

export class RejectedRows {
  readonly #letters: LetterBox;
  #offset = 0;
  #appendTime = 0;
  #count = 0;
  #late = 0;

  constructor(letters: LetterBox) {
    this.#letters = letters;
  }

  begin({ offset, appendTime }: LogRecord): void {
    this.#offset = offset;
    this.#appendTime = appendTime;
    this.#count = 0;
    this.#late = 0;
  }

  /** Rows of the record that came too late. */
  get late(): number {
    return this.#late;
  }

  /** Rows that came of the record and cannot be kept. */
  get bad(): number {
    return this.#count - this.#late;
  }

  addLate(row: ChainRow, message: string, lateBy: number): void {
    this.#late++;
    this.#add(row, { reason: "late", message, lateBy });
  }

  /** Notes that a row cannot even be read. */
  addUnread(message: string): void {
    this.#add({ values: [] }, { reason: "bad", message });
  }

  addBad(row: ChainRow, message: string): void {
    this.#add(row, { reason: "bad", message });
  }

  /** What it was a row of is not known here, so it can be read and not replayed. */
  #add({ values }: Pick<ChainRow, "values">, why: Pick<KeptRow, "reason" | "message" | "lateBy">): void {
    const [offset, appendTime] = [this.#offset, this.#appendTime];
    const content = values.length > 0 ? { values: values.map(textOf) } : {};
    this.#letters.add({ offset, row: this.#count++, ...why, appendTime, content, isCut: true });
  }
}

/** The row as text, to find it by. */
export function shortRowText({ values }: ChainRow): string {
  const text = JSON.stringify(values.map(textOf));
  return text.length <= failedRowTextMax ? text : `${text.slice(0, failedRowTextMax)}…`;
}

function textOf(value: SqlValue): unknown {
  const json = encodeValueJson(value);
  return typeof json === "string" ? json.slice(0, letterTextMax) : json;
}
