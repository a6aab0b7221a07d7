/**
 * Rows as text for programs: a JSON object a line, or CSV as RFC 4180 has it.
 */
import { encodeResult, type ResultJson } from "../../interpreter/values/result-json.ts";
import type { ResultTable } from "./statement-result.ts";

/** One object a line, by the names of the columns. */
export function toNdjson({ fields, rows }: ResultTable): string {
  return rows
    .map((row) => {
      const values = fields.map(({ name, type }, index) => [name, encodeResult(row[index] ?? null, type)]);
      return `${JSON.stringify(Object.fromEntries(values))}\n`;
    })
    .join("");
}

/** A line of names, then one for each row. Null is nothing, an empty text `""`; what is nested is JSON. */
export function toCsv({ fields, rows }: ResultTable): string {
  const lines = [fields.map(({ name }) => csvText(name))];
  for (const row of rows) {
    lines.push(fields.map(({ type }, index) => csvValue(encodeResult(row[index] ?? null, type))));
  }
  return lines.map((values) => `${values.join(",")}\r\n`).join("");
}

function csvValue(value: ResultJson): string {
  if (value === null) return "";
  return csvText(typeof value === "object" ? JSON.stringify(value) : String(value));
}

function csvText(text: string): string {
  return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
