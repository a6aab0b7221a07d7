/** What `npm run sql` can be told. */
import { expect, test } from "vitest";
import { readSqlOptions, sqlHelpText } from "../../../src/cli/sql-options.ts";

const nothing = { url: undefined, token: undefined, format: "table", statements: undefined, file: undefined };

test("without arguments it is the shell on the local server", () => {
  expect(readSqlOptions([], {})).toEqual({ kind: "Run", options: nothing });
});

test("server, token, format and statements can be chosen", () => {
  const args = ["--url", "https://m.example", "--token", "t", "--csv", "SELECT 1"];
  expect(readSqlOptions(args, { MILLRACE_TOKEN: "other" })).toEqual({
    kind: "Run",
    options: { ...nothing, url: "https://m.example", token: "t", format: "csv", statements: "SELECT 1" },
  });
});

test("the token is also read from its variable", () => {
  const command = readSqlOptions(["--file", "a.sql", "--json"], { MILLRACE_TOKEN: "v" });
  expect(command).toEqual({
    kind: "Run",
    options: { ...nothing, token: "v", format: "json", file: "a.sql" },
  });
});

test("--help wins", () => {
  expect(readSqlOptions(["--help", "--json", "--csv"], {})).toEqual({ kind: "Help" });
});

test.each([
  [["--json", "--csv"], "choose one"],
  [["SELECT", "1"], "one pair of quotes"],
  [["--file", "a.sql", "SELECT 1"], "choose one"],
  [["--url", "localhost"], "expected one such as http://127.0.0.1:8787"],
  [["--jsn"], "--jsn"],
])("%j is refused with the help", (args, words) => {
  const command = readSqlOptions(args, {});
  const message = command.kind === "Refuse" ? command.message : "";
  expect(message).toContain(words);
  expect(message).toContain(sqlHelpText);
});
