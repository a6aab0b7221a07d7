/**
 * Rows as text for programs: a JSON object a line, or CSV as RFC 4180 has it.
 */
import { encodeResult, type ResultJson } from "../../interpreter/values/result-json.ts";
import type { ResultTable } from "./statement-result.ts";

/** Rows as JSON has them, with values in the order of the names. */
export interface JsonTable {
  readonly names: readonly string[];
  readonly rows: readonly (readonly ResultJson[])[];
}

export function jsonTableOf({ fields, rows }: ResultTable): JsonTable {
  return {
    names: fields.map(({ name }) => name),
    rows: rows.map((row) => fields.map(({ type }, index) => encodeResult(row[index] ?? null, type))),
  };
}

/** One object a line, by the names of the columns. */
export function toNdjson({ names, rows }: JsonTable): string {
  return rows
    .map((row) => {
      const values = names.map((name, index) => [name, row[index] ?? null]);
      return `${JSON.stringify(Object.fromEntries(values))}\n`;
    })
    .join("");
}

/** A line of names, then one for each row. Null is nothing, an empty text `""`; what is nested is JSON. */
export function toCsv({ names, rows }: JsonTable): string {
  const lines = [names.map(csvText), ...rows.map((row) => row.map(csvValue))];
  return lines.map((values) => `${values.join(",")}\r\n`).join("");
}

function csvValue(value: ResultJson): string {
  if (value === null) return "";
  return csvText(typeof value === "object" ? JSON.stringify(value) : String(value));
}

function csvText(text: string): string {
  return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
