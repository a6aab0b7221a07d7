/** Bodies of PUT /v1/streams/{stream}: what is read, what is filled in, and how mistakes are told. */
import { describe, expect, test } from "vitest";
import { errorBodyOf } from "../../../src/base/errors.ts";
import { readStreamDefinition, streamBodyOf } from "../../../src/protocol/stream-spec.ts";

const flights = {
  columns: [
    { name: "time", type: "TIMESTAMP(3)" },
    { name: "origin", type: "STRING", nullable: false },
    { name: "fare", type: "decimal(10,2)", path: "price.total" },
  ],
  eventTime: { column: "time", outOfOrderness: "5s" },
};

function messageFor(body: unknown): string {
  try {
    readStreamDefinition(body);
  } catch (error) {
    const { code, message } = errorBodyOf(error);
    return `${code} ${message}`;
  }
  return "no error";
}

test("a short body becomes a definition with every field", () => {
  expect(readStreamDefinition(flights)).toEqual({
    columns: [
      { name: "time", type: { name: "TIMESTAMP", precision: 3 }, nullable: false },
      { name: "origin", type: { name: "STRING" }, nullable: false },
      {
        name: "fare",
        type: { name: "DECIMAL", precision: 10, scale: 2 },
        nullable: true,
        path: ["price", "total"],
      },
    ],
    eventTime: { column: "time", outOfOrdernessMs: 5000 },
    idleTimeoutMs: 30_000,
    idle: "wait",
    distributionKey: [],
    shards: 1,
    retention: { timeMs: 86_400_000, bytesPerShard: 2 ** 30 },
  });
});

test("a definition written as a body reads back to itself", () => {
  const definition = readStreamDefinition({
    ...flights,
    idle: "advance",
    idleTimeout: "1 min",
    distributionKey: ["origin"],
    shards: 4,
    retention: { time: "1d12h", bytesPerShard: 5_000_000 },
  });
  expect(definition.retention).toEqual({ timeMs: 129_600_000, bytesPerShard: 5_000_000 });
  expect(readStreamDefinition(JSON.parse(JSON.stringify(streamBodyOf(definition))))).toEqual(definition);
});

describe("mistakes are told with their place, what was found and what was expected", () => {
  test.each([
    ["a body that is no object", 7, "STREAM_INVALID body: found 7, expected object"],
    [
      "a missing field",
      { eventTime: flights.eventTime },
      "STREAM_INVALID columns: found nothing, expected an array such as " +
        '[{ "name": "time", "type": "TIMESTAMP(3)" }]',
    ],
    [
      "an unknown field",
      { ...flights, distributionkey: ["origin"] },
      'STREAM_INVALID body: unknown field "distributionkey"; did you mean "distributionKey"?',
    ],
    [
      "a known type with too many digits",
      { ...flights, columns: [...flights.columns, { name: "a", type: "DECIMAL(20, 2)" }] },
      'STREAM_INVALID columns[3].type: found "DECIMAL(20, 2)", expected BOOLEAN, INT, BIGINT, DOUBLE, ' +
        "DECIMAL(p, s) with p <= 18, STRING, BYTES, DATE, TIMESTAMP(3) or TIMESTAMP_LTZ(3)",
    ],
    [
      "an unknown type",
      { ...flights, columns: [...flights.columns, { name: "a", type: "STRNG" }] },
      'STREAM_INVALID columns[3].type: found "STRNG", expected BOOLEAN, INT, BIGINT, DOUBLE, ' +
        "DECIMAL(p, s) with p <= 18, STRING, BYTES, DATE, TIMESTAMP(3) or TIMESTAMP_LTZ(3); did you " +
        'mean "STRING"?',
    ],
    [
      "an event time of an unknown type",
      { ...flights, columns: [{ name: "time", type: "TIME(3)" }] },
      /^STREAM_INVALID columns\[0\]\.type: found "TIME\(3\)", expected BOOLEAN/,
    ],
    [
      "an event time that is no column",
      { ...flights, eventTime: { column: "tiem" } },
      'STREAM_INVALID eventTime.column: found "tiem", expected the name of a column; did you mean "time"?',
    ],
    [
      "an event time of another type",
      { ...flights, eventTime: { column: "origin" } },
      'STREAM_INVALID eventTime.column: found "origin", a STRING column; expected a TIMESTAMP(3) or ' +
        "TIMESTAMP_LTZ(3) column",
    ],
    [
      "a duration that is none",
      { ...flights, eventTime: { column: "time", outOfOrderness: "5 parsecs" } },
      'STREAM_INVALID eventTime.outOfOrderness: found "5 parsecs", expected a duration such as ' +
        '"500ms", "5s", "1 min", "2h" or "1d12h", or whole milliseconds',
    ],
    [
      "an idle timeout within the append deadline",
      { ...flights, idleTimeout: "10s" },
      'STREAM_INVALID idleTimeout: found "10s", expected a duration of at least 10s1ms',
    ],
    [
      "two columns of one name",
      { ...flights, columns: [...flights.columns, { name: "origin", type: "INT" }] },
      'STREAM_INVALID columns[3].name: found "origin", which an earlier column has',
    ],
    [
      "a name with a space",
      { ...flights, columns: [...flights.columns, { name: "a b", type: "INT" }] },
      'STREAM_INVALID columns[3].name: found "a b", expected a letter or _, then up to 62 letters, ' +
        "digits or _",
    ],
    [
      "an unknown choice",
      { ...flights, idle: "sleep" },
      'STREAM_INVALID idle: found "sleep", expected "wait" or "advance"',
    ],
    [
      "a distribution key that is no column",
      { ...flights, distributionKey: ["orign"] },
      'STREAM_INVALID distributionKey[0]: found "orign", expected the name of a column; did you mean ' +
        '"origin"?',
    ],
  ])("%s", (_, body, expected) => {
    if (typeof expected === "string") expect(messageFor(body)).toBe(expected);
    else expect(messageFor(body)).toMatch(expected);
  });

  test("more than three mistakes are counted, and all are in the details", () => {
    const columns = Array.from({ length: 5 }, (_, index) => ({ name: `${index}`, type: "INT" }));
    const withTime = [...columns, { name: "time", type: "TIMESTAMP(3)" }];
    expect(messageFor({ ...flights, columns: withTime })).toMatch(/; and 2 more$/);
  });
});
