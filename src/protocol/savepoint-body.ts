/**
 * The body of `POST /v1/jobs/{job}/savepoints`: `{}`, or `{ "stop": true }` to end the job with it.
 */
import { z } from "zod";
import { fields, readBody } from "./read-body.ts";

const savepointBodySchema = fields({ stop: z.boolean().default(false) });

/** What `POST /v1/jobs/{job}/savepoints` takes. */
export type SavepointBody = z.input<typeof savepointBodySchema>;

const savepointNumberSchema = z
  .string()
  .regex(/^[1-9]\d{0,14}$/, "expected the number of a savepoint")
  .transform(Number);

/** Throws JOB_INVALID naming the place. */
export function readSavepointBody(body: unknown): { readonly stop: boolean } {
  return readBody(savepointBodySchema, body, "JOB_INVALID");
}

/** Reads a savepoint's number from an address; throws SAVEPOINT_NOT_FOUND. */
export function readSavepointNumber(text: string): number {
  return readBody(savepointNumberSchema, text, "SAVEPOINT_NOT_FOUND", "savepoint");
}
