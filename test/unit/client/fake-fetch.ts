/** A fetch that answers from a list and keeps what it was asked. */
import type { Fetch, RequestParts } from "../../../src/client/connection.ts";

export interface Asked extends RequestParts {
  readonly url: string;
}

export interface FakeAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text as it is; anything else as JSON. */
  readonly body?: unknown;
}

/** Answers in order; a function stands for a connection that fails with what it throws. */
export function fakeFetch(answers: readonly (FakeAnswer | (() => never))[]): {
  asked: Asked[];
  fetch: Fetch;
} {
  const asked: Asked[] = [];
  const fetch: Fetch = async (url, request) => {
    const answer = answers[asked.length];
    asked.push({ url, ...request });
    if (!answer) throw new Error(`no answer left for ${request.method} ${url}`);
    if (typeof answer === "function") return answer();
    const { status = 200, headers = {}, body } = answer;
    return new Response(typeof body === "string" ? body : JSON.stringify(body ?? {}), { status, headers });
  };
  return { asked, fetch };
}
