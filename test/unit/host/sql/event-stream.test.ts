/** Results as server-sent events: what is sent, when it is looked for, and how it ends. */
import { expect, test } from "vitest";
import { EngineError } from "../../../../src/base/errors.ts";
import type { ContinuousQuery, ResultChange } from "../../../../src/host/sql/continuous-query.ts";
import { toEvents } from "../../../../src/host/sql/event-stream.ts";
import { textResult } from "../../../../src/host/sql/statement-result.ts";
import { ManualClock, settle } from "../../../support/manual-clock.ts";

/** A query whose reads are answered from a list, then with nothing. */
class FakeQuery {
  readonly job = "query-1";
  readonly columns = [{ name: "n", type: "INT" }];
  reads = 0;
  stops = 0;
  answers: (readonly ResultChange[] | EngineError)[] = [];

  async read(): Promise<readonly ResultChange[]> {
    this.reads++;
    const answer = this.answers.shift() ?? [];
    if (answer instanceof EngineError) throw answer;
    return answer;
  }

  async stop(): Promise<void> {
    this.stops++;
  }
}

function followed() {
  const [query, clock] = [new FakeQuery(), new ManualClock()];
  const result = { statement: "SELECT", job: query.job, query: query as unknown as ContinuousQuery };
  const reader = toEvents([textResult("SHOW VIEWS", "name", ["v"]), result], {}, clock).getReader();
  const read = async () => {
    const { done, value } = await reader.read();
    return done ? undefined : new TextDecoder().decode(value);
  };
  return { query, clock, reader, read };
}

const unavailable = new EngineError("PARTITION_UNAVAILABLE", { message: "It starts again." });

test("the answer comes first, then changes with their kinds", async () => {
  const { query, read } = followed();
  query.answers = [
    [
      { kind: "-U", row: [1] },
      { kind: "+U", row: [2] },
    ],
  ];
  const answer = {
    results: [
      { statement: "SHOW VIEWS", columns: [{ name: "name", type: "STRING" }], rows: [["v"]] },
      { statement: "SELECT", job: "query-1", columns: query.columns },
    ],
    options: {},
  };
  expect(await read()).toBe(`event: answer\ndata: ${JSON.stringify(answer)}\n\n`);
  expect(await read()).toBe(
    'event: change\ndata: {"kind":"-U","row":{"n":1}}\n\n' +
      'event: change\ndata: {"kind":"+U","row":{"n":2}}\n\n',
  );
});

test("where nothing comes it is looked for less often, and a comment tells that it goes on", async () => {
  const { query, clock, read } = followed();
  await read();
  const comment = read();
  await clock.advance(1000);
  expect(query.reads).toBeLessThanOrEqual(6);
  await clock.advance(15_000);
  expect(await comment).toBe(": no change\n\n");
  expect(query.reads).toBeLessThanOrEqual(21);
});

test("who stops listening ends the query, and nothing is read any more", async () => {
  const { query, clock, reader, read } = followed();
  await read();
  await settle();
  await reader.cancel();
  const { reads } = query;
  await clock.advance(60_000);
  expect([query.stops, query.reads]).toEqual([1, reads]);
});

test("a partition that starts again is waited for", async () => {
  const { query, clock, read } = followed();
  query.answers = [unavailable, unavailable, [{ kind: "+I", row: [1] }]];
  await read();
  const change = read();
  await clock.advance(1000);
  expect(await change).toContain('"kind":"+I"');
});

test.each([
  ["one that stays away", Array<EngineError>(50).fill(unavailable), "PARTITION_UNAVAILABLE"],
  ["a job that failed", [new EngineError("JOB_FAILED", { message: "It failed." })], "JOB_FAILED"],
])("%s is told, and ends the query", async (_, answers, code) => {
  const { query, clock, read } = followed();
  query.answers = answers;
  await read();
  const told = read();
  await clock.advance(20_000);
  expect(await told).toMatch(new RegExp(`^event: error\\ndata: \\{.*"code":"${code}"`));
  expect(await read()).toBeUndefined();
  expect(query.stops).toBe(1);
});

test("rows that end are inserted ones, with the end behind them", async () => {
  const events = await new Response(
    toEvents([textResult("SHOW VIEWS", "name", ["v"])], {}, new ManualClock()),
  ).text();
  expect(events.match(/^event: .*$/gm)).toEqual(["event: answer", "event: change", "event: end"]);
  expect(events).toContain('data: {"kind":"+I","row":{"name":"v"}}');
});
