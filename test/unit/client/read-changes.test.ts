/** Queries that are followed: the answer, then changes, in whatever pieces they come. */
import { expect, test } from "vitest";
import { MillraceClient } from "../../../src/client/client.ts";
import type { SqlChange } from "../../../src/protocol/sql-answers.ts";
import type { Asked } from "./fake-fetch.ts";

const answer = { results: [{ statement: "SELECT", job: "query-1", columns: [] }], options: {} };
const headers = { "content-type": "text/event-stream" };

function event(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

async function all(changes: AsyncIterable<SqlChange> | undefined): Promise<SqlChange[]> {
  const found: SqlChange[] = [];
  for await (const change of changes ?? []) found.push(change);
  return found;
}

/** A client whose one answer comes a byte at a time. */
function clientOf(text: string) {
  const asked: Asked[] = [];
  let wasCancelled = false;
  const bytes = [...new TextEncoder().encode(text)];
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      const byte = bytes.shift();
      if (byte === undefined) controller.close();
      else controller.enqueue(Uint8Array.of(byte));
    },
    cancel: () => {
      wasCancelled = true;
    },
  });
  const client = new MillraceClient({
    url: "http://millrace.test",
    fetch: async (url, request) => {
      asked.push({ url, ...request });
      return request.method === "DELETE" ? Response.json({}) : new Response(body, { headers });
    },
  });
  return { client, asked, wasCancelled: () => wasCancelled };
}

test("changes come in their order, comments are left out", async () => {
  const [first, second] = [
    { kind: "+I", row: { user: "ådå" } },
    { kind: "-D", row: { user: "line\u2028end" } },
  ];
  const { client, asked } = clientOf(
    [
      event("answer", answer),
      ": no change\n\n",
      event("change", first),
      event("change", second),
      event("end", {}),
    ].join(""),
  );
  const stop = new AbortController();
  const followed = await client.follow("SELECT user FROM clicks", {}, stop.signal);
  expect(asked[0]).toMatchObject({
    headers: { Accept: "application/json, text/event-stream" },
    signal: stop.signal,
  });
  expect(followed.answer).toEqual(answer);
  expect(await all(followed.changes)).toEqual([first, second]);
  expect(asked).toHaveLength(1);
});

test("who leaves the loop gives the answer up, and ends the job", async () => {
  const change = event("change", { kind: "+I", row: {} });
  const { client, asked, wasCancelled } = clientOf(event("answer", answer) + change.repeat(10));
  const { changes } = await client.follow("SELECT user FROM clicks");
  for await (const _ of changes ?? []) break;
  expect(wasCancelled()).toBe(true);
  expect(asked[1]).toMatchObject({ method: "DELETE", url: "http://millrace.test/v1/jobs/query-1" });
});

test("what goes wrong on the way is thrown", async () => {
  const error = { code: "JOB_FAILED", message: "A row did not fit." };
  const { client } = clientOf(event("answer", answer) + event("error", error));
  const { changes } = await client.follow("SELECT user FROM clicks");
  await expect(all(changes)).rejects.toMatchObject({
    problem: { code: "JOB_FAILED", detail: "A row did not fit." },
  });
});

test("a query that ends is answered as ever", async () => {
  const client = new MillraceClient({
    url: "http://millrace.test",
    fetch: async () => Response.json(answer),
  });
  expect(await client.follow("SELECT 1")).toEqual({ answer });
});
