/**
 * `GET /v1/streams/{stream}/events` with an upgrade: events over a WebSocket, see `ingest-session.ts`.
 */
import * as z from "zod";
import { EngineError } from "../../../base/errors.ts";
import { accessAskAgainMs, producerIdMax } from "../../../base/limits.ts";
import { encodeUtf8 } from "../../../base/utf8.ts";
import { IngestSession } from "../../../host/ingest/ingest-session.ts";
import { bodyFormatOf } from "../../../kernel/json-body.ts";
import { fields, readBody } from "../../../protocol/read-body.ts";
import { sessionProtocol } from "../../../protocol/session-messages.ts";
import { spend } from "../../access/admit.ts";
import { OpenAccess } from "../../access/open-access.ts";
import { logDefect } from "../../log.ts";
import { problem } from "../problem.ts";
import { type Route, type RoutedRequest, route } from "../route.ts";
import { formatOfType } from "./event-headers.ts";

const parameters = fields({
  producer: z.string().min(1).max(producerIdMax).optional().meta({ description: "As `Producer-Id`." }),
  sequence: z
    .string()
    .regex(/^\d{1,15}$/, "expected a whole number")
    .transform(Number)
    .optional()
    .meta({ description: "Of the first message; each behind it has one more." }),
  type: z
    .string()
    .default("application/x-ndjson")
    .meta({ description: "The media type of every message, text or binary." }),
}).superRefine(({ producer, sequence }, context) => {
  if ((producer === undefined) === (sequence === undefined)) return;
  const path = [producer === undefined ? "producer" : "sequence"];
  context.addIssue({ code: "custom", path, message: "expected it too: the two come together" });
});

export const eventsSocket: Route = route(
  {
    method: "get",
    path: "/v1/streams/{stream}/events",
    scope: "ingest:{stream}",
    summary: "Append events over a WebSocket",
    description:
      "Each message is a body and is acknowledged in order. The first message of the server tells the " +
      "credit: what may be unacknowledged. Who exceeds it is closed with 1008. With `producer` and " +
      "`sequence`, what was not acknowledged is sent again over another connection without harm.",
    query: parameters,
    headers: z.object({
      Upgrade: z.literal("websocket"),
      "Sec-WebSocket-Protocol": z.string().optional().meta({
        description: "`millrace.events.v1`; behind it `millrace.bearer.` and a token in base64url.",
      }),
    }),
    answers: { 101: { description: "The connection is a WebSocket." } },
    problems: [
      "UPGRADE_REQUIRED",
      "QUERY_INVALID",
      "CONTENT_TYPE_UNSUPPORTED",
      "STREAM_NOT_FOUND",
      "PARTITION_UNAVAILABLE",
    ],
  },
  openSocket,
);

async function openSocket(routed: RoutedRequest<"/v1/streams/{stream}/events">): Promise<Response> {
  const { request, path, query, env, serving, caller } = routed;
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
    const message = "Found no header Upgrade: websocket. POST appends events without a WebSocket.";
    throw new EngineError("UPGRADE_REQUIRED", { message });
  }
  const { producer, sequence, type } = readBody(
    parameters,
    Object.fromEntries(query),
    "QUERY_INVALID",
    "query",
  );
  const named = formatOfType(type);
  const facts = await serving.askStreamFacts(path.stream);
  if (!facts.ok) return problem(facts.error);
  const { 0: client, 1: server } = new WebSocketPair();
  server.binaryType = "arraybuffer";
  server.accept();
  const open = new OpenAccess(request, env, caller);
  /** The message that was counted last: it may be tried again. */
  let counted: Uint8Array | undefined;
  const session = new IngestSession(
    {
      ingest: async (body, at) => {
        const present = await open.renewed();
        const { tokenId } = present;
        if (counted !== body) spend(present, { requests: 0, bytes: body.length });
        counted = body;
        return await serving.ingest.ingest({
          ...{ stream: path.stream, body, tokenId },
          format: named === "json" ? bodyFormatOf("application/json", body) : named,
          producer: producer === undefined || at === undefined ? undefined : { id: producer, sequence: at },
        });
      },
      send: (message) => server.send(JSON.stringify(message)),
      close: (code, reason) => server.close(code, reason),
      wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    },
    sequence,
  );
  server.addEventListener("message", ({ data }) => {
    const body = typeof data === "string" ? encodeUtf8(data) : new Uint8Array(data);
    session.receive(body).catch((thrown: unknown) => logDefect("events over a WebSocket", thrown));
  });
  server.addEventListener("close", () => session.abandon());
  server.addEventListener("error", () => session.abandon());
  session.open();
  void endWithToken(session, open);
  const offered = (request.headers.get("sec-websocket-protocol") ?? "").split(",").map((each) => each.trim());
  const headers = offered.includes(sessionProtocol) ? { "sec-websocket-protocol": sessionProtocol } : {};
  return new Response(null, { status: 101, webSocket: client, headers });
}

/** Ends a session whose token ends, though no message comes on it. */
async function endWithToken(session: IngestSession, open: OpenAccess): Promise<void> {
  let askAt = open.knownUntil;
  while (askAt < Number.POSITIVE_INFINITY) {
    const waitMs = Math.max(0, askAt - Date.now());
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    if (session.isOver) return;
    await open.renewed().catch((thrown: unknown) => session.refuse(thrown));
    // Where nobody could be asked, it is tried again.
    askAt = Math.max(open.knownUntil, Date.now() + accessAskAgainMs);
  }
}
