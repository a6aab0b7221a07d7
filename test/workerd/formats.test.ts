/**
 * Bodies and answers in other formats than JSON, over HTTP: taken in once, read back typed.
 */
import { exports } from "cloudflare:workers";
import { tableFromArrays, tableFromIPC, tableToIPC, utf8 } from "@uwdata/flechette";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { call, clicksBody, post, totalsBody } from "./api.ts";
import { expectDescribed } from "./described.ts";

// Each test makes a stream of two shards: on a busy machine that takes seconds.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const csv = { "content-type": "text/csv; charset=UTF-8; header=present" };
const arrow = { "content-type": "application/vnd.apache.arrow.stream" };

const rows = "time,user,amount\r\n1000,ann,5\r\n2000,bob,x\r\n3000,ann,2\r\n";

function arrowClicks(time: number[], user: string[], amount: number[]): Uint8Array {
  const table = tableFromArrays({ time, user, amount }, { types: { user: utf8() } });
  return tableToIPC(table, { format: "stream" }) ?? new Uint8Array(0);
}

async function makeStream(name: string): Promise<void> {
  expect(
    await call("PUT", `/v1/streams/${name}`, clicksBody({ shards: 2, distributionKey: ["user"] })),
  ).toMatchObject({ status: 201 });
}

describe("events", () => {
  test.each([
    ["csv", csv, rows, "time,user,amount\n1000,ann,5\n2000,bob,7\n3000,ann,2\n"],
    [
      "arrow",
      arrow,
      arrowClicks([1000, 2000, 3000], ["ann", "bob", "ann"], [5, 2 ** 33, 2]),
      arrowClicks([1000, 2000, 3000], ["ann", "bob", "ann"], [5, 6, 2]),
    ],
    [
      "cloudevents",
      { "content-type": "application/cloudevents-batch+json" },
      JSON.stringify([1, 2, 3].map((id) => cloudEvent(id, id === 2 ? "x" : id))),
      JSON.stringify([1, 2, 3].map((id) => cloudEvent(id, id))),
    ],
  ])(
    "%s: bad records are answered for and kept, and a retry counts nothing twice",
    async (name, type, body, other) => {
      await makeStream(`${name}-in`);
      const headers = { ...type, "producer-id": "meter", sequence: "1" };
      const first = await post(`${name}-in`, body as string, headers);
      expect(first).toMatchObject({ status: 200, body: { accepted: 2, duplicate: 0, rejected: 1 } });
      expect(first.body.errors).toMatchObject([{ record: 2, field: "amount" }]);
      const again = await post(`${name}-in`, body as string, headers);
      expect(again).toMatchObject({ status: 200, body: { accepted: 0, duplicate: 2, rejected: 1 } });
      const changed = await post(`${name}-in`, other as string, headers);
      expect(changed).toMatchObject({ status: 422, body: { code: "PRODUCER_SEQUENCE_REUSED" } });
      const { body: kept } = await call("GET", `/v1/streams/${name}-in/dead-letters`);
      expect(kept.letters).toMatchObject([{ content: { record: 2, field: "amount" } }]);
    },
  );

  test("the same rows under another header are another body", async () => {
    await makeStream("csv-header");
    const headers = { ...csv, "producer-id": "meter", sequence: "1" };
    expect((await post("csv-header", "time,user,amount\n1,a,2\n", headers)).status).toBe(200);
    const other = await post("csv-header", "amount,user,time\n1,a,2\n", headers);
    expect(other).toMatchObject({ status: 422, body: { code: "PRODUCER_SEQUENCE_REUSED" } });
  });

  test("a single CloudEvent is a record", async () => {
    await makeStream("one-event");
    const headers = { "content-type": "application/cloudevents+json; charset=utf-8" };
    const answer = await post("one-event", JSON.stringify(cloudEvent(1, 4)), headers);
    expect(answer).toMatchObject({ status: 200, body: { accepted: 1 } });
  });

  test.each([
    ["text/csv; header=absent", "1,2,3", 415, "first row names the columns"],
    ["text/csv; charset=latin1", rows, 415, "UTF-8"],
    ["text/csv", "a,b\n1,2", 400, "none of the stream's columns"],
    ["application/vnd.apache.arrow.stream", "no arrow", 400, "must be an Arrow IPC stream"],
    ["application/xml", "<a/>", 415, "text/csv"],
  ])(
    "%s with %s is %i and says why",
    async (type, body, status, words) => {
      await call("PUT", "/v1/streams/refused", clicksBody());
      const answer = await post("refused", body, { "content-type": type });
      expect(answer).toMatchObject({ status, body: { detail: expect.stringContaining(words) } });
    },
    20_000,
  );
});

function cloudEvent(id: number, amount: unknown) {
  return {
    specversion: "1.0",
    id: `${id}`,
    source: "/shop",
    type: "sale",
    data: { time: id, user: "ann", amount },
  };
}

describe("views", () => {
  const path = "/v1/views/totals-out?windows=oldest";

  beforeAll(async () => {
    await makeStream("clicks-out");
    await call("PUT", "/v1/jobs/totals-out", totalsBody("clicks-out"));
    const { body } = await post(
      "clicks-out",
      'time,user,amount\n1000,ann,5\n2000,"b, ob",7\n61000,ann,2\n',
      csv,
    );
    const token = encodeURIComponent(JSON.stringify(body.token));
    expect(await call("GET", `${path}&token=${token}`)).toMatchObject({
      status: 200,
      body: { rows: { length: 3 } },
    });
  });

  async function read(accept: string, query = ""): Promise<Response> {
    const response = await exports.default.fetch(`http://localhost${path}${query}`, {
      headers: { accept },
    });
    expectDescribed("GET", path, response, undefined);
    return response;
  }

  test("as CSV and as NDJSON, with the rows that JSON has", async () => {
    const { body } = await call("GET", path);
    const ndjson = (await (await read("application/x-ndjson")).text()).trim().split("\n");
    expect(ndjson.map((line) => JSON.parse(line))).toEqual(body.rows);
    const [header, ...lines] = (await (await read("text/csv")).text()).trim().split("\r\n");
    expect(header?.split(",").sort()).toEqual(Object.keys(body.rows[0]).sort());
    expect(lines).toHaveLength(3);
    expect(lines.some((line) => line.includes('"b, ob"'))).toBe(true);
  });

  test("as Arrow, with types", async () => {
    const bytes = new Uint8Array(await (await read("application/vnd.apache.arrow.stream")).arrayBuffer());
    const table = tableFromIPC(bytes, { useDate: true });
    expect(table.numRows).toBe(3);
    expect([...(table.getChild("total") ?? [])].sort()).toEqual([2, 5, 7]);
    expect(table.getChild("window_start").at(0)).toEqual(new Date(0));
  });

  test("in pages that link to the next", async () => {
    const first = await read("application/x-ndjson", "&limit=2");
    const next = /^<(.*)>; rel="next"$/.exec(first.headers.get("link") ?? "")?.[1];
    const second = await exports.default.fetch(`http://localhost${next}`, {
      headers: { accept: "application/x-ndjson" },
    });
    expect((await first.text()).trim().split("\n")).toHaveLength(2);
    expect((await second.text()).trim().split("\n")).toHaveLength(1);
    expect(second.headers.get("link")).toBeNull();
  });

  test("in no other format", async () => {
    const answer = await call("GET", path, undefined, { accept: "application/xml" });
    expect(answer).toMatchObject({ status: 406, body: { code: "NOT_ACCEPTABLE" } });
  });
});
