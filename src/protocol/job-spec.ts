/**
 * The body of `PUT /v1/jobs/{job}` and the definition that is made of it.
 *
 * The body stands on its own here; whether it fits its source stream is decided where it is planned.
 *
 *     { "source": "flights", "filter": ["is not null", "delay"], "columns": { "late": [">", "delay", 15] },
 *       "key": ["origin"], "window": { "type": "tumble", "size": "1h" },
 *       "aggregates": { "flights": { "function": "count" }, "worst": { "function": "max", "argument": "delay"
 *       } } }
 */
import * as z from "zod";
import {
  aggregatesMax,
  columnsMax,
  keyColumnsMax,
  slicesPerWindowMax,
  sourcesMax,
  stagePartitionsMax,
  stepSinksMax,
  stepsMax,
} from "../base/limits.ts";
import { durationMsMax, durationSchema, formatDuration } from "./duration.ts";
import { type ExpressionJson, expressionSchema } from "./expression-json.ts";
import { columnNameSchema, resourceNameSchema } from "./names.ts";
import { fields, readBody } from "./read-body.ts";
import { checkInputs, stepInputSchema, stepNamesOf } from "./step-inputs.ts";
import type { JobSql } from "./table-shape.ts";

export const aggregateFunctions = ["count", "sum", "min", "max", "avg", "first_value", "last_value"] as const;

export type AggregateFunction = (typeof aggregateFunctions)[number];

export interface JobDefinition extends StepDefinition {
  /** The stream that the job reads, or several: their rows are taken as those of one. */
  readonly source: string | readonly string[];
  readonly startFrom: "earliest" | "latest";
  /** The savepoint with whose state the job begins, and with the events behind it. */
  readonly fromSavepoint?: number;
  /** True: state of the savepoint that has no place in this job is left out. Absent: it is refused. */
  readonly allowNonRestoredState?: true;
  /** Steps that aggregate results of earlier ones. */
  readonly steps?: readonly FurtherStep[];
  /** Absent for one that was not made with SQL. Its body does not show it. */
  readonly sql?: JobSql;
}

/** A step behind the first. */
export interface FurtherStep extends StepDefinition {
  /** What it reads, see `step-inputs.ts`; absent: the results of the step before. */
  readonly input?: string | readonly string[];
}

/** One aggregation of a job: of its source's rows, or of the results of the step before. */
export interface StepDefinition {
  /** The name under which its state is saved. Absent: `step-` and its place. */
  readonly uid?: string;
  readonly filter?: ExpressionJson;
  /** Computed columns in order; one may use those before it. */
  readonly columns: readonly { readonly name: string; readonly expression: ExpressionJson }[];
  readonly key: readonly string[];
  /** Partitions of the stage that groups by the key; left out: as many as the source has shards. */
  readonly parallelism?: number;
  /** False: rows that go to another stage are not added up first. Absent: they are. */
  readonly twoPhase?: false;
  readonly window?: WindowDefinition;
  readonly aggregates: readonly AggregateDefinition[];
  readonly allowedLatenessMs: number;
  /** How long after its last change a result is kept; null: forever. */
  readonly retentionMs: number | null;
  /** The stream, or several, to which its results are appended. */
  readonly into?: string | readonly string[];
}

export type WindowDefinition =
  | { readonly type: "tumble"; readonly sizeMs: number; readonly offsetMs: number }
  | { readonly type: "hop"; readonly sizeMs: number; readonly slideMs: number; readonly offsetMs: number }
  | {
      readonly type: "cumulate";
      readonly sizeMs: number;
      readonly stepMs: number;
      readonly offsetMs: number;
    };

export interface AggregateDefinition {
  readonly name: string;
  readonly function: AggregateFunction;
  /** Left out: count(*). */
  readonly argument?: ExpressionJson;
  /** Rows with equal arguments count once. Absent: each counts. */
  readonly distinct?: true;
}

const weekMs = 7 * 86_400_000;
const sizeSchema = durationSchema({ min: 1 });
const offsetSchema = durationSchema({ min: -durationMsMax }).default(0);

const tumbleSchema = fields({ type: z.literal("tumble"), size: sizeSchema, offset: offsetSchema }).transform(
  ({ type, size, offset }): WindowDefinition => ({ type, sizeMs: size, offsetMs: offset }),
);

const hopSchema = fields({
  type: z.literal("hop"),
  size: sizeSchema,
  slide: sizeSchema,
  offset: offsetSchema,
})
  .superRefine((window, context) => checkSlices(window.size, window.slide, "slide", context))
  .transform(
    ({ type, size, slide, offset }): WindowDefinition => ({
      type,
      sizeMs: size,
      slideMs: slide,
      offsetMs: offset,
    }),
  );

const cumulateSchema = fields({
  type: z.literal("cumulate"),
  size: sizeSchema,
  step: sizeSchema,
  offset: offsetSchema,
})
  .superRefine((window, context) => checkSlices(window.size, window.step, "step", context))
  .transform(
    ({ type, size, step, offset }): WindowDefinition => ({
      type,
      sizeMs: size,
      stepMs: step,
      offsetMs: offset,
    }),
  );

const windowSchema = z.discriminatedUnion("type", [tumbleSchema, hopSchema, cumulateSchema], {
  error: ({ input }) =>
    typeof input === "object" && input !== null
      ? 'expected a "type" of "tumble", "hop" or "cumulate"'
      : 'expected an object such as { "type": "tumble", "size": "1 min" }',
});

const aggregateExample = '{ "function": "sum", "argument": "amount" }';

const aggregateSchema = fields(
  {
    function: z.enum(aggregateFunctions),
    argument: expressionSchema.optional(),
    distinct: z.boolean().default(false),
  },
  aggregateExample,
).superRefine((aggregate, context) => {
  if (aggregate.distinct) checkDistinct(aggregate, context);
  if (aggregate.function === "count" || aggregate.argument !== undefined) return;
  const message = `expected a column or an expression: only count goes without`;
  context.addIssue({ code: "custom", path: ["argument"], message });
});

/** Equal rows that count once: of what, and first or last of them, must be clear. */
function checkDistinct(
  { function: called, argument }: { readonly function: AggregateFunction; readonly argument?: unknown },
  context: z.RefinementCtx,
): void {
  const refuse = (message: string) => context.addIssue({ code: "custom", path: ["distinct"], message });
  if (called === "first_value" || called === "last_value") {
    refuse(`expected no distinct with ${called}, which has one value anyway`);
  } else if (argument === undefined) refuse("expected an argument beside it, whose values are counted once");
}

const sourceSchema = streamsSchema(sourcesMax);

/** The name of a stream, or several. */
function streamsSchema(most: number) {
  return z
    .union(
      [resourceNameSchema, z.array(resourceNameSchema)],
      'expected the name of a stream, or several such as ["clicks", "views"]',
    )
    .superRefine((source, context) => {
      const names = [source].flat();
      const refuse = (message: string) => context.addIssue({ code: "custom", message });
      if (names.length === 0 || names.length > most) refuse(`expected 1 to ${most} streams`);
      if (new Set(names).size < names.length) refuse("expected each stream once");
    })
    .transform(oneOrList);
}

const stepFields = {
  uid: resourceNameSchema.optional(),
  filter: expressionSchema.optional(),
  columns: z.record(columnNameSchema, expressionSchema).default({}),
  key: z
    .array(z.string(), 'expected an array of column names, such as ["user"]')
    .max(keyColumnsMax, `expected at most ${keyColumnsMax} key columns`),
  parallelism: z
    .int()
    .min(1, "expected at least 1")
    .max(stagePartitionsMax, `expected at most ${stagePartitionsMax}`)
    .optional(),
  twoPhase: z.boolean().default(true),
  window: windowSchema.optional(),
  aggregates: z.record(
    columnNameSchema,
    aggregateSchema,
    `expected an object such as { "total": ${aggregateExample} }`,
  ),
  allowedLateness: durationSchema().default(0),
  retention: z.union([z.literal("forever"), durationSchema({ min: 1 })]).default(weekMs),
  into: streamsSchema(stepSinksMax).optional(),
} as const;

const stepBodySchema = fields(stepFields);
const furtherStepBodySchema = fields({ input: stepInputSchema.optional(), ...stepFields });
const stepSchema = furtherStepBodySchema.superRefine(checkNames).transform(
  (body): FurtherStep => ({
    ...(body.input === undefined ? {} : { input: oneOrList(body.input) }),
    ...stepOf(body),
  }),
);

export const jobBodySchema = fields({
  source: sourceSchema,
  startFrom: z.enum(["earliest", "latest"]).default("earliest"),
  fromSavepoint: z.int().min(1, "expected the number of a savepoint").optional(),
  allowNonRestoredState: z.boolean().default(false),
  ...stepFields,
  steps: z.array(stepSchema).max(stepsMax, `expected at most ${stepsMax} steps`).optional(),
}).meta({ id: "JobBody" });

const jobDefinitionSchema = jobBodySchema
  .superRefine(checkNames)
  .superRefine(checkUids)
  .superRefine(checkInputs)
  .transform(
    (body): JobDefinition => ({
      source: body.source,
      startFrom: body.startFrom,
      ...(body.fromSavepoint === undefined ? {} : { fromSavepoint: body.fromSavepoint }),
      ...(body.allowNonRestoredState ? { allowNonRestoredState: true as const } : {}),
      ...stepOf(body),
      ...(body.steps === undefined || body.steps.length === 0 ? {} : { steps: body.steps }),
    }),
  );

function stepOf(body: z.output<typeof stepBodySchema>): StepDefinition {
  return {
    ...(body.uid === undefined ? {} : { uid: body.uid }),
    ...(body.filter === undefined ? {} : { filter: body.filter }),
    columns: Object.entries(body.columns).map(([name, expression]) => ({ name, expression })),
    key: body.key,
    ...(body.parallelism === undefined ? {} : { parallelism: body.parallelism }),
    ...(body.twoPhase ? {} : { twoPhase: false as const }),
    ...(body.window === undefined ? {} : { window: body.window }),
    aggregates: Object.entries(body.aggregates).map(([name, { function: called, argument, distinct }]) => ({
      name,
      function: called,
      ...(argument === undefined ? {} : { argument }),
      ...(distinct ? { distinct } : {}),
    })),
    allowedLatenessMs: body.allowedLateness,
    retentionMs: body.retention === "forever" ? null : body.retention,
    ...(body.into === undefined ? {} : { into: body.into }),
  };
}

/** The names of the streams that a job reads. */
export function sourcesOf({ source }: Pick<JobDefinition, "source">): readonly string[] {
  return [source].flat();
}

/** The names of the streams that the results of a step are appended to. */
export function sinksOf({ into = [] }: Pick<StepDefinition, "into">): readonly string[] {
  return [into].flat();
}

/** The names of the streams that the steps of a job write to, each once. */
export function sinksOfJob({ steps = [], ...first }: JobDefinition): string[] {
  return [...new Set([first, ...steps].flatMap(sinksOf))];
}

/** What `PUT /v1/jobs/{job}` takes. */
export type JobBody = z.input<typeof jobBodySchema>;

/** Reads the body of `PUT /v1/jobs/{job}`; throws JOB_INVALID naming the place. */
export function readJobDefinition(body: unknown): JobDefinition {
  return readBody(jobDefinitionSchema, body, "JOB_INVALID");
}

/** Writes a definition as a body that reads back to it. */
export function jobBodyOf(definition: JobDefinition): JobBody {
  return {
    source: typeof definition.source === "string" ? definition.source : [...definition.source],
    startFrom: definition.startFrom,
    ...(definition.fromSavepoint === undefined ? {} : { fromSavepoint: definition.fromSavepoint }),
    ...(definition.allowNonRestoredState ? { allowNonRestoredState: true } : {}),
    ...stepBodyOf(definition),
    ...(definition.steps ? { steps: definition.steps.map(furtherStepBodyOf) } : {}),
  };
}

function furtherStepBodyOf(definition: FurtherStep): z.input<typeof furtherStepBodySchema> {
  const { input } = definition;
  const given = typeof input === "object" ? [...input] : input;
  return { ...(given === undefined ? {} : { input: given }), ...stepBodyOf(definition) };
}

/** A list of one is the one. */
function oneOrList(names: string | string[]): string | string[] {
  return Array.isArray(names) && names.length === 1 ? (names[0] as string) : names;
}

function stepBodyOf(definition: StepDefinition): z.input<typeof stepBodySchema> {
  return {
    ...(definition.uid === undefined ? {} : { uid: definition.uid }),
    ...(definition.filter === undefined ? {} : { filter: definition.filter }),
    columns: Object.fromEntries(definition.columns.map(({ name, expression }) => [name, expression])),
    key: [...definition.key],
    ...(definition.parallelism === undefined ? {} : { parallelism: definition.parallelism }),
    ...(definition.twoPhase === false ? { twoPhase: false } : {}),
    ...(definition.window ? { window: windowBodyOf(definition.window) } : {}),
    aggregates: Object.fromEntries(definition.aggregates.map(({ name, ...aggregate }) => [name, aggregate])),
    allowedLateness: formatDuration(definition.allowedLatenessMs),
    retention: definition.retentionMs === null ? "forever" : formatDuration(definition.retentionMs),
    ...(definition.into === undefined ? {} : { into: oneOrList([definition.into].flat()) }),
  };
}

function windowBodyOf(window: WindowDefinition): z.input<typeof windowSchema> {
  const size = formatDuration(window.sizeMs);
  const offset = formatDuration(window.offsetMs);
  switch (window.type) {
    case "tumble":
      return { type: "tumble", size, offset };
    case "hop":
      return { type: "hop", size, slide: formatDuration(window.slideMs), offset };
    case "cumulate":
      return { type: "cumulate", size, step: formatDuration(window.stepMs), offset };
  }
}

/** A window is put together from slices, so the slice must divide it, and not too often. */
function checkSlices(
  sizeMs: number,
  sliceMs: number,
  field: "slide" | "step",
  context: z.RefinementCtx,
): void {
  const refuse = (message: string) => context.addIssue({ code: "custom", path: [field], message });
  if (sizeMs % sliceMs !== 0) {
    refuse(`expected a ${field} that divides the size of ${formatDuration(sizeMs)} without remainder`);
  } else if (sizeMs / sliceMs > slicesPerWindowMax) {
    refuse(`expected at most ${slicesPerWindowMax} ${field}s in the size of ${formatDuration(sizeMs)}`);
  }
}

/** Two steps of one name could not be told apart in a savepoint. */
function checkUids(job: z.output<typeof jobBodySchema>, context: z.RefinementCtx): void {
  const names = stepNamesOf(job);
  const twice = names.findIndex((name, index) => names.indexOf(name) < index);
  if (twice < 0) return;
  const message = `expected another uid than that of step ${names.indexOf(names[twice] ?? "")}`;
  context.addIssue({ code: "custom", path: ["steps", twice - 1, "uid"], message });
}

function checkNames(body: z.output<typeof stepBodySchema>, context: z.RefinementCtx): void {
  const refuse = (path: (string | number)[], message: string) =>
    context.addIssue({ code: "custom", path, message });
  const aggregates = Object.keys(body.aggregates);
  if (aggregates.length === 0 || aggregates.length > aggregatesMax) {
    refuse(["aggregates"], `expected 1 to ${aggregatesMax} aggregates`);
  }
  if (Object.keys(body.columns).length > columnsMax)
    refuse(["columns"], `expected at most ${columnsMax} columns`);
  const taken = new Map<string, string>([["final", "every row of a view has"]]);
  if (body.window)
    for (const name of ["window_start", "window_end"]) taken.set(name, "the window's own columns have");
  body.key.forEach((name, index) => {
    const owner = taken.get(name);
    if (owner) refuse(["key", index], `which ${owner}`);
    taken.set(name, "a key column has");
  });
  for (const name of aggregates) {
    const owner = taken.get(name);
    if (owner) refuse(["aggregates", name], `expected another output name: this is one that ${owner}`);
  }
}
