/** Bodies of PUT /v1/jobs/{job}: what is read, what is filled in, and how mistakes are told. */
import { describe, expect, test } from "vitest";
import { errorBodyOf } from "../../../src/base/errors.ts";
import { jobBodyOf, readJobDefinition, sourcesOf } from "../../../src/protocol/job-spec.ts";
import { stepInputsOf } from "../../../src/protocol/step-inputs.ts";

const delays = {
  source: "flights",
  key: ["origin"],
  window: { type: "tumble", size: "1h" },
  aggregates: { flights: { function: "count" }, worst: { function: "max", argument: "delay" } },
};

function messageFor(body: unknown): string {
  try {
    readJobDefinition(body);
  } catch (error) {
    const { code, message } = errorBodyOf(error);
    return `${code} ${message}`;
  }
  return "no error";
}

test("a short body becomes a definition with every field", () => {
  expect(readJobDefinition(delays)).toEqual({
    source: "flights",
    startFrom: "earliest",
    columns: [],
    key: ["origin"],
    window: { type: "tumble", sizeMs: 3_600_000, offsetMs: 0 },
    aggregates: [
      { name: "flights", function: "count" },
      { name: "worst", function: "max", argument: "delay" },
    ],
    allowedLatenessMs: 0,
    retentionMs: 604_800_000,
  });
});

test("a job reads one stream or several, each once", () => {
  expect(readJobDefinition({ ...delays, source: ["flights"] }).source).toBe("flights");
  const several = readJobDefinition({ ...delays, source: ["flights", "trains"] });
  expect(sourcesOf(several)).toEqual(["flights", "trains"]);
  expect(readJobDefinition(jobBodyOf(several))).toEqual(several);
  expect(messageFor({ ...delays, source: ["flights", "flights"] })).toBe(
    'JOB_INVALID source: found ["flights","flights"], expected each stream once',
  );
  expect(messageFor({ ...delays, source: [] })).toContain("expected 1 to 8 streams");
  expect(messageFor({ ...delays, source: 3 })).toContain("source: found 3, expected the name of a stream");
  expect(messageFor({ ...delays, source: ["a b"] })).toContain(
    'source[0]: found "a b", expected a letter or _',
  );
  expect(messageFor({ ...delays, source: "a b" })).toContain('source: found "a b", expected a letter or _');
});

test.each([
  { type: "tumble", size: "1d", offset: "-8h" },
  { type: "hop", size: "1h", slide: "5 min" },
  { type: "cumulate", size: "1d", step: "1h", offset: 500 },
])("a definition with a $type window, written as a body, reads back to itself", (window) => {
  const definition = readJobDefinition({
    ...delays,
    window,
    startFrom: "latest",
    filter: ["and", ["is not null", "delay"], ["<", "delay", { literal: "9", type: "BIGINT" }]],
    columns: { late: [">", "delay", 15], twice: ["*", "delay", 2.5] },
    allowedLateness: "1 min",
    retention: "forever",
  });
  expect(definition.retentionMs).toBeNull();
  expect(readJobDefinition(JSON.parse(JSON.stringify(jobBodyOf(definition))))).toEqual(definition);
});

describe("mistakes are told with their place, what was found and what was expected", () => {
  const hop = (size: string, slide: string) => ({ ...delays, window: { type: "hop", size, slide } });
  const withArgument = (argument: unknown) => ({
    ...delays,
    aggregates: { a: { function: "sum", argument } },
  });
  test.each([
    [
      "a slide that does not divide the size",
      hop("1h", "7 min"),
      'JOB_INVALID window.slide: found "7 min", expected a slide that divides the size of 1h without ' +
        "remainder",
    ],
    [
      "too many slices",
      hop("1d", "1s"),
      'JOB_INVALID window.slide: found "1s", expected at most 1024 slides in the size of 1d',
    ],
    [
      "a size of zero",
      hop("0s", "1s"),
      'JOB_INVALID window.size: found "0s", expected a duration of at least 1ms',
    ],
    [
      "an unknown window",
      { ...delays, window: { type: "session", gap: "1s" } },
      'JOB_INVALID window.type: found "session", expected a "type" of "tumble", "hop" or "cumulate"',
    ],
    [
      "a window that is no object",
      { ...delays, window: "1 min" },
      'JOB_INVALID window: found "1 min", expected an object such as { "type": "tumble", "size": "1 min" }',
    ],
    [
      "a key that is no array",
      { ...delays, key: "origin" },
      'JOB_INVALID key: found "origin", expected an array of column names, such as ["user"]',
    ],
    [
      "a field of another window",
      { ...delays, window: { type: "hop", size: "1h", slide: "1h", step: "1h" } },
      'JOB_INVALID window: unknown field "step"',
    ],
    [
      "an unknown function",
      { ...delays, aggregates: { a: { function: "median", argument: "delay" } } },
      'JOB_INVALID aggregates.a.function: found "median", expected "count" or "sum" or "min" or "max" ' +
        'or "avg" or "first_value" or "last_value"',
    ],
    [
      "a sum of nothing",
      { ...delays, aggregates: { a: { function: "sum" } } },
      "JOB_INVALID aggregates.a.argument: found nothing, expected a column or an expression: only " +
        "count goes without",
    ],
    [
      "distinct rows without an argument",
      { ...delays, aggregates: { a: { function: "count", distinct: true } } },
      "JOB_INVALID aggregates.a.distinct: found true, expected an argument beside it, whose values are " +
        "counted once",
    ],
    [
      "a distinct first value",
      { ...delays, aggregates: { a: { function: "first_value", argument: "delay", distinct: true } } },
      "JOB_INVALID aggregates.a.distinct: found true, expected no distinct with first_value, which has one " +
        "value anyway",
    ],
    [
      "no aggregates",
      { ...delays, aggregates: {} },
      "JOB_INVALID aggregates: found {}, expected 1 to 64 aggregates",
    ],
    [
      "an output that cannot be named",
      { ...delays, aggregates: { "a b": { function: "count" } } },
      "JOB_INVALID aggregates.a b: not a name, expected a letter or _, then up to 62 letters, digits or _",
    ],
    [
      "two outputs of one name",
      { ...delays, aggregates: { origin: { function: "count" } } },
      'JOB_INVALID aggregates.origin: found {"function":"count"}, expected another output name: this ' +
        "is one that a key column has",
    ],
    [
      "an output by the name that says whether a row is final",
      { ...delays, aggregates: { final: { function: "count" } } },
      'JOB_INVALID aggregates.final: found {"function":"count"}, expected another output name: this ' +
        "is one that every row of a view has",
    ],
    [
      "a call without an operator",
      withArgument([["+", "a", "b"], "c"]),
      'JOB_INVALID aggregates.a.argument[0]: found ["+","a","b"], expected an operator first, such as ' +
        '["+", a, b]',
    ],
    [
      "an object that is no literal",
      withArgument(["+", "a", { value: 7 }]),
      'JOB_INVALID aggregates.a.argument[2]: found {"value":7}, expected { "literal": value } or { ' +
        '"literal": value, "type": "BIGINT" }',
    ],
    [
      "an expression that is too deep",
      withArgument(Array.from({ length: 70 }).reduce((inner) => ["-", inner], "a")),
      /^JOB_INVALID aggregates\.a\.argument(\[1\]){65}: found .* expected at most 64 levels of nesting$/,
    ],
    [
      "an expression that is too large",
      withArgument(["in", "a", ...Array(1000).fill(1)]),
      /^JOB_INVALID .* expected at most 1000 parts in an expression$/,
    ],
    [
      "a retention that is neither",
      { ...delays, retention: "always" },
      /^JOB_INVALID retention: found "always", expected "forever" or a duration such as/,
    ],
  ])("%s", (_, body, expected) => {
    if (typeof expected === "string") expect(messageFor(body)).toBe(expected);
    else expect(messageFor(body)).toMatch(expected);
  });
});

test("of very many mistakes an answer lists a hundred and counts the rest", () => {
  const aggregates = Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`a${index}`, 1]));
  try {
    readJobDefinition({ ...delays, aggregates });
    expect.unreachable();
  } catch (error) {
    const { message, details } = errorBodyOf(error);
    expect(details?.issues).toHaveLength(100);
    expect(message).toMatch(/and \d{5,6} more$/);
  }
});

describe("what a savepoint knows a step by", () => {
  const step = { key: [], window: { type: "tumble", size: "1d" }, aggregates: { n: { function: "count" } } };

  test("is its uid, which reads back with what may be left out", () => {
    const body = { ...delays, uid: "hours", fromSavepoint: 3, allowNonRestoredState: true, steps: [step] };
    const definition = readJobDefinition(body);
    expect(definition).toMatchObject({ uid: "hours", fromSavepoint: 3, allowNonRestoredState: true });
    expect(readJobDefinition(JSON.parse(JSON.stringify(jobBodyOf(definition))))).toEqual(definition);
  });

  test.each([
    [{ uid: "same", steps: [{ ...step, uid: "same" }] }, "steps[0].uid", 0],
    [{ steps: [{ ...step, uid: "step-0" }] }, "steps[0].uid", 0],
    [{ steps: [step, { ...step, uid: "step-1" }] }, "steps[1].uid", 1],
  ])("is one step's alone: %j", (changes, place, other) => {
    const message = messageFor({ ...delays, ...changes });
    expect(message).toContain(`JOB_INVALID ${place}: `);
    expect(message).toContain(`expected another uid than that of step ${other}`);
  });
});

describe("a further step", () => {
  const step = { key: [], window: { type: "tumble", size: "1d" }, aggregates: { n: { function: "count" } } };
  const plain = { key: [], aggregates: { n: { function: "count" } } };

  test("names what it reads, and reads back to that", () => {
    const steps = [
      { ...step, uid: "days" },
      { ...step, input: "step-0" },
      { ...plain, input: ["days", "step-2"] },
      { ...plain, input: ["days.late"] },
      { ...plain, input: "source" },
    ];
    const definition = readJobDefinition({ ...delays, steps });
    expect(definition.steps?.map(({ input }) => input)).toEqual([
      undefined,
      "step-0",
      ["days", "step-2"],
      "days.late",
      "source",
    ]);
    expect(readJobDefinition(JSON.parse(JSON.stringify(jobBodyOf(definition))))).toEqual(definition);
    expect(stepInputsOf(definition)).toEqual([
      [{ of: "results", step: 0 }],
      [{ of: "results", step: 0 }],
      [
        { of: "results", step: 1 },
        { of: "results", step: 2 },
      ],
      [{ of: "late", step: 1 }],
      [{ of: "source" }],
    ]);
  });

  test.each<[string, object, string]>([
    [
      "an unknown step",
      { steps: [{ ...plain, input: "step-9" }] },
      'steps[0].input: found "step-9", expected one of "source", "step-0", or a step\'s late',
    ],
    [
      "itself",
      { steps: [plain, { ...plain, uid: "me", input: "me" }] },
      'steps[1].input: found "me", expected an earlier step, not this step itself: list "me"',
    ],
    [
      "a later step, one of several",
      {
        steps: [
          { ...plain, input: ["step-0", "last"] },
          { ...plain, uid: "last" },
        ],
      },
      'steps[0].input[1]: found "last", expected an earlier step, not step 2, behind this one',
    ],
    [
      "late rows of a step without a window",
      { window: undefined, uid: "all", steps: [{ ...plain, input: "all.late" }] },
      'steps[0].input: found "all.late", expected a step with a window: nothing comes too late for "all"',
    ],
    [
      "a step twice",
      { steps: [{ ...plain, input: ["step-0", "step-0"] }] },
      'steps[0].input: found ["step-0","step-0"], expected each input once',
    ],
    ["nothing", { steps: [{ ...plain, input: [] }] }, "steps[0].input: found [], expected 1 to 8 inputs"],
    [
      "what is no name",
      { steps: [{ ...plain, input: 3 }] },
      'steps[0].input: found 3, expected the name of an earlier step, or several such as ["by-',
    ],
    ["too much", { steps: Array.from({ length: 9 }, () => plain) }, "expected at most 8 steps"],
    [
      "by a name that is the source's",
      { steps: [{ ...plain, uid: "source" }] },
      'steps[0].uid: found "source", expected another uid: "source" is what the job reads',
    ],
  ])("does not read %s", (_, changes, expected) => {
    expect(messageFor({ ...delays, ...changes })).toContain(expected);
  });
});

test("a distinct aggregate reads back, and one that says it is not is like one that says nothing", () => {
  const of = (distinct: boolean) => {
    return { ...delays, aggregates: { a: { function: "count", argument: "delay", distinct } } };
  };
  const definition = readJobDefinition(of(true));
  expect(definition.aggregates).toEqual([
    { name: "a", function: "count", argument: "delay", distinct: true },
  ]);
  expect(readJobDefinition(JSON.parse(JSON.stringify(jobBodyOf(definition))))).toEqual(definition);
  expect(readJobDefinition(of(false)).aggregates[0]).not.toHaveProperty("distinct");
});
