/**
 * Savepoints of jobs as typed calls: taken, watched, deleted. A job begins with one that its body names.
 */
import type { SavedStateAnswer, SavepointAnswer } from "../protocol/answers.ts";
import type { SavepointBody } from "../protocol/savepoint-body.ts";
import type { Connection } from "./connection.ts";

/** Which rows of a savepoint are wanted; all of them where nothing is said. */
export interface SavedStateOptions {
  /** A step's `uid`, else `step-` and its place. */
  readonly operator?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

export type SavedStateRow = SavedStateAnswer["rows"][number];

export class Savepoints {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Takes a savepoint of a running job. The answer may come while it is still `running`: ask `get` until it
   * is `done`.
   */
  async create(job: string, body: SavepointBody = {}): Promise<SavepointAnswer> {
    return await this.#connection.call("POST", pathOfJob(job), { json: body });
  }

  /** Newest first; also those of a job that is gone. */
  async list(job: string): Promise<readonly SavepointAnswer[]> {
    const answer = await this.#connection.call<{ savepoints: SavepointAnswer[] }>("GET", pathOfJob(job));
    return answer.savepoints;
  }

  /** How far a savepoint is. */
  async get(savepoint: number): Promise<SavepointAnswer> {
    return await this.#connection.call("GET", `/v1/savepoints/${savepoint}`);
  }

  /** A page of what a savepoint holds, with no need of its job; `cursor` in the answer asks for the next. */
  async state(savepoint: number, query: SavedStateOptions = {}): Promise<SavedStateAnswer> {
    return await this.#connection.call("GET", `/v1/savepoints/${savepoint}/state`, { query: { ...query } });
  }

  /** Reads all that a savepoint holds, or all of one operator, page after page. */
  async *rows(savepoint: number, query: SavedStateOptions = {}): AsyncGenerator<SavedStateRow> {
    let cursor = query.cursor;
    do {
      const page = await this.state(savepoint, cursor === undefined ? query : { ...query, cursor });
      yield* page.rows;
      cursor = page.cursor;
    } while (cursor !== undefined);
  }

  async delete(savepoint: number): Promise<void> {
    await this.#connection.call("DELETE", `/v1/savepoints/${savepoint}`);
  }
}

function pathOfJob(job: string): string {
  return `/v1/jobs/${encodeURIComponent(job)}/savepoints`;
}
