/**
 * The bodies of `POST /v1/jobs/{job}/skip`, which names what a failed job is to leave out, and of
 * `POST /v1/jobs/{job}/resume`, which may have none.
 *
 *     { "stage": 0, "shard": 2, "offset": 17, "row": 3 }        { "allowDataLoss": true }
 */
import * as z from "zod";
import { fields, readBody } from "./read-body.ts";

const number = z.int().min(0);

export const skipBodySchema = fields(
  { stage: number, shard: number, offset: z.int().min(1), row: number.optional() },
  '{ "stage": 0, "shard": 2, "offset": 17, "row": 3 }',
);

export const resumeBodySchema = fields(
  { allowDataLoss: z.boolean().optional() },
  '{ "allowDataLoss": true }',
);

/** What `POST /v1/jobs/{job}/skip` takes: what `shards[].error.at` of the job names. */
export type SkipBody = z.input<typeof skipBodySchema>;

/** What `POST /v1/jobs/{job}/resume` takes. */
export type ResumeBody = z.input<typeof resumeBodySchema>;

/** What people wish of a job that there is. */
export type RunState = "running" | "paused";

/** What a job is to go on without. */
export type MendingWish = { readonly skip: SkipBody } | { readonly allowDataLoss: true };

/** Throws REQUEST_INVALID naming the place. */
export function readSkipBody(body: unknown): MendingWish {
  const { row, ...place } = readBody(skipBodySchema, body, "REQUEST_INVALID");
  return { skip: { ...place, ...(row !== undefined && { row }) } };
}

/** Undefined where the job has only to go on. Throws REQUEST_INVALID naming the place. */
export function readResumeBody(body: unknown): MendingWish | undefined {
  const { allowDataLoss } = readBody(resumeBodySchema, body, "REQUEST_INVALID");
  return allowDataLoss ? { allowDataLoss } : undefined;
}
