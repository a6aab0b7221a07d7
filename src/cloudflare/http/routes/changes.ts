/**
 * `GET /v1/views/{view}/changes`: what changes in a view, as server-sent events or over a WebSocket.
 */
import { type HubConnection, toChangeEvents } from "../../../host/subscriptions/change-events.ts";
import { changesParameters, readChangesQuery } from "../../../protocol/view-query.ts";
import { negotiate } from "../negotiate.ts";
import { problem } from "../problem.ts";
import { type RoutedRequest, resource, route } from "../route.ts";

/** Nothing on the way may hold events back, or keep them. */
const eventHeaders = Object.freeze({
  "content-type": "text/event-stream",
  "cache-control": "no-cache, no-transform",
});

export const changes = resource("Changes", "What changes in views, as it comes.", [
  route(
    {
      method: "get",
      path: "/v1/views/{view}/changes",
      scope: "query:{view}",
      summary: "Follow a view",
      description:
        "Events `change` have a row with its kind: +I, -U, +U or -D. With `snapshot` all rows come first, " +
        "between two events `snapshot`. An upgrade to WebSocket gets the same as messages. One key is " +
        "`key`, or `key.{column}` for each of its columns.",
      query: changesParameters,
      answers: {
        101: { description: "Messages over a WebSocket, where the request asks for an upgrade." },
        200: { description: "Events, until the reader leaves.", content: { "text/event-stream": undefined } },
      },
      problems: [
        "NOT_ACCEPTABLE",
        "QUERY_INVALID",
        "VIEW_NOT_FOUND",
        "JOB_NOT_FOUND",
        "JOB_FAILED",
        "CHANGES_GONE",
        "SUBSCRIPTIONS_TOO_MANY",
        "MAP_STALE",
        "PARTITION_UNAVAILABLE",
        "QUERY_TIMEOUT",
      ],
    },
    follow,
  ),
]);

async function follow(routed: RoutedRequest<"/v1/views/{view}/changes">): Promise<Response> {
  const { request, serving, path, query, caller } = routed;
  const { headers } = request;
  const isSocket = headers.get("upgrade")?.toLowerCase() === "websocket";
  if (!isSocket) negotiate(headers.get("accept"), ["text/event-stream"]);
  const wanted = readChangesQuery(query, headers.get("last-event-id"));
  const opened = await serving.subscribe(path.view, wanted, caller);
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
