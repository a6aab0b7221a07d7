/** The API of a deployment with a secret of its own, as callers with tokens see it. */
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import worker from "../../src/cloudflare/worker.ts";
import { type Answer, answerOf, type Json } from "./api.ts";
import { expectDescribed } from "./described.ts";

const ctx = {
  waitUntil: () => {},
  passThroughOnException: () => {},
  props: {},
} as unknown as ExecutionContext;

export const rootToken = "s3cret-of-a-deployment";

export interface CallOptions {
  /** Bears no token where there is none. */
  readonly token?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Variables of the deployment, over those that it has. */
  readonly variables?: Readonly<Record<string, string | undefined>>;
  readonly url?: string;
}

/** Each call comes from an address of its own: none is held for the mistakes of another. */
let address = 0;

export async function send(method: string, path: string, options: CallOptions = {}): Promise<Response> {
  const { token, body, headers = {}, variables, url = "https://millrace.test" } = options;
  const isText = typeof body === "string" || body instanceof ReadableStream;
  const request = new Request<unknown, IncomingRequestCfProperties>(`${url}${path}`, {
    method,
    headers: {
      "cf-connecting-ip": `10.0.0.${address++}`,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { "content-type": isText ? "application/x-ndjson" : "application/json" }),
      ...headers,
    },
    ...(body !== undefined && { body: isText ? (body as BodyInit) : JSON.stringify(body) }),
  });
  const deployed = { ...env, MILLRACE_LOCAL: undefined, MILLRACE_TOKEN: rootToken, ...variables };
  return await worker.fetch(request, deployed as never, ctx);
}

export async function callDeployed(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
  const answer = await answerOf(await send(method, path, options));
  expectDescribed(method, path, answer, answer.body);
  return answer;
}

/** Does it as the administrator; fails the test where it is refused. */
export async function asRoot(method: string, path: string, body?: unknown): Promise<Json> {
  const answer = await callDeployed(method, path, { token: rootToken, body });
  expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
  return answer.body;
}

/** Makes a token; answers what `POST /v1/tokens` does. */
export async function makeToken(scopes: readonly string[], more: object = {}): Promise<Json> {
  return await asRoot("POST", "/v1/tokens", {
    name: `for ${scopes.join(" ")}`.slice(0, 128),
    scopes,
    ...more,
  });
}
