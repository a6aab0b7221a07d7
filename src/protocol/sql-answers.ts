/**
 * What `POST /v1/sql` takes and answers.
 */
import * as z from "zod";
import { sqlTextMax } from "../base/limits.ts";
import type { ResultJson } from "../interpreter/values/result-json.ts";
import { fields, readBody } from "./read-body.ts";

/** One for each statement, in order. */
export interface SqlAnswer {
  readonly results: readonly StatementAnswer[];
  /** What SET and RESET left: sent with the next request, they hold there too. */
  readonly options: Readonly<Record<string, string>>;
}

export interface StatementAnswer {
  /** Its first words: SELECT, CREATE TABLE…. */
  readonly statement: string;
  readonly columns?: readonly ResultColumn[];
  /** Values in the order of the columns. */
  readonly rows?: readonly (readonly ResultJson[])[];
  /** What was done, in a sentence. */
  readonly message?: string;
  /** The job that it started. */
  readonly job?: string;
}

export interface ResultColumn {
  readonly name: string;
  readonly type: string;
}

/** A row that came (`+I`), that is taken back (`-U`, `-D`), or that takes its place (`+U`). */
export interface SqlChange {
  readonly kind: "+I" | "-U" | "+U" | "-D";
  readonly row: Readonly<Record<string, ResultJson>>;
}

export const sqlAnswerSchema = z
  .object({
    results: z.array(
      z.object({
        statement: z.string(),
        columns: z.array(z.object({ name: z.string(), type: z.string() })).exactOptional(),
        rows: z.array(z.array(z.unknown())).exactOptional(),
        message: z.string().exactOptional(),
        job: z.string().exactOptional(),
      }),
    ),
    options: z.record(z.string(), z.string()),
  })
  .meta({ id: "SqlAnswer" });

const parameterSchema = z.union([z.string(), z.number(), z.boolean(), z.null()]);

export const sqlBodySchema = fields({
  sql: z
    .string()
    .min(1, "expected one or more statements")
    .max(sqlTextMax, `expected at most ${sqlTextMax} characters`),
  options: z.record(z.string(), z.string()).default({}),
  parameters: z.union([z.array(parameterSchema), z.record(z.string(), parameterSchema)]).default([]),
});

/**
 * `sql` is one statement or several with semicolons between them; `options` is what SET would set;
 * `parameters` are the values for `?` in their order, or for `:name` by name.
 */
export type SqlBody = z.input<typeof sqlBodySchema>;

/** Reads the body of `POST /v1/sql`; throws REQUEST_INVALID naming the place. */
export function readSqlBody(body: unknown): z.output<typeof sqlBodySchema> {
  return readBody(sqlBodySchema, body, "REQUEST_INVALID");
}
