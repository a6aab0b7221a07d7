/**
 * A producer that delivers each batch exactly once, however often the connection or the server fails.
 *
 * A batch keeps its sequence until it is acknowledged. A retry of one that had arrived is answered as a
 * duplicate, so it makes no difference whether the request or its answer was lost. After a restart of the
 * program go on with the first sequence that may not have been acknowledged, and with the same bytes: sending
 * a batch twice is harmless, leaving one out is not.
 */
import type { IngestAnswer } from "../protocol/answers.ts";
import type { Streams } from "./client.ts";
import type { EventsBody } from "./events-body.ts";
import { RequestError } from "./request-error.ts";

export interface ProducerOptions {
  readonly streams: Pick<Streams, "post">;
  readonly stream: string;
  /** Names this producer; another program must not use it at the same time. */
  readonly id: string;
  /** Resolves after `ms`. */
  readonly wait: (ms: number) => Promise<unknown>;
  /** Called before each retry. */
  readonly onRetry?: (cause: unknown, attempt: number) => void;
  /** Attempts for one batch before the last failure is thrown; without it there is no end. */
  readonly attemptsMax?: number;
}

const firstWaitMs = 50;
const longestWaitMs = 2_000;

export class Producer {
  readonly #options: ProducerOptions;

  constructor(options: ProducerOptions) {
    this.#options = options;
  }

  /** Sends a batch under `sequence` until it is acknowledged; throws what no retry can change. */
  async send(sequence: number, events: EventsBody): Promise<IngestAnswer> {
    const { streams, stream, id, wait, onRetry, attemptsMax = Number.POSITIVE_INFINITY } = this.#options;
    for (let attempt = 1; ; attempt++) {
      try {
        return await streams.post(stream, events, { producer: id, sequence });
      } catch (cause) {
        const isFinal = cause instanceof RequestError && !cause.canRetry && cause.status < 500;
        if (isFinal || attempt >= attemptsMax) throw cause;
        onRetry?.(cause, attempt);
        const asked = cause instanceof RequestError ? cause.retryAfterMs : undefined;
        await wait(asked ?? Math.min(longestWaitMs, firstWaitMs * 2 ** (attempt - 1)));
      }
    }
  }
}
