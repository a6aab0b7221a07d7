/**
 * The shell of `npm run sql`: lines in, statements to the server, tables out. What SET sets holds until the
 * shell ends, since each request carries what the last one left.
 */
import type { MillraceClient } from "../client/client.ts";
import { RequestError } from "../client/request-error.ts";
import { ChangeLines } from "../protocol/draw-changes.ts";
import { drawResult } from "../protocol/draw-results.ts";
import type { ResultColumn, SqlChange, StatementAnswer } from "../protocol/sql-answers.ts";
import { isBlank, isComplete } from "./statement-end.ts";

export interface ShellPorts {
  readonly client: Pick<MillraceClient, "follow">;
  readonly print: (text: string) => void;
  /** Prints what is wrong. */
  readonly printError: (text: string) => void;
  /** In milliseconds, from anywhere on. */
  readonly now: () => number;
}

export const shellHelpText = `A statement may have several lines; it runs when a line ends with ;

  SHOW TABLES;                 what there is
  DESCRIBE name;               the columns of a table or view
  SELECT …;                    rows; over a stream their changes, until Ctrl-C
  EXPLAIN SELECT …;            how a query would run
  SET;                         the options, and their values
  SET 'key' = 'value';         sets one for this shell
  help;                        this text
  quit;                        ends the shell, as Ctrl-D does

Ctrl-C drops a statement that is not complete, and ends a query that never would. docs/sql.md tells all.
`;

export class SqlShell {
  readonly #ports: ShellPorts;
  #begun = "";
  #options: Readonly<Record<string, string>> = {};
  /** Of the query whose changes are printed. */
  #following: AbortController | undefined;

  constructor(ports: ShellPorts) {
    this.#ports = ports;
  }

  get prompt(): string {
    return this.#begun === "" ? "millrace> " : "       -> ";
  }

  /** Drops what is begun; says whether there was something. */
  drop(): boolean {
    const hadBegun = this.#begun !== "";
    this.#begun = "";
    return hadBegun;
  }

  /** Ends the query whose changes are printed; says whether there was one. */
  endQuery(): boolean {
    this.#following?.abort();
    return this.#following !== undefined;
  }

  /** Takes a line, and runs what it completes. Says whether the shell goes on. */
  async take(line: string): Promise<"more" | "quit"> {
    if (this.#begun === "") {
      const word = /^\s*(\w+)\s*;?\s*$/.exec(line)?.[1]?.toLowerCase();
      if (word === "quit" || word === "exit") return "quit";
      if (word === "help") {
        this.#ports.print(shellHelpText);
        return "more";
      }
    }
    const text = this.#begun === "" ? line : `${this.#begun}\n${line}`;
    if (isBlank(text)) this.#begun = "";
    else if (!isComplete(text)) this.#begun = text;
    else {
      this.#begun = "";
      await this.run(text);
    }
    return "more";
  }

  /** Runs statements and prints their results, or what is wrong; says whether all went well. */
  async run(text: string): Promise<boolean> {
    const { client, print, printError, now } = this.#ports;
    const started = now();
    const following = new AbortController();
    try {
      const { answer, changes } = await client.follow(text, { options: this.#options }, following.signal);
      this.#options = answer.options;
      print(answer.results.map(drawResult).join("\n"));
      if (changes) {
        this.#following = following;
        await this.#printChanges(changes, answer.results.findLast(isFollowed)?.columns ?? []);
      }
      print(`Took ${formatMillis(now() - started)}.\n`);
      return true;
    } catch (cause) {
      if (following.signal.aborted) return true;
      printError(tellError(cause));
      return false;
    } finally {
      this.#following = undefined;
    }
  }

  async #printChanges(changes: AsyncIterable<SqlChange>, columns: readonly ResultColumn[]): Promise<void> {
    const { print } = this.#ports;
    const lines = new ChangeLines(columns);
    print(`Changes as they come, until Ctrl-C.\n${lines.head()}`);
    for await (const { kind, row } of changes) print(lines.change(kind, row));
  }
}

/** The rows of a query that is followed come behind the answer. */
function isFollowed({ columns, rows }: StatementAnswer): boolean {
  return columns !== undefined && rows === undefined;
}

/** Says what is wrong: an error of SQL shows its place, another one what to do. */
export function tellError(cause: unknown): string {
  if (!(cause instanceof RequestError)) {
    const reason = cause instanceof Error ? (cause.cause ?? cause) : cause;
    return `The server does not answer: ${reason instanceof Error ? reason.message : String(reason)}.\n`;
  }
  const { code, detail, help } = cause.problem;
  return code.startsWith("SQL_") || help === "" ? `${detail}\n` : `${detail}\n${help}\n`;
}

function formatMillis(ms: number): string {
  return ms < 1000 ? `${Math.max(1, Math.round(ms))} ms` : `${(ms / 1000).toFixed(1)} s`;
}
