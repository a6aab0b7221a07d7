/**
 * The bodies of `POST /v1/streams/{stream}/splits` and `POST /v1/jobs/{job}/splits`: which partition is split
 * in two, and, unless in the middle, the first key group that the new one gets.
 *
 *     { "shard": 0 }        { "stage": 1, "partition": 0, "keyGroup": 256 }
 */
import * as z from "zod";
import { maxParallelism } from "../base/limits.ts";
import { fields, readBody } from "./read-body.ts";

const number = z.int().min(0);
const keyGroup = z
  .int()
  .min(1)
  .max(maxParallelism - 1)
  .optional();

export const shardSplitSchema = fields({ shard: number, keyGroup }, '{ "shard": 0 }');
export const stageSplitSchema = fields(
  { stage: number, partition: number, keyGroup },
  '{ "stage": 1, "partition": 0 }',
);

/** What `POST /v1/streams/{stream}/splits` takes. */
export type ShardSplitBody = z.input<typeof shardSplitSchema>;

/** What `POST /v1/jobs/{job}/splits` takes. */
export type StageSplitBody = z.input<typeof stageSplitSchema>;

/** Throws REQUEST_INVALID naming the place. */
export function readShardSplit(body: unknown): z.output<typeof shardSplitSchema> {
  return readBody(shardSplitSchema, body, "REQUEST_INVALID");
}

/** Throws REQUEST_INVALID naming the place. */
export function readStageSplit(body: unknown): z.output<typeof stageSplitSchema> {
  return readBody(stageSplitSchema, body, "REQUEST_INVALID");
}
