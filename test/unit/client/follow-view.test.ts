/** Views that are followed: changes, marks of snapshots, and connections that break. */
import { expect, test } from "vitest";
import { MillraceClient } from "../../../src/client/client.ts";
import type { RequestError } from "../../../src/client/request-error.ts";
import { type FakeAnswer, fakeFetch } from "./fake-fetch.ts";

function change(id: string, kind: string, user: string): string {
  return `event: change\nid: ${id}\ndata: ${JSON.stringify({ kind, row: { user } })}\n\n`;
}

function error(code: string, status: number): string {
  return `event: error\ndata: ${JSON.stringify({ code, status, message: "Why.", help: "What." })}\n\n`;
}

const ended: FakeAnswer = {
  status: 404,
  body: { code: "VIEW_NOT_FOUND", status: 404, detail: "It is gone.", help: "" },
};

/** All that came before the loop threw, and what it threw. */
async function follow(answers: readonly (FakeAnswer | (() => never))[], options = {}) {
  const { asked, fetch } = fakeFetch(answers);
  const { views } = new MillraceClient({ url: "http://millrace.test", fetch });
  const seen: unknown[] = [];
  let thrown: unknown;
  try {
    for await (const each of views.changes("totals", options)) seen.push(each);
  } catch (cause) {
    thrown = cause;
  }
  return { asked, seen, code: (thrown as RequestError | undefined)?.code };
}

test("a connection that breaks, is refused or is too slow is made again behind the last change", async () => {
  const refused = () => {
    throw new TypeError("fetch failed");
  };
  const { asked, seen, code } = await follow([
    { body: `retry: 1000\n\n${change("1.1/0:5", "+I", "ada")}: nothing new\n\nid: 1.1/0:9\n\n` },
    refused,
    { body: change("1.1/0:10.1", "+I", "bob") + error("SUBSCRIBER_TOO_SLOW", 429) },
    ended,
  ]);
  expect(seen).toEqual([
    { kind: "+I", row: { user: "ada" }, id: "1.1/0:5" },
    { kind: "+I", row: { user: "bob" }, id: "1.1/0:10.1" },
  ]);
  const ids = asked.map(({ headers }) => headers["Last-Event-ID"]);
  expect(ids).toEqual([undefined, "1.1/0:9", "1.1/0:9", "1.1/0:10.1"]);
  expect(code).toBe("VIEW_NOT_FOUND");
});

test("a snapshot that broke off comes again, and one that is complete is gone on from", async () => {
  const [begin, end] = ["begin", "end"].map((state) => `data: ${JSON.stringify({ state })}\n\n`);
  const row = `event: change\ndata: {"kind":"+I","row":{"user":"ada"}}\n\n`;
  const { asked, seen } = await follow(
    [
      { body: `event: snapshot\n${begin}${row}` },
      { body: `event: snapshot\n${begin}${row}event: snapshot\nid: 1.1/0:7\n${end}` },
      ended,
    ],
    { snapshot: true, lastEventId: "1.1/0:3", key: { user: "ada" } },
  );
  expect(seen.map((each) => (each as { snapshot?: string }).snapshot ?? "row")).toEqual([
    "begin",
    "row",
    "begin",
    "row",
    "end",
  ]);
  expect(asked.map(({ headers }) => headers["Last-Event-ID"])).toEqual(["1.1/0:3", undefined, "1.1/0:7"]);
  expect(asked[0]?.url).toBe(
    "http://millrace.test/v1/views/totals/changes?key=%7B%22user%22%3A%22ada%22%7D&snapshot=true",
  );
});

test("what is gone is thrown, unless a snapshot may take its place", async () => {
  const gone = { body: error("CHANGES_GONE", 410) };
  expect((await follow([gone])).code).toBe("CHANGES_GONE");
  expect((await follow([gone, ended], { snapshot: true })).code).toBe("VIEW_NOT_FOUND");
});

test("a signal ends the loop", async () => {
  const stop = new AbortController();
  const { fetch } = fakeFetch([{ body: change("1.1/0:5", "+I", "ada") }]);
  const { views } = new MillraceClient({ url: "http://millrace.test", fetch });
  let count = 0;
  for await (const _ of views.changes("totals", { signal: stop.signal })) {
    count++;
    stop.abort();
  }
  expect(count).toBe(1);
});
