/** The shell: which lines make a statement, what it prints, and what it keeps. */
import { expect, test } from "vitest";
import { SqlShell, shellHelpText } from "../../../src/cli/sql-shell.ts";
import { MillraceClient } from "../../../src/client/client.ts";
import { type FakeAnswer, fakeFetch } from "../client/fake-fetch.ts";

function shellWith(answers: readonly (FakeAnswer | (() => never))[]) {
  const { asked, fetch } = fakeFetch(answers);
  let time = 0;
  const printed: string[] = [];
  const shell = new SqlShell({
    client: new MillraceClient({ url: "http://millrace.test", fetch }),
    print: (text) => printed.push(text),
    printError: (text) => printed.push(text),
    now: () => (time += 12),
  });
  const bodies = () => asked.map(({ body }) => JSON.parse(body ?? ""));
  return { shell, printed, bodies };
}

const one = {
  body: {
    results: [{ statement: "SELECT", columns: [{ name: "a", type: "INT" }], rows: [[1]] }],
    options: { "pipeline.name": "p" },
  },
};

test("a statement of several lines runs when it is complete", async () => {
  const { shell, printed, bodies } = shellWith([one]);
  expect(shell.prompt).toBe("millrace> ");
  expect(await shell.take("SELECT 1")).toBe("more");
  expect(shell.prompt).toBe("       -> ");
  await shell.take("AS a;");
  expect(bodies()).toEqual([{ sql: "SELECT 1\nAS a;", options: {} }]);
  expect(printed.join("")).toBe("+---+\n| a |\n+---+\n| 1 |\n+---+\n1 row in set\nTook 12 ms.\n");
  expect(shell.prompt).toBe("millrace> ");
});

test("what was set goes along with the next statement", async () => {
  const { shell, bodies } = shellWith([one, one]);
  await shell.take("SET 'pipeline.name' = 'p';");
  await shell.take("SELECT 1;");
  expect(bodies()[1].options).toEqual({ "pipeline.name": "p" });
});

test("help, quit and exit are the shell's own, but not within a statement", async () => {
  const { shell, printed, bodies } = shellWith([one]);
  expect(await shell.take("help;")).toBe("more");
  expect(printed).toEqual([shellHelpText]);
  expect(await shell.take("QUIT")).toBe("quit");
  expect(await shell.take(" exit ; ")).toBe("quit");
  await shell.take("SELECT");
  expect(await shell.take("quit;")).toBe("more");
  expect(bodies()[0].sql).toBe("SELECT\nquit;");
});

test("what is begun can be dropped, and empty lines run nothing", async () => {
  const { shell, bodies } = shellWith([]);
  await shell.take("SELECT 'a");
  expect(shell.drop()).toBe(true);
  expect(shell.drop()).toBe(false);
  for (const line of ["", "  ;", "-- a note"]) await shell.take(line);
  expect(shell.prompt).toBe("millrace> ");
  expect(bodies()).toEqual([]);
});

test("an error of SQL shows its place", async () => {
  const detail = "Found SELEC, at line 1, column 1.\n  SELEC 1;\n  ^^^^^";
  const { shell, printed } = shellWith([{ status: 400, body: { code: "SQL_SYNTAX", detail, help: "h" } }]);
  await shell.take("SELEC 1;");
  expect(printed).toEqual([`${detail}\n`]);
});

test("another error says what to do, and so does no answer", async () => {
  const body = { code: "UNAUTHORIZED", detail: "No token.", help: "Send one." };
  const refused = () => {
    throw new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") });
  };
  const { shell, printed } = shellWith([{ status: 401, body }, refused]);
  await shell.take("SELECT 1;");
  await shell.take("SELECT 1;");
  expect(printed).toEqual(["No token.\nSend one.\n", "The server does not answer: connect ECONNREFUSED.\n"]);
});

const followed = {
  results: [
    { statement: "SET", message: "Set." },
    {
      statement: "SELECT",
      job: "query-1",
      columns: [
        { name: "user", type: "STRING" },
        { name: "n", type: "BIGINT" },
      ],
    },
  ],
  options: { "pipeline.name": "p" },
};

test("changes of a query that never ends are printed as they come", async () => {
  const changes = [
    { kind: "+I", row: { user: "ada", n: 9 } },
    { kind: "-U", row: { user: "ada", n: 9 } },
    { kind: "+U", row: { user: "ada", n: 10 } },
  ].map((change) => `event: change\ndata: ${JSON.stringify(change)}\n\n`);
  const answer = `event: answer\ndata: ${JSON.stringify(followed)}\n\n`;
  const body = [answer, ...changes, "event: end\ndata: {}\n\n"].join("");
  const { shell, printed, bodies } = shellWith([
    { headers: { "content-type": "text/event-stream" }, body },
    one,
  ]);
  await shell.take("SELECT user, COUNT(*) AS n FROM clicks GROUP BY user;");
  expect(printed.join("")).toBe(
    "Set.\n\nJob query-1\nChanges as they come, until Ctrl-C.\nop | user | n\n-------------\n" +
      "+I | ada  | 9\n-U | ada  | 9\n+U | ada  | 10\nTook 12 ms.\n",
  );
  await shell.take("SELECT 1;");
  expect(bodies()[1].options).toEqual(followed.options);
  expect(shell.endQuery()).toBe(false);
});

test("a query that never ends can be ended, and the shell goes on", async () => {
  const printed: string[] = [];
  let signal: AbortSignal | undefined;
  async function* changes() {
    yield { kind: "+I" as const, row: { user: "ada", n: 1 } };
    await new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal?.reason)));
  }
  const shell = new SqlShell({
    client: {
      follow: async (_sql, _options, given) => {
        signal = given;
        return { answer: followed, changes: changes() };
      },
    },
    print: (text) => printed.push(text),
    printError: (text) => printed.push(`wrong: ${text}`),
    now: () => 0,
  });
  const ran = shell.run("SELECT user, COUNT(*) AS n FROM clicks GROUP BY user;");
  await expect.poll(() => printed.at(-1)).toBe("+I | ada  | 1\n");
  expect(shell.endQuery()).toBe(true);
  expect(await ran).toBe(true);
  expect(printed.at(-1)).toBe("+I | ada  | 1\n");
});
