import { expect, test } from "vitest";
import { EngineError, errorBodyOf } from "../../../../src/base/errors.ts";
import { sessionBytesMax, sessionMessagesMax } from "../../../../src/base/limits.ts";
import type { RpcResult } from "../../../../src/engine/partition-types.ts";
import { IngestSession } from "../../../../src/host/ingest/ingest-session.ts";
import type { IngestAnswer } from "../../../../src/protocol/answers.ts";
import type { SessionMessage } from "../../../../src/protocol/session-messages.ts";

const taken: RpcResult<IngestAnswer> = {
  ok: true,
  value: { accepted: 1, duplicate: 0, rejected: 0, errors: [], token: { 0: 1 } },
};

const refused = (code: "BACKLOG_FULL" | "STREAM_ENDED", details = {}): RpcResult<never> => ({
  ok: false,
  error: errorBodyOf(new EngineError(code, { message: `it is ${code}`, details })),
});

/** A session whose bodies are answered by hand. */
class Harness {
  readonly sent: SessionMessage[] = [];
  readonly closed: [number, string][] = [];
  readonly waited: number[] = [];
  readonly asked: {
    body: string;
    sequence: number | undefined;
    answer: (result: RpcResult<IngestAnswer>) => void;
  }[] = [];
  readonly session: IngestSession;

  constructor(firstSequence?: number) {
    this.session = new IngestSession(
      {
        ingest: (body, sequence) =>
          new Promise((answer) => {
            this.asked.push({ body: new TextDecoder().decode(body), sequence, answer });
          }),
        send: (message) => this.sent.push(message),
        close: (...end) => this.closed.push(end),
        wait: async (ms) => this.waited.push(ms),
      },
      firstSequence,
    );
  }

  receive(...texts: string[]): void {
    for (const text of texts) void this.session.receive(new TextEncoder().encode(text));
  }

  async answer(result: RpcResult<IngestAnswer>): Promise<void> {
    this.asked.at(-1)?.answer(result);
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  }
}

test("the credit is told first; bodies are taken in one by one, and acknowledged in order", async () => {
  const harness = new Harness(7);
  harness.session.open();
  harness.receive("a", "b");
  expect(harness.sent).toEqual([
    { type: "ready", credit: { messages: sessionMessagesMax, bytes: sessionBytesMax }, sequence: 7 },
  ]);
  expect(harness.asked).toMatchObject([{ body: "a", sequence: 7 }]);
  await harness.answer(taken);
  expect(harness.asked).toMatchObject([{ body: "a" }, { body: "b", sequence: 8 }]);
  await harness.answer(taken);
  expect(harness.sent.slice(1)).toMatchObject([
    { type: "ack", message: 1, sequence: 7, accepted: 1 },
    { type: "ack", message: 2, sequence: 8, accepted: 1 },
  ]);
});

test("where the shards are behind, the body waits and is sent again under its sequence", async () => {
  const harness = new Harness(1);
  harness.receive("a", "b");
  await harness.answer(refused("BACKLOG_FULL", { retryAfterMs: 1500 }));
  await harness.answer(refused("BACKLOG_FULL"));
  await harness.answer(taken);
  expect(harness.waited).toEqual([1500, 1000]);
  expect(harness.asked.map(({ body, sequence }) => `${body}${sequence}`)).toEqual(["a1", "a1", "a1", "b2"]);
  expect(harness.sent.map(({ type }) => type)).toEqual(["wait", "wait", "ack"]);
  expect(harness.closed).toEqual([]);
});

test("what no retry can change ends the session, and nothing behind it is taken in", async () => {
  const harness = new Harness(1);
  harness.receive("a", "b");
  await harness.answer(refused("STREAM_ENDED"));
  harness.receive("c");
  expect(harness.sent).toEqual([
    { type: "error", message: 1, sequence: 1, code: "STREAM_ENDED", detail: "it is STREAM_ENDED" },
  ]);
  expect(harness.closed).toEqual([[1008, "STREAM_ENDED"]]);
  expect(harness.asked).toHaveLength(1);
});

test("who sends more messages than the credit is closed, and one who keeps to it is not", async () => {
  const harness = new Harness();
  harness.receive(...Array.from({ length: sessionMessagesMax }, () => "x"));
  expect(harness.closed).toEqual([]);
  await harness.answer(taken);
  harness.receive("fits again");
  expect(harness.closed).toEqual([]);
  harness.receive("one too many");
  expect(harness.closed).toEqual([[1008, expect.stringContaining("Credit exceeded")]]);
  expect(new TextEncoder().encode(harness.closed[0]?.[1]).length).toBeLessThanOrEqual(123);
});

test("bytes count for the credit too", () => {
  const harness = new Harness();
  void harness.session.receive(new Uint8Array(sessionBytesMax));
  expect(harness.closed).toEqual([]);
  harness.receive("x");
  expect(harness.closed).toMatchObject([[1008, expect.stringContaining("bytes")]]);
});

test("a session that was left says no more", async () => {
  const harness = new Harness();
  harness.receive("a", "b");
  harness.session.abandon();
  await harness.answer(taken);
  expect(harness.sent).toEqual([]);
  expect(harness.asked).toHaveLength(1);
});
