/**
 * What `npm run sql` can be told, and the text that says so.
 */
import { parseArgs } from "node:util";
import type { Command } from "./command.ts";

export interface SqlOptions {
  /** Where nothing is said: that of the server that runs here. */
  readonly url: string | undefined;
  readonly token: string | undefined;
  readonly format: "table" | "json" | "csv";
  /** Where neither is given, statements come from standard input. */
  readonly statements: string | undefined;
  readonly file: string | undefined;
}

export const sqlHelpText = `Runs SQL on Millrace: what you name, a file, standard input, or what you type.

Usage: npm run sql -- [options] ["statement; statement"]

  --url URL      the server (default: the one that npm start runs here)
  --token TOKEN  MILLRACE_TOKEN of a deployed server; also read from the variable of that name
  --file FILE    run the statements of a file
  --json         print the rows of the last query as JSON, one object a line
  --csv          print the rows of the last query as CSV
  --help         show this text

Without statements and with a terminal it is a shell: end a statement with ; and press Enter.
In a pipe, say npm run --silent sql, so that npm prints nothing itself.
`;

/** Reads the arguments behind `npm run sql --`. */
export function readSqlOptions(
  args: readonly string[],
  variables: Readonly<Record<string, string | undefined>>,
): Command<SqlOptions> {
  const refuse = (message: string): Command<SqlOptions> => ({
    kind: "Refuse",
    message: `${message}\n\n${sqlHelpText}`,
  });
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        url: { type: "string" },
        token: { type: "string", default: variables.MILLRACE_TOKEN },
        file: { type: "string" },
        json: { type: "boolean", default: false },
        csv: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    const { url, token, file, json, csv, help } = values;
    if (help) return { kind: "Help" };
    if (json && csv) return refuse("Found --json and --csv; choose one.");
    if (positionals.length > 1) {
      return refuse("Found several arguments; put all statements into one pair of quotes.");
    }
    if (file !== undefined && positionals.length > 0)
      return refuse("Found --file and statements; choose one.");
    if (url !== undefined && !/^https?:\/\/./.test(url)) {
      return refuse(`Found --url ${url}; expected one such as http://127.0.0.1:8787.`);
    }
    const format = json ? "json" : csv ? "csv" : "table";
    return { kind: "Run", options: { url, token, format, statements: positionals[0], file } };
  } catch (cause) {
    return refuse(cause instanceof Error ? cause.message : String(cause));
  }
}
