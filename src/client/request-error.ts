/**
 * An answer that is not a success, with the problem document that came with it.
 *
 * Whether a retry can help is decided by the status, as the table of error codes promises: 429 and 503, 504
 * pass; a refused connection is no answer at all and throws what `fetch` throws.
 */
/** An RFC 9457 problem document; an error's details stand beside these fields. */
export interface Problem {
  /** Stable; the table of codes is src/base/error-codes.ts. */
  readonly code: string;
  readonly status: number;
  /** What was found, what was expected, what to do. */
  readonly detail: string;
  readonly help: string;
  readonly [more: string]: unknown;
}

export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly status: number;
  readonly problem: Problem;
  /** From `Retry-After`; how long to wait before the same request may pass. */
  readonly retryAfterMs: number | undefined;

  constructor(problem: Problem, retryAfterMs?: number) {
    super(`${problem.code}: ${problem.detail}`);
    this.status = problem.status;
    this.problem = problem;
    this.retryAfterMs = retryAfterMs;
  }

  get code(): string {
    return this.problem.code;
  }

  /** Says whether the same request may pass later. */
  get canRetry(): boolean {
    return this.status === 429 || this.status === 503 || this.status === 504;
  }
}

/** Returns the error that a response stands for; without a problem document its code is `HTTP_STATUS`. */
export async function readError(response: Response): Promise<RequestError> {
  const text = await response.text();
  const seconds = Number(response.headers.get("Retry-After") ?? Number.NaN);
  return new RequestError(
    readProblem(text, response.status),
    Number.isNaN(seconds) ? undefined : seconds * 1000,
  );
}

function readProblem(text: string, status: number): Problem {
  try {
    const body = JSON.parse(text) as Partial<Problem> | null;
    if (typeof body?.code === "string" && typeof body.detail === "string") {
      return { help: "", ...body, status, code: body.code, detail: body.detail };
    }
  } catch {
    // Not JSON: something between here and Millrace answered.
  }
  const detail = `The server answered ${status} without a problem document: ${text.slice(0, 200)}`;
  return { code: "HTTP_STATUS", status, detail, help: "Check the address; it may not be Millrace's." };
}
