/**
 * The letters of a partition: those of its log, and behind them those of its jobs, run by run.
 */

import { FrameDecoder } from "../../kernel/frame-codec.ts";
import { type LetterPlace, logRun } from "../../protocol/letter-id.ts";
import type { PartitionLog } from "../log/partition-log.ts";
import type { PartitionJobs } from "../partition-jobs.ts";
import type { PartitionIdentity } from "../partition-types.ts";
import type { Ports } from "../ports.ts";
import type { Letter, LetterLook, LetterPage, LetterQuery } from "./letter.ts";
import { LetterBox } from "./letter-box.ts";
import { findRejected, type RejectedRecords, readRejectedLetters } from "./rejected-letters.ts";
import { type Replay, type ReplayPlace, Replays, type ReplayTarget } from "./replays.ts";
import { wholeLetters } from "./whole-rows.ts";

/** What is to be replayed, and where. */
export interface ReplayWish {
  readonly into: ReplayTarget;
  readonly places: readonly ReplayPlace[];
  /** Whether those that were replayed go once more. */
  readonly again: boolean;
}

export interface BegunReplay extends Replay {
  /** False where another call has begun it. */
  readonly isNew: boolean;
}

/** Letters that lie with one run, or in the log. */
interface Source {
  readonly run: number;
  readonly job?: string;
  read(look: LetterLook): LetterPage;
}

export class PartitionLetters {
  readonly #ports: Pick<Ports, "sql" | "clock">;
  readonly #log: PartitionLog;
  readonly #jobs: PartitionJobs;
  readonly #replays: Replays;
  readonly #identity: () => PartitionIdentity;

  constructor(
    ports: Pick<Ports, "sql" | "clock">,
    log: PartitionLog,
    jobs: PartitionJobs,
    identity: () => PartitionIdentity,
  ) {
    this.#identity = identity;
    this.#ports = ports;
    this.#log = log;
    this.#jobs = jobs;
    this.#replays = new Replays(ports.sql);
  }

  /** Throws `JOB_NOT_FOUND`, or `JOB_FAILED` where a job that is asked for cannot be opened. */
  read(query: LetterQuery): LetterPage {
    const { places, isWhole } = query;
    const { letters, next } = places ? { letters: this.#find(places), next: undefined } : this.#read(query);
    const ofJobs = isWhole ? letters.filter(({ run }) => run !== logRun) : [];
    if (ofJobs.length === 0) return { letters, next };
    const whole = wholeLetters(ofJobs, this.#log, this.#jobs.cache.kernel, this.#identity());
    return { letters: [...letters.filter(({ run }) => run === logRun), ...whole], next };
  }

  /**
   * Begins a replay of what of the letters is there and was not replayed, and returns it; undefined where
   * nothing is. Where another one is pending, that one is returned: it has to be ended first.
   */
  beginReplay({ into, places, again }: ReplayWish): BegunReplay | undefined {
    const { pending } = this.#replays;
    if (pending) return { ...pending, isNew: false };
    const fresh = places.filter(
      (place) => this.#letterAt(place) && (again || this.#replays.replayedAt(place) === undefined),
    );
    return fresh.length === 0 ? undefined : { ...this.#replays.begin(into, fresh), isNew: true };
  }

  /** Ends the replay of this number, of which `done` was taken in; again it changes nothing. */
  endReplay(number: number, done: readonly LetterPlace[]): void {
    this.#replays.end(number, done, this.#ports.clock.now());
    for (const run of new Set(done.map((place) => place.run))) {
      const first = run === logRun ? this.#log.firstOffset : this.#boxOf(run).firstOffset;
      if (first !== undefined) this.#replays.forgetBelow(run, first);
    }
  }

  #read({ limit, after, from, to, reasons, isReplayed, job: wanted }: LetterQuery): LetterPage {
    const letters: Letter[] = [];
    const bounds = { ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
    const isWanted = (letter: Letter) =>
      (reasons?.includes(letter.reason) ?? true) &&
      (isReplayed === undefined || (this.#replays.replayedAt(letter) !== undefined) === isReplayed);
    for (const { run, job, read } of this.#sources(wanted, reasons)) {
      if (run < (after?.run ?? logRun)) continue;
      const place = after?.run === run ? after : undefined;
      const page = read({ limit: limit - letters.length, after: place, ...bounds, isWanted });
      letters.push(...page.letters.map((letter) => this.#marked(letter, job)));
      if (page.next) return { letters, next: placeOf(page.next) };
    }
    return { letters, next: undefined };
  }

  #find(places: readonly LetterPlace[]): Letter[] {
    const jobs = this.#jobs.statuses();
    return places.flatMap((place) => {
      const job = jobs.find(({ run }) => run === place.run)?.job;
      const letter = this.#letterAt(place);
      return letter ? [this.#marked(letter, job)] : [];
    });
  }

  get #rejected(): RejectedRecords {
    return { log: this.#log, decoder: new FrameDecoder(this.#jobs.cache.kernel) };
  }

  #letterAt({ run, offset, row }: LetterPlace): Letter | undefined {
    return run === logRun ? findRejected(this.#rejected, offset, row) : this.#boxOf(run).find(offset, row);
  }

  #sources(job: string | undefined, reasons: LetterQuery["reasons"]): Source[] {
    const ofLog = (look: LetterLook) => readRejectedLetters(this.#rejected, look);
    const log = { run: logRun, read: ofLog };
    const hasLog = job === undefined && (reasons?.includes("rejected") ?? true);
    const isEmpty = this.#log.counts.rejected === 0;
    const asks = reasons?.some((reason) => reason !== "rejected") ?? true;
    return [...(hasLog && !isEmpty ? [log] : []), ...(asks ? this.#jobSources(job) : [])];
  }

  #jobSources(job: string | undefined): Source[] {
    if (job !== undefined) {
      const { number: run, letters } = this.#jobs.taskOf(job);
      return [{ run, job, read: (look) => letters.read(look) }];
    }
    return this.#jobs
      .statuses()
      .map(({ job: name, run }) => ({
        run,
        job: name,
        read: (look: LetterLook) => this.#boxOf(run).read(look),
      }))
      .sort((one, other) => one.run - other.run);
  }

  /** Of a job that cannot be opened what is stored. */
  #boxOf(run: number): LetterBox {
    return this.#jobs.openTask(run)?.letters ?? new LetterBox(this.#ports.sql, run);
  }

  #marked(letter: Letter, job: string | undefined): Letter {
    const replayedAt = this.#replays.replayedAt(letter);
    return { ...letter, ...(job !== undefined && { job }), ...(replayedAt !== undefined && { replayedAt }) };
  }
}

/** The place alone, of a letter. */
export function placeOf({ run, offset, row }: LetterPlace): LetterPlace {
  return { run, offset, row };
}
