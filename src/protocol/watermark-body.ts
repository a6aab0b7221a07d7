/**
 * The body of `POST /v1/streams/{stream}/watermark`: a time, or "max", which ends the stream.
 *
 *     { "watermark": "2001-01-31T12:30:00Z" }
 */
import * as z from "zod";
import { parseTimestamp } from "../columnar/time-text.ts";
import { fields, readBody } from "./read-body.ts";

const endOfTime = 2n ** 63n - 1n;

const expected = 'expected "max", a time such as "2001-01-31 12:30", or milliseconds since 1970';

export const watermarkBodySchema = fields({
  watermark: z.union([z.string(), z.int()], expected).transform((value, context) => {
    if (value === "max") return endOfTime;
    const time = parseTimestamp(String(value));
    if (time !== undefined) return time;
    context.addIssue({ code: "custom", message: expected });
    return z.NEVER;
  }),
});

/** Reads the body; the watermark is in milliseconds since 1970. Throws REQUEST_INVALID naming the place. */
export function readWatermark(body: unknown): bigint {
  return readBody(watermarkBodySchema, body, "REQUEST_INVALID").watermark;
}
