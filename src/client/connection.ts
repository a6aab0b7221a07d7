/**
 * One server and its token: turns a call into a request and a response into a value or a RequestError.
 */
import { encodeBase64 } from "../base/base64.ts";
import { tokenProtocol } from "../protocol/session-messages.ts";
import { readError } from "./request-error.ts";

export interface ConnectionOptions {
  /** Address of the server, such as `http://127.0.0.1:8787`. */
  readonly url: string;
  /** An access token, a JWT, or MILLRACE_TOKEN itself; a local server needs none. */
  readonly token?: string;
  /** Replaces the global `fetch`. */
  readonly fetch?: Fetch;
  /** Replaces the global `WebSocket`. */
  readonly openSocket?: OpenSocket;
}

export interface RequestParts {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

export type Fetch = (url: string, request: RequestParts) => Promise<Response>;

/** As much of a WebSocket as is used here. */
export interface Socket {
  send(message: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: "close", listener: (event: { code: number; reason: string }) => void): void;
  addEventListener(type: "error", listener: () => void): void;
}

export type OpenSocket = (url: string, protocols: string[]) => Socket;

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
  readonly #token: string | undefined;
  readonly #openSocket: OpenSocket;

  constructor({ url, token, fetch = globalThis.fetch, openSocket = openWebSocket }: ConnectionOptions) {
    this.#token = token;
    this.#openSocket = openSocket;
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

  /** Opens a WebSocket; the token is among its protocols, since a browser sends no header with one. */
  open(path: string, query: Readonly<Record<string, string | number | undefined>>, protocol: string): Socket {
    const bytes = new TextEncoder().encode(this.#token ?? "");
    const digits = encodeBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    const protocols = this.#token === undefined ? [protocol] : [protocol, `${tokenProtocol}${digits}`];
    const address = `${this.#url.replace(/^http/, "ws")}${path}${searchOf(query)}`;
    return this.#openSocket(address, protocols);
  }

  /** Returns the answer with its body unread. */
  async send(method: RequestParts["method"], path: string, options: CallOptions = {}): Promise<Response> {
    const search = searchOf(options.query ?? {});
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

function searchOf(query: Readonly<Record<string, string | number | undefined>>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.append(name, String(value));
  }
  return parameters.size > 0 ? `?${parameters}` : "";
}

function openWebSocket(url: string, protocols: string[]): Socket {
  const { WebSocket } = globalThis as unknown as {
    WebSocket: new (url: string, protocols: string[]) => Socket;
  };
  return new WebSocket(url, protocols);
}
