/**
 * How many bytes the pages of tasks take in storage. Counting reads a row for each page, so it is done when
 * somebody asks and checkpoints have been written since, and the seldomer the more there are.
 */
import { MiB } from "../../base/limits.ts";
import type { JobStatus } from "../partition-types.ts";
import type { SqlStorage } from "../ports.ts";

/** Time in ms for which a count holds, and so much longer for each mebibyte that was counted. */
const holdsMs = 60_000;
const holdsMsPerMiB = 1_000;

interface Count {
  readonly bytes: number;
  readonly checkpoints: number;
  readonly at: number;
}

export class StoredBytes {
  readonly #sql: SqlStorage;
  readonly #counts = new Map<number, Count>();

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The statuses with the bytes of jobs that are open: of both versions of each page. */
  addTo(statuses: readonly JobStatus[], now: number): JobStatus[] {
    for (const run of this.#counts.keys()) {
      if (!statuses.some((status) => status.run === run)) this.#counts.delete(run);
    }
    return statuses.map((status) => {
      const { run, checkpointsCompleted } = status;
      if (checkpointsCompleted === undefined) return status;
      return { ...status, stateBytes: this.#of(run, checkpointsCompleted, now) };
    });
  }

  #of(task: number, checkpoints: number, now: number): number {
    const known = this.#counts.get(task);
    if (known && holds(known, checkpoints, now)) return known.bytes;
    const [row] = this.#sql.run("SELECT sum(length(bytes)) FROM pages WHERE task = ?", task);
    const bytes = Number(row?.[0] ?? 0);
    this.#counts.set(task, { bytes, checkpoints, at: now });
    return bytes;
  }
}

function holds({ bytes, at, ...count }: Count, checkpoints: number, now: number): boolean {
  if (count.checkpoints === checkpoints) return true;
  return at <= now && now < at + holdsMs + (bytes / MiB) * holdsMsPerMiB;
}
