/**
 * One server and its token: turns a call into a request and a response into a value or a RequestError.
 */
import { readError } from "./request-error.ts";

export interface ConnectionOptions {
  /** Address of the server, such as `http://127.0.0.1:8787`. */
  readonly url: string;
  /** An access token, a JWT, or MILLRACE_TOKEN itself; a local server needs none. */
  readonly token?: string;
  /** Replaces the global `fetch`. */
  readonly fetch?: Fetch;
}

export interface RequestParts {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

export type Fetch = (url: string, request: RequestParts) => Promise<Response>;

export interface CallOptions {
  /** Parameters; undefined ones are left out. */
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is, with its content type in `headers`. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Gives the request up, and the answer where it is still being read. */
  readonly signal?: AbortSignal | undefined;
}

export class Connection {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #fetch: Fetch;

  constructor({ url, token, fetch = globalThis.fetch }: ConnectionOptions) {
    this.#url = url.replace(/\/+$/, "");
    this.#headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    this.#fetch = (address, request) => fetch(address, request);
  }

  /** Returns the body of the answer, which is trusted to be `Answer`; undefined where there is none. */
  async call<Answer>(
    method: RequestParts["method"],
    path: string,
    options: CallOptions = {},
  ): Promise<Answer> {
    const response = await this.send(method, path, options);
    const text = await response.text();
    return (text === "" ? undefined : JSON.parse(text)) as Answer;
  }

  /** Returns the answer with its body unread. */
  async send(method: RequestParts["method"], path: string, options: CallOptions = {}): Promise<Response> {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(options.query ?? {})) {
      if (value !== undefined) parameters.append(name, String(value));
    }
    const search = parameters.size > 0 ? `?${parameters}` : "";
    const body = options.json === undefined ? options.text : JSON.stringify(options.json);
    const response = await this.#fetch(`${this.#url}${path}${search}`, {
      method,
      headers: {
        ...this.#headers,
        ...(options.json === undefined ? {} : { "Content-Type": "application/json" }),
        ...options.headers,
      },
      ...(body === undefined ? {} : { body }),
      ...(options.signal && { signal: options.signal }),
    });
    if (!response.ok) throw await readError(response);
    return response;
  }
}
