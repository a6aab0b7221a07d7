import { expect, test } from "vitest";
import { decideStreamChange, withWaiting } from "../../../../src/host/coordinator/decide-stream-change.ts";
import { streamOf } from "../definitions.ts";

const eventTime = { column: "time", outOfOrderness: "5s" };

const columns = [
  { name: "time", type: "TIMESTAMP(3)" },
  { name: "user", type: "STRING" },
  { name: "amount", type: "INT" },
];

test("a stream that is not there is created, the same one is kept", () => {
  expect(decideStreamChange(undefined, streamOf())).toEqual({ kind: "Create" });
  expect(decideStreamChange(streamOf(), streamOf())).toEqual({ kind: "Keep" });
});

test("a definition that was stored and read back is the same", () => {
  const stored = JSON.parse(JSON.stringify(streamOf({ shards: 4, distributionKey: ["user"] })));
  expect(decideStreamChange(stored, streamOf({ shards: 4, distributionKey: ["user"] }))).toEqual({
    kind: "Keep",
  });
});

test("nullable columns at the end are added", () => {
  const wanted = streamOf({ columns: [...columns, { name: "city", type: "STRING", path: "place.city" }] });
  expect(decideStreamChange(streamOf(), wanted)).toEqual({ kind: "AddColumns" });
});

test.each([
  ["another type", { columns: [...columns.slice(0, 2), { name: "amount", type: "BIGINT" }] }, '"amount" INT'],
  ["a missing column", { columns: columns.slice(0, 2) }, '"amount" is missing'],
  ["another order", { columns: [columns[0], columns[2], columns[1]] }, "column 2"],
  [
    "a required column",
    { columns: [...columns, { name: "city", type: "STRING", nullable: false }] },
    "not nullable",
  ],
  ["more shards", { shards: 2 }, "shards is 1 and cannot become 2"],
  ["another bound", { eventTime: { column: "time", outOfOrderness: "6s" } }, '"outOfOrderness":"6s"'],
  ["another key", { distributionKey: ["user"] }, "distributionKey"],
  ["another retention", { retention: { time: "1h" } }, "retention"],
])("%s is refused and named", (_name, change, words) => {
  const decision = decideStreamChange(streamOf(), streamOf(change as Parameters<typeof streamOf>[0]));
  expect(decision).toMatchObject({ kind: "Refuse", message: expect.stringContaining(words) });
});

test("whether a stream waits for producers stays as it is, and need not be said again", () => {
  const saying = (waitForProducers: boolean) => streamOf({ eventTime: { ...eventTime, waitForProducers } });
  // Release 0.1.0 stored nothing of it, and waited for none.
  const [silent, waits, hastens] = [streamOf({ eventTime }), saying(true), saying(false)];
  expect([silent, hastens].map((wanted) => decideStreamChange(silent, wanted).kind)).toEqual([
    "Keep",
    "Keep",
  ]);
  expect([silent, waits].map((wanted) => decideStreamChange(waits, wanted).kind)).toEqual(["Keep", "Keep"]);
  expect(decideStreamChange(silent, waits).kind).toBe("Refuse");
  expect(decideStreamChange(waits, hastens).kind).toBe("Refuse");
  const said = [undefined, silent, waits, hastens].map((existing) => withWaiting(silent, existing));
  expect(said.map((definition) => definition.eventTime.waitForProducers)).toEqual([true, false, true, false]);
  expect(withWaiting(hastens, undefined).eventTime.waitForProducers).toBe(false);
});
