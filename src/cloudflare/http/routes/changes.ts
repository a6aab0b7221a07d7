/**
 * `GET /v1/views/{view}/changes`: what changes in a view, as server-sent events or over a WebSocket.
 */
import { type HubConnection, toChangeEvents } from "../../../host/subscriptions/change-events.ts";
import { readChangesQuery } from "../../../protocol/view-query.ts";
import { negotiate } from "../negotiate.ts";
import { problem } from "../problem.ts";
import type { Serving } from "../serving.ts";

/** Nothing on the way may hold events back, or keep them. */
const eventHeaders = Object.freeze({
  "content-type": "text/event-stream",
  "cache-control": "no-cache, no-transform",
});

export async function getChanges(request: Request, view: string, serving: Serving): Promise<Response> {
  const { headers, url } = request;
  const isSocket = headers.get("upgrade")?.toLowerCase() === "websocket";
  if (!isSocket) negotiate(headers.get("accept"), ["text/event-stream"]);
  const query = readChangesQuery(new URL(url).searchParams, headers.get("last-event-id"));
  const opened = await serving.subscribe(view, query);
  if (!opened.ok) return problem(opened.error);
  if (isSocket) return new Response(null, { status: 101, webSocket: opened.value });
  const events = toChangeEvents(connectionOf(opened.value), serving.clock);
  return new Response(events, { headers: eventHeaders });
}

function connectionOf(socket: WebSocket): HubConnection {
  socket.accept();
  return {
    onMessage: (take) => socket.addEventListener("message", ({ data }) => take(String(data))),
    onClose: (take) => {
      socket.addEventListener("close", take);
      socket.addEventListener("error", take);
    },
    send: (text) => socket.send(text),
    close: () => socket.close(1000, "The reader has left."),
  };
}
