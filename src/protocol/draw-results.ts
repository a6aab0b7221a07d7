/**
 * Results of statements for people, as Flink's SQL client draws them: a table with its rows counted, or a
 * sentence. Numbers stand to the right, so that their digits align.
 */
import type { ResultJson } from "../interpreter/values/result-json.ts";
import type { ResultColumn, StatementAnswer } from "./sql-answers.ts";

const numericType = /^(?:TINYINT|SMALLINT|INT|BIGINT|FLOAT|DOUBLE|DECIMAL)\b/;

/** Draws a result, with a line feed at its end. */
export function drawResult({ columns, rows, message, job }: StatementAnswer): string {
  const said = message === undefined ? "" : `${message}\n`;
  const started = job === undefined || message?.includes(job) ? "" : `Job ${job}\n`;
  if (!columns || !rows) return said + started || "Done.\n";
  const text = longText(columns, rows);
  if (text !== undefined) return `${text}\n`;
  return `${drawTable(columns, rows)}${countOf(rows.length)}\n${said}${started}`;
}

/** A plan or a definition is one text of many lines: no table would make it better to read. */
function longText(columns: readonly ResultColumn[], rows: readonly (readonly ResultJson[])[]) {
  const only = rows.length === 1 && columns.length === 1 ? rows[0]?.[0] : undefined;
  return typeof only === "string" && only.includes("\n") ? only : undefined;
}

function countOf(rows: number): string {
  if (rows === 0) return "Empty set";
  return rows === 1 ? "1 row in set" : `${rows.toLocaleString("en-US")} rows in set`;
}

function drawTable(columns: readonly ResultColumn[], rows: readonly (readonly ResultJson[])[]): string {
  if (rows.length === 0) return "";
  const head = columns.map(({ name }) => name);
  const body = rows.map((row) => columns.map((_, index) => cellText(row[index] ?? null)));
  const widths = head.map((name, index) =>
    body.reduce((widest, row) => Math.max(widest, widthOf(row[index] ?? "")), widthOf(name)),
  );
  const areNumbers = columns.map(({ type }) => isNumeric(type));
  const rule = `+${widths.map((width) => "-".repeat(width + 2)).join("+")}+\n`;
  const line = (cells: readonly string[]) => {
    const parts = cells.map((cell, index) => padded(cell, widths[index] ?? 0, areNumbers[index] ?? false));
    return `| ${parts.join(" | ")} |\n`;
  };
  return `${rule}${line(head)}${rule}${body.map(line).join("")}${rule}`;
}

/** Says whether values of a type stand to the right. */
export function isNumeric(type: string): boolean {
  return numericType.test(type);
}

/** A text with spaces to a width, before it where it stands to the right. */
export function padded(text: string, width: number, isRight: boolean): string {
  const padding = " ".repeat(width - widthOf(text));
  return isRight ? padding + text : text + padding;
}

/** One line: what would break it is written as JSON writes it. */
export function cellText(value: ResultJson): string {
  if (value === null) return "<NULL>";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return text.replaceAll(/\p{Cc}/gu, (control) => JSON.stringify(control).slice(1, -1));
}

/** Columns of a terminal: characters of East Asia and pictures take two, marks on others none. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) {
    if (/\p{M}|\p{Cf}/u.test(character)) continue;
    width += wide.test(character) ? 2 : 1;
  }
  return width;
}

const wide =
  /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Emoji_Presentation}|[！-｠]/u;
