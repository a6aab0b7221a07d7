/** `npm start` as someone new meets it: the demo, killed in the middle, started again, and once more. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "./run-torture.ts";
import { ServerProcess } from "./server-process.ts";

let server: ServerProcess;
let stateFolder = "";

beforeAll(async () => {
  stateFolder = mkdtempSync(join(tmpdir(), "millrace-demo-"));
  server = new ServerProcess(await freePort(), stateFolder);
});

afterAll(async () => {
  await server.clean();
  rmSync(stateFolder, { recursive: true, force: true });
});

const allCounted = "results together count 20,000 of 20,000 flights; 0 came late.";

test("a demo that is killed goes on where it was and counts each flight once", {
  timeout: 120_000,
}, async () => {
  await server.start([]);
  await server.printed("Posting 20,000 flights");
  await server.kill("both");
  await server.start([]);
  await server.printed("Ctrl-C stops the server");
  expect(server.output).toContain(allCounted);
  expect(server.output).toMatch(/BMI +│ 2001-02-25 14:00 │ +1 │ +522\.0 │ +522 │ final/);
});

test("the requests that it prints can be pasted", async () => {
  const requests = [...server.output.matchAll(/^ {2}curl (.*)$/gm)].map(([, request]) => request ?? "");
  expect(requests).toHaveLength(3);
  const [post = "", byKey = "", sql = ""] = requests;
  const [, address = "", event = ""] = /^'([^']+)'.* -d '([^']+)'$/.exec(post) ?? [];
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(address, { method: "POST", headers, body: event });
  const { token } = (await answer.json()) as { token: object };
  const view = await fetch(`${byKey.slice(1, -1)}&token=${JSON.stringify(token)}`);
  expect(await view.json()).toMatchObject({
    rows: [{ user: "ada", clicks: 1, last_page: "/home", final: false }],
  });
  expect(execFileSync("bash", ["-c", `curl --silent ${sql}`], { encoding: "utf8" })).toMatch(
    /\| user +\| clicks +\| last_page +\|\n.*\n\| ada +\| +1 \| \/home +\|/,
  );
});

test("stopped by Ctrl-C and started again it has everything and posts nothing", {
  timeout: 60_000,
}, async () => {
  expect(await server.stop()).toBe(0);
  await server.start([]);
  await server.printed("Ctrl-C stops the server");
  expect(server.output).toContain("All 20,000 flights are here from an earlier start; none is posted again.");
  expect(server.output).toContain(allCounted);
});

test("a second start on the same folder says that one is running", async () => {
  const second = new ServerProcess(await freePort(), stateFolder);
  await expect(second.start([])).rejects.toThrow(/Millrace already runs on .*http:\/\/127\.0\.0\.1:\d+/);
});
