/** Events through the door: formats, limits, rejected records, producers, routing to shards. */
import { beforeAll, expect, test } from "vitest";
import { call, clicks, clicksBody, ndjson, post, totalsBody } from "./api.ts";

beforeAll(async () => {
  await call("PUT", "/v1/streams/door", clicksBody());
  await call("PUT", "/v1/streams/spread", clicksBody({ shards: 4, distributionKey: ["user"] }));
  await call("PUT", "/v1/streams/loose", clicksBody({ shards: 4 }));
});

const row = { time: "2001/01/01 00:47", user: "ann", amount: 3 };

async function packed(text: string, format: "gzip" | "deflate"): Promise<Uint8Array> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream(format));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

test.each([
  ["NDJSON", "application/x-ndjson", `${JSON.stringify(row)}\n${JSON.stringify(row)}\n`, 2],
  ["NDJSON with a charset", "application/x-ndjson; charset=utf-8", JSON.stringify(row), 1],
  ["plain text as NDJSON", "text/plain", `${JSON.stringify(row)}\n\n${JSON.stringify(row)}`, 2],
  ["a JSON array", "application/json", JSON.stringify([row, row, row]), 3],
  ["one JSON object", "application/json", JSON.stringify(row, null, 2), 1],
  ["nothing", "application/x-ndjson", "", 0],
])("%s is taken in", async (_name, type, body, accepted) => {
  const answer = await post("door", body, { "content-type": type });
  expect(answer).toMatchObject({ status: 200, body: { accepted, duplicate: 0, rejected: 0, errors: [] } });
  expect(Object.keys(answer.body.token)).toEqual(accepted > 0 ? ["0"] : []);
});

test("a body of another type is refused", async () => {
  const answer = await post("door", "a=1", { "content-type": "application/x-www-form-urlencoded" });
  expect(answer).toMatchObject({ status: 415, body: { code: "CONTENT_TYPE_UNSUPPORTED" } });
});

test.each(["gzip", "deflate"] as const)("a body packed with %s is taken in", async (format) => {
  const body = await packed(clicks([1000, "ann", 1], [2000, "bob", 2]), format);
  const answer = await call("POST", "/v1/streams/door/events", body, {
    ...ndjson,
    "content-encoding": format,
  });
  expect(answer).toMatchObject({ status: 200, body: { accepted: 2 } });
});

test("a body that is not what its encoding says is refused", async () => {
  const headers = { ...ndjson, "content-encoding": "gzip" };
  const answer = await call("POST", "/v1/streams/door/events", "not gzip at all", headers);
  expect(answer).toMatchObject({ status: 400, body: { code: "BODY_ENCODING_INVALID" } });
  const cut = (await packed(clicks([1000, "ann", 1]), "gzip")).slice(0, 20);
  const ended = await call("POST", "/v1/streams/door/events", cut, headers);
  expect(ended).toMatchObject({ status: 400, body: { code: "BODY_ENCODING_INVALID" } });
});

test("an unknown encoding is refused", async () => {
  const answer = await call("POST", "/v1/streams/door/events", "x", { ...ndjson, "content-encoding": "br" });
  expect(answer).toMatchObject({ status: 415, body: { code: "CONTENT_TYPE_UNSUPPORTED" } });
});

test("a small body that unpacks to a huge one is refused", async () => {
  const bomb = await packed("\n".repeat(40 << 20), "gzip");
  expect(bomb.length).toBeLessThan(100_000);
  const answer = await call("POST", "/v1/streams/door/events", bomb, {
    ...ndjson,
    "content-encoding": "gzip",
  });
  expect(answer).toMatchObject({ status: 413, body: { code: "BODY_TOO_LARGE" } });
});

test("rejected records are told with line, column and reason, and the others are accepted", async () => {
  const body = [
    JSON.stringify(row),
    '{"time": 5, "user": "ann", "amount": ',
    '{"time": 5, "user": 7, "amount": 1}',
    '{"user": "ann"}',
    JSON.stringify(row),
  ].join("\n");
  const answer = await post("door", body);
  expect(answer).toMatchObject({ status: 200, body: { accepted: 2, rejected: 3 } });
  expect(answer.body.errors).toEqual([
    expect.objectContaining({ record: 2, line: 2, reason: "NotJson", message: expect.any(String) }),
    expect.objectContaining({ record: 3, line: 3, reason: "WrongType", field: "user" }),
    expect.objectContaining({ record: 4, line: 4, reason: "MissingValue", field: "time" }),
  ]);
  for (const error of answer.body.errors) expect(error.column).toBeGreaterThan(0);
});

test("only the first hundred rejected records are told, all are counted and kept as letters", async () => {
  await call("PUT", "/v1/streams/rejects", clicksBody());
  const answer = await post("rejects", "bad\n".repeat(150));
  expect(answer.body).toMatchObject({ accepted: 0, rejected: 150 });
  expect(answer.body.errors).toHaveLength(100);
  const letters = await call("GET", "/v1/streams/rejects/dead-letters?limit=100");
  expect(letters.body.letters).toHaveLength(100);
  const rest = await call("GET", `/v1/streams/rejects/dead-letters?limit=100&cursor=${letters.body.cursor}`);
  expect(rest.body.letters).toHaveLength(50);
  expect(rest.body.cursor).toBeUndefined();
});

test("records in a JSON array are numbered, without lines", async () => {
  const answer = await call("POST", "/v1/streams/door/events", [row, { ...row, amount: "x" }]);
  expect(answer.body.errors).toEqual([expect.objectContaining({ record: 2, field: "amount" })]);
  expect(answer.body.errors[0]).not.toHaveProperty("line");
});

test.each([
  ["a producer without a sequence", { "producer-id": "p" }, "without Sequence"],
  ["a sequence without a producer", { sequence: "1" }, "without Producer-Id"],
  ["a negative sequence", { "producer-id": "p", sequence: "-1" }, 'Sequence is "-1"'],
  ["a sequence that is no number", { "producer-id": "p", sequence: "one" }, 'Sequence is "one"'],
  ["a sequence beyond 2^53", { "producer-id": "p", sequence: "9007199254740992" }, "9007199254740991"],
  ["a producer with a long name", { "producer-id": "p".repeat(129), sequence: "1" }, "129 characters"],
])("%s is refused", async (_name, headers, words) => {
  const answer = await post("door", clicks([1000, "ann", 1]), headers as Record<string, string>);
  expect(answer).toMatchObject({ status: 400, body: { code: "REQUEST_INVALID" } });
  expect(answer.body.detail).toContain(words);
});

test("a repeated request is a duplicate, and its token points to the first one", async () => {
  const headers = { "producer-id": "retry", sequence: "1" };
  const first = await post("door", clicks([1000, "ann", 1], [2000, "bob", 2]), headers);
  const second = await post("door", clicks([1000, "ann", 1], [2000, "bob", 2]), headers);
  expect(first.body).toMatchObject({ accepted: 2, duplicate: 0 });
  expect(second.body).toMatchObject({ accepted: 0, duplicate: 2 });
  expect(second.body.token).toEqual(first.body.token);
});

test("the same sequence with another body is refused", async () => {
  const headers = { "producer-id": "reuse", sequence: "1" };
  await post("door", clicks([1000, "ann", 1]), headers);
  const other = await post("door", clicks([1000, "ann", 2]), headers);
  expect(other).toMatchObject({ status: 422, body: { code: "PRODUCER_SEQUENCE_REUSED", accepted: 0 } });
});

test("a sequence older than the last 64 is refused, never acknowledged", async () => {
  for (const sequence of ["1", "100"]) {
    await post("door", clicks([1000, "ann", 1]), { "producer-id": "old", sequence });
  }
  const old = await post("door", clicks([1000, "ann", 1]), { "producer-id": "old", sequence: "2" });
  expect(old).toMatchObject({
    status: 409,
    body: { code: "PRODUCER_SEQUENCE_TOO_OLD", accepted: 0, duplicate: 0 },
  });
});

test("rows of a distributed stream go to the shards of their keys, and again to the same ones", async () => {
  const rows = Array.from(
    { length: 200 },
    (_, index) => [1000 + index, `user${index}`, index] as [number, string, number],
  );
  const headers = { "producer-id": "spread", sequence: "1" };
  const first = await post("spread", clicks(...rows), headers);
  expect(Object.keys(first.body.token)).toEqual(["0", "1", "2", "3"]);
  const again = await post("spread", clicks(...rows), headers);
  expect(again.body).toMatchObject({ accepted: 0, duplicate: 200, token: first.body.token });
  const status = await call("GET", "/v1/streams/spread");
  expect(status.body.rows).toBe(200);
  expect(status.body.shards.every((shard: { rows: number }) => shard.rows > 20)).toBe(true);
});

test("an undistributed stream keeps a request together, and a producer on its shard", async () => {
  for (const producer of ["p1", "p2", "p3"]) {
    const tokens: string[][] = [];
    for (const sequence of ["1", "2", "3"]) {
      const rows = clicks([1000, "ann", 1], [1000, "bob", 1], [1000, "eve", 1]);
      const answer = await post("loose", rows, { "producer-id": producer, sequence });
      expect(answer.body.accepted).toBe(3);
      tokens.push(Object.keys(answer.body.token));
    }
    expect(new Set(tokens.map(String)).size).toBe(1);
    expect(tokens[0]).toHaveLength(1);
  }
});

test("a body of several parts is taken in whole, in order, and deduplicated part by part", async () => {
  await call("PUT", "/v1/streams/large", clicksBody());
  await call("PUT", "/v1/jobs/large", totalsBody("large", { window: undefined }));
  const rows = Array.from(
    { length: 40_000 },
    (_, index) => [index, `user${index % 7}`, 1] as [number, string, number],
  );
  const headers = { "producer-id": "large", sequence: "1" };
  const first = await post("large", clicks(...rows), headers);
  expect(first.body).toMatchObject({ accepted: 40_000, rejected: 0 });
  expect(first.body.token[0]).toBeGreaterThan(1);
  const again = await post("large", clicks(...rows), headers);
  expect(again.body).toMatchObject({ accepted: 0, duplicate: 40_000, token: first.body.token });
  const view = await call("GET", `/v1/views/large?token=${encodeURIComponent(JSON.stringify(first.body))}`);
  const total = view.body.rows.reduce((sum: number, { clicks: count }: { clicks: number }) => sum + count, 0);
  expect(total).toBe(40_000);
});

test("line numbers count through all parts", async () => {
  const good = JSON.stringify({ time: 1, user: "ann", amount: 1 });
  const answer = await post("door", `${`${good}\n`.repeat(30_000)}bad\n${good}`);
  expect(answer.body).toMatchObject({ accepted: 30_001, rejected: 1, errors: [{ line: 30_001 }] });
});

test("requests at the same time do not mix in the kernel they share", async () => {
  await call("PUT", "/v1/streams/busy", clicksBody());
  await call("PUT", "/v1/jobs/busy", totalsBody("busy", { window: undefined }));
  const posts = Array.from({ length: 40 }, (_, index) =>
    post(
      "busy",
      clicks(...Array.from({ length: 50 }, () => [index, `user${index}`, index] as [number, string, number])),
    ),
  );
  const answers = await Promise.all(posts);
  const last = Math.max(...answers.map(({ body }) => body.token[0]));
  const view = await call("GET", `/v1/views/busy?limit=1000&token=0:${last}`);
  expect(view.body.rows).toHaveLength(40);
  for (const { user, clicks: count, total } of view.body.rows) {
    expect({ user, count, total }).toEqual({ user, count: 50, total: 50 * Number(user.slice(4)) });
  }
});

test("a watermark by hand fires windows, and max ends the stream", async () => {
  await call("PUT", "/v1/streams/ending", clicksBody());
  await call("PUT", "/v1/jobs/ending", totalsBody("ending"));
  await post("ending", clicks([1000, "ann", 1]));
  const moved = await call("POST", "/v1/streams/ending/watermark", { watermark: "1970-01-01T00:02:00Z" });
  expect(moved).toMatchObject({ status: 200, body: { watermark: "1970-01-01T00:02:00.000Z" } });
  const view = await call(
    "GET",
    `/v1/views/ending?token=${encodeURIComponent(JSON.stringify(moved.body.token))}`,
  );
  expect(view.body.rows).toEqual([expect.objectContaining({ user: "ann", final: true })]);
  expect(await call("POST", "/v1/streams/ending/watermark", { watermark: "max" })).toMatchObject({
    body: { watermark: "max" },
  });
  const late = await post("ending", clicks([1000, "ann", 1]));
  expect(late).toMatchObject({ status: 409, body: { code: "STREAM_ENDED" } });
  expect(await call("GET", "/v1/streams/ending")).toMatchObject({ body: { ended: true, watermark: "max" } });
});

test.each([[{}], [{ watermark: "soon" }], [{ watermark: 1.5 }], [{ watermark: "max", more: 1 }]])(
  "the watermark %j is refused",
  async (body) => {
    const answer = await call("POST", "/v1/streams/door/watermark", body);
    expect(answer).toMatchObject({ status: 400, body: { code: "REQUEST_INVALID" } });
  },
);
