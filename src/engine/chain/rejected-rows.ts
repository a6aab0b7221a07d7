/**
 * Rows that a chain could not take any more: they are counted, and kept as letters.
 */
import { failedRowTextMax, letterTextMax } from "../../base/limits.ts";
import type { SqlValue } from "../../interpreter/values/sql-value.ts";
import { encodeValueJson } from "../../interpreter/values/value-json.ts";
import type { LogRecord } from "../log/records.ts";
import type { LetterBox } from "../task/letters.ts";
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

  addLate(row: ChainRow, reason: string): void {
    this.#late++;
    this.addBad(row, reason);
  }

  /** Notes that a row cannot even be read. */
  addUnread(reason: string): void {
    this.#add({}, reason);
  }

  addBad({ values }: ChainRow, reason: string): void {
    this.#add({ values: values.map(textOf) }, reason);
  }

  #add(content: Readonly<Record<string, unknown>>, reason: string): void {
    const [offset, appendTime] = [this.#offset, this.#appendTime];
    this.#letters.add({ offset, row: this.#count++, reason, appendTime, content });
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
