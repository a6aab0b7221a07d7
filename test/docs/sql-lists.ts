/**
 * The lists of docs/sql.md that the code knows better: functions, options, connectors. Each stands between
 * `<!-- list: name -->` and `<!-- end of list -->`.
 */
import { aggregateNames } from "../../src/interpreter/aggregates/built-in.ts";
import { functionNames } from "../../src/interpreter/functions/built-in.ts";
import { sessionOptions } from "../../src/sql/bind/session-options.ts";
import { connectors } from "../../src/sql/catalog/connectors.ts";

export const sqlDocument = "docs/sql.md";

/** Calls that only a syntax of its own makes. */
const isInner = (name: string) => ["NEGATE", "PLUS", "ITEM", "FIELD"].includes(name);

function wordsOf(names: readonly string[]): string {
  const words = [...names].sort().map((name) => `\`${name}\``);
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < 118) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.join("\n");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

function optionsTable(): string {
  const rows = Object.entries(sessionOptions).map(([key, { default: value, help }]) => {
    return [`\`${key}\``, value === "" ? "" : `\`${value}\``, help];
  });
  return table(["Option", "Default", ""], rows);
}

function connectorsTable(): string {
  const rows = Object.entries(connectors).flatMap(([name, { help, canRead, canWrite, options }]) => {
    const use = canRead && canWrite ? "Read and written." : canRead ? "Only read." : "Only written.";
    const own = Object.entries(options).map(([key, option]) => ["", `\`${key}\``, option.help]);
    return [[`\`${name}\``, "", `${help} ${use}`], ...own];
  });
  return table(["Connector", "Option", ""], rows);
}

const isWord = (name: string) => /^[A-Z_0-9]+$/.test(name);

const lists: Readonly<Record<string, () => string>> = {
  functions: () => wordsOf(functionNames().filter((name) => isWord(name) && !isInner(name))),
  operators: () => wordsOf(functionNames().filter((name) => !isWord(name))),
  aggregates: () => wordsOf(aggregateNames()),
  options: optionsTable,
  connectors: connectorsTable,
};

/** The text with each of its lists as the code has it now. Throws where a list is missing or unknown. */
export function withLists(text: string): string {
  const written = new Set<string>();
  const pattern = /(<!-- list: (\w+) -->\n).*?(<!-- end of list -->)/gs;
  const made = text.replaceAll(pattern, (_found, start: string, name: string, end: string) => {
    const list = lists[name];
    if (!list) throw new Error(`there is no list ${name}`);
    written.add(name);
    return `${start}\n${list()}\n\n${end}`;
  });
  const missing = Object.keys(lists).filter((name) => !written.has(name));
  if (missing.length > 0) throw new Error(`${sqlDocument} has no list ${missing.join(", ")}`);
  return made;
}
