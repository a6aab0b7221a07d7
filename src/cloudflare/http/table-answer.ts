/**
 * Rows with types as an answer, in each of the formats that have nothing but rows.
 */
import { toArrowStream } from "../../host/sql/arrow-stream.ts";
import { type JsonTable, toCsv, toNdjson } from "../../host/sql/row-texts.ts";
import type { ResultTable } from "../../host/sql/statement-result.ts";

export const tableFormats = [
  "application/x-ndjson",
  "text/csv",
  "application/vnd.apache.arrow.stream",
] as const;

export type TableFormat = (typeof tableFormats)[number];

/** Rows as JSON has them for texts, and typed for what has types itself. */
export interface AnswerTable {
  readonly json: () => JsonTable;
  readonly typed: () => ResultTable;
}

export function tableAnswer(format: TableFormat, table: AnswerTable, headers: HeadersInit = {}): Response {
  const answerOf = (type: string, body: string | Uint8Array) => {
    const all = new Headers(headers);
    all.set("content-type", type);
    return new Response(body as BodyInit, { headers: all });
  };
  switch (format) {
    case "application/x-ndjson":
      return answerOf(format, toNdjson(table.json()));
    case "text/csv":
      return answerOf("text/csv; charset=utf-8; header=present", toCsv(table.json()));
    case "application/vnd.apache.arrow.stream":
      return answerOf(format, toArrowStream(table.typed()));
  }
}
