/**
 * The body of `POST /v1/jobs/{job}/savepoints`: `{}`; `{ "stop": true }` to end the job with it; with
 * `"drain": true` beside it after every window has fired.
 */
import * as z from "zod";
import { EngineError } from "../base/errors.ts";
import { fields, readBody } from "./read-body.ts";
import { type PageQuery, pageParameters, readPageQuery } from "./view-query.ts";

export const savepointBodySchema = fields({
  stop: z.boolean().default(false),
  drain: z.boolean().default(false),
}).superRefine(({ stop, drain }, context) => {
  if (stop || !drain) return;
  const message = 'expected "stop": true beside it: a job whose time has ended does not go on';
  context.addIssue({ code: "custom", path: ["drain"], message });
});

/** What `POST /v1/jobs/{job}/savepoints` takes. */
export type SavepointBody = z.input<typeof savepointBodySchema>;

/** What becomes of a job with its savepoint. */
export interface SavepointWish {
  readonly stop: boolean;
  readonly drain: boolean;
}

const savepointNumberSchema = z
  .string()
  .regex(/^[1-9]\d{0,14}$/, "expected the number of a savepoint")
  .transform(Number);

/** Throws JOB_INVALID naming the place. */
export function readSavepointBody(body: unknown): SavepointWish {
  return readBody(savepointBodySchema, body, "JOB_INVALID");
}

/** What of a savepoint's state is asked for. */
export interface SavedStateQuery extends PageQuery {
  readonly operator: string | undefined;
}

/** The parameters of a page of state. */
export const savedStateParameters = pageParameters.extend({ operator: z.string().optional() });

/** Reads the parameters of a page of state; throws QUERY_INVALID naming the parameter. */
export function readSavedStateQuery(parameters: URLSearchParams): SavedStateQuery {
  const rest = new URLSearchParams([...parameters].filter(([name]) => name !== "operator"));
  const [operator, again] = parameters.getAll("operator");
  if (again === undefined) return { ...readPageQuery(rest), operator };
  throw new EngineError("QUERY_INVALID", { message: "operator: found it twice, expected it once." });
}

/** Reads a savepoint's number from an address; throws SAVEPOINT_NOT_FOUND. */
export function readSavepointNumber(text: string): number {
  return readBody(savepointNumberSchema, text, "SAVEPOINT_NOT_FOUND", "savepoint");
}
