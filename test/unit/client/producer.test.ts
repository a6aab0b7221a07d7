/** A producer sends a batch with one sequence until it is acknowledged. */
import { expect, test } from "vitest";
import { MillraceClient } from "../../../src/client/client.ts";
import { Producer } from "../../../src/client/producer.ts";
import { type FakeAnswer, fakeFetch } from "./fake-fetch.ts";

const refused = () => {
  throw new TypeError("fetch failed");
};

function producerOf(answers: readonly (FakeAnswer | (() => never))[], attemptsMax?: number) {
  const { asked, fetch } = fakeFetch(answers);
  const waits: number[] = [];
  const { streams } = new MillraceClient({ url: "http://millrace.test", fetch });
  const producer = new Producer({
    streams,
    stream: "clicks",
    id: "web-1",
    wait: async (ms) => waits.push(ms),
    ...(attemptsMax === undefined ? {} : { attemptsMax }),
  });
  return { asked, waits, producer };
}

test("a lost connection and a restarting server are retried with the same sequence and bytes", async () => {
  const unavailable = { status: 503, body: { code: "PARTITION_UNAVAILABLE", detail: "gone" } };
  const { asked, waits, producer } = producerOf([
    refused,
    unavailable,
    { body: { accepted: 0, duplicate: 1 } },
  ]);
  expect(await producer.send(3, "{}")).toEqual({ accepted: 0, duplicate: 1 });
  expect(asked.map(({ body, headers }) => [headers.Sequence, body])).toEqual([
    ["3", "{}"],
    ["3", "{}"],
    ["3", "{}"],
  ]);
  expect(waits).toEqual([50, 100]);
});

test("it waits as long as the server asks", async () => {
  const behind = {
    status: 429,
    headers: { "Retry-After": "1" },
    body: { code: "BACKLOG_FULL", detail: "" },
  };
  const { waits, producer } = producerOf([behind, { body: {} }]);
  await producer.send(1, "{}");
  expect(waits).toEqual([1000]);
});

test("what no retry can change is thrown at once", async () => {
  const ended = { status: 409, body: { code: "STREAM_ENDED", detail: "The stream was ended." } };
  const { asked, producer } = producerOf([ended]);
  await expect(producer.send(1, "{}")).rejects.toThrow("STREAM_ENDED");
  expect(asked).toHaveLength(1);
});

test("with a most of attempts the last failure is thrown", async () => {
  const { asked, producer } = producerOf([refused, refused], 2);
  await expect(producer.send(1, "{}")).rejects.toThrow("fetch failed");
  expect(asked).toHaveLength(2);
});
