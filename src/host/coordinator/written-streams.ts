/**
 * Streams that people made and jobs write to: what such a stream must be for a job, and what it cannot
 * become while there is one, since the rows that it gets are made by the map and the columns of then.
 */
import type { ErrorCode } from "../../base/error-codes.ts";
import { EngineError } from "../../base/errors.ts";
import type { SinkStreams } from "../../engine/plan/plan-sink.ts";
import type { Catalog, JobEntry, StreamEntry } from "./catalog.ts";
import { rangesOf, shardCountOf } from "./shard-ranges.ts";

/** The streams that a job writes to. Throws JOB_INVALID where what it writes comes back to it. */
export function sinkStreamsOf(
  catalog: Catalog,
  sources: readonly StreamEntry[],
  sinks: readonly StreamEntry[],
): SinkStreams {
  const reached = [...sinks];
  for (const stream of reached) {
    const further = catalog.jobsOf(stream.generation).flatMap((job) => catalog.writtenBy(job));
    reached.push(
      ...further.filter(({ generation }) => !reached.some((each) => each.generation === generation)),
    );
  }
  const back = reached.find(({ generation }) => sources.some((source) => source.generation === generation));
  if (back) {
    const how = sinks.includes(back)
      ? "it reads that"
      : `jobs bring that back to "${back.name}", which it reads`;
    const message = `into: what the job writes would come to it again, since ${how}; choose another stream`;
    throw new EngineError("JOB_INVALID", { message, details: { path: "into" } });
  }
  return new Map(
    sinks.map((stream) => {
      const { name, generation, mapVersion, definition } = stream;
      const [ranges, partitions] = [rangesOf(stream), shardCountOf(stream)];
      const target = { stream: name, generation, mapVersion, partitions, ranges };
      return [name, { definition, schemaVersion: mapVersion, target }];
    }),
  );
}

/** Throws STREAM_IN_USE where a job reads the stream or writes to it. */
export function checkUnused(catalog: Catalog, { name, generation }: StreamEntry): void {
  const [readers, writers] = [catalog.jobsOf(generation), catalog.writersOf(generation)].map(namesOf);
  const uses = [
    ...(readers?.length ? [`read by ${quoted(readers)}`] : []),
    ...(writers?.length ? [`written to by ${quoted(writers)}`] : []),
  ];
  if (uses.length === 0) return;
  const jobs = [...new Set([...(readers ?? []), ...(writers ?? [])])];
  const message = `Stream "${name}" is ${uses.join(" and ")}.`;
  throw new EngineError("STREAM_IN_USE", { message, details: { jobs } });
}

/** Throws `code` where a job writes to the stream. */
export function checkUnwritten(
  catalog: Catalog,
  { name, generation }: StreamEntry,
  code: Extract<ErrorCode, "SPLIT_UNFIT" | "STREAM_CONFLICT">,
): void {
  const jobs = namesOf(catalog.writersOf(generation));
  if (jobs.length === 0) return;
  const message =
    `Stream "${name}" is written to by ${quoted(jobs)}. Stop ${jobs.length === 1 ? "it" : "them"} with a ` +
    "savepoint, change the stream, and go on from there.";
  throw new EngineError(code, { message, details: { jobs } });
}

function namesOf(jobs: readonly JobEntry[]): string[] {
  return jobs.map(({ name }) => name);
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ");
}
