/**
 * `npm run sql`: statements for a server, from the command line, a file, a pipe or a person.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { MillraceClient } from "../client/client.ts";
import { runCommand } from "./command.ts";
import { readSqlOptions, type SqlOptions, sqlHelpText } from "./sql-options.ts";
import { SqlShell, tellError } from "./sql-shell.ts";
import { StartError } from "./start-error.ts";
import { listProcesses, runningServer } from "./state-lock.ts";
import { isBlank } from "./statement-end.ts";

const historyFile = join(homedir(), ".millrace_history");
const historyLines = 1000;
const portDefault = 8787;

async function run(options: SqlOptions): Promise<void> {
  const url = options.url ?? localUrl();
  const client = new MillraceClient({ url, ...(options.token !== undefined && { token: options.token }) });
  const isTyped = options.statements === undefined && options.file === undefined && process.stdin.isTTY;
  if (isTyped) await checkServer(client, url);
  if (isTyped) return await converse(client, url);
  const statements = await readStatements(options);
  if (isBlank(statements)) throw new StartError("There is no statement to run.");
  if (options.format === "table") await runAll(client, statements);
  else await printRows(client, options.format === "json" ? "ndjson" : "csv", statements);
}

/** The server that `npm start` runs on this folder, or where it would be. */
function localUrl(): string {
  const port = runningServer(resolve(".millrace"), listProcesses())?.port ?? portDefault;
  return `http://127.0.0.1:${port}`;
}

async function checkServer(client: MillraceClient, url: string): Promise<void> {
  try {
    await client.health();
  } catch (cause) {
    const hint = "Start a server with npm start, or name one with --url.";
    throw new StartError(`Nothing to talk to at ${url}. ${tellError(cause)}${hint}`, { cause });
  }
}

async function readStatements({ statements, file }: SqlOptions): Promise<string> {
  if (statements !== undefined) return statements;
  if (file === undefined) return await text(process.stdin);
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new StartError(`The file cannot be read: ${cause instanceof Error ? cause.message : cause}`);
  }
}

/** Prints what each statement gave; what is wrong goes to standard error. Ctrl-C ends what never would. */
async function runAll(client: MillraceClient, statements: string): Promise<void> {
  const shell = new SqlShell({
    client,
    print: (part) => process.stdout.write(part),
    printError: (part) => process.stderr.write(part),
    now: () => performance.now(),
  });
  process.once("SIGINT", () => {
    if (!shell.endQuery()) process.exit(130);
  });
  if (!(await shell.run(statements))) process.exitCode = 1;
}

async function printRows(
  client: MillraceClient,
  format: "ndjson" | "csv",
  statements: string,
): Promise<void> {
  try {
    process.stdout.write(await (await client.sqlRows(format, statements)).text());
  } catch (cause) {
    throw new StartError(tellError(cause).trimEnd(), { cause });
  }
}

/**
 * The shell: Ctrl-C drops what is begun and ends a query that never would, Ctrl-D ends the shell, the arrows
 * bring back earlier lines.
 */
async function converse(client: MillraceClient, url: string): Promise<void> {
  const print = (part: string) => process.stdout.write(part);
  const shell = new SqlShell({ client, print, printError: print, now: () => performance.now() });
  print(`Millrace at ${url}. End a statement with ; and type help; for more.\n`);
  const lines = createInterface({
    input: process.stdin,
    output: process.stdout,
    history: readHistory(),
    historySize: historyLines,
    removeHistoryDuplicates: true,
    prompt: shell.prompt,
  });
  lines.on("history", writeHistory);
  let isRunning = false;
  lines.on("SIGINT", () => {
    if (shell.endQuery()) return;
    if (isRunning) process.exit(130);
    const hadBegun = shell.drop() || lines.line !== "";
    print(hadBegun ? "\n" : "\nquit; ends the shell.\n");
    lines.write(null, { ctrl: true, name: "e" });
    lines.write(null, { ctrl: true, name: "u" });
    lines.setPrompt(shell.prompt);
    lines.prompt();
  });
  lines.prompt();
  for await (const line of lines) {
    isRunning = true;
    const next = await shell.take(line);
    isRunning = false;
    if (next === "quit") break;
    lines.setPrompt(shell.prompt);
    lines.prompt();
  }
  lines.close();
}

/** Newest first, as the interface has it. */
function readHistory(): string[] {
  try {
    return readFileSync(historyFile, "utf8")
      .split("\n")
      .filter((line) => line !== "");
  } catch {
    return [];
  }
}

/** A history that cannot be kept is no reason to stop. */
function writeHistory(newestFirst: readonly string[]): void {
  try {
    writeFileSync(historyFile, `${newestFirst.join("\n")}\n`, { mode: 0o600 });
  } catch {
    // The folder may be read-only.
  }
}

await runCommand(readSqlOptions(process.argv.slice(2), process.env), sqlHelpText, run);
