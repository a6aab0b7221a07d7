/**
 * The Durable Object of a hub: hands its sockets, alarm and RPC calls to the host.
 *
 * Its sockets hibernate: with nothing to do the object leaves memory, and they stay open. A `ping` is
 * answered without waking it.
 */
import { DurableObject } from "cloudflare:workers";
import type { ErrorBody } from "../base/errors.ts";
import { tagOf } from "../host/subscriptions/audience.ts";
import { type Admission, Hub as HubHost } from "../host/subscriptions/hub.ts";
import type { HubRpc, ToldChanges } from "../host/subscriptions/hub-rpc.ts";
import type { Subscription } from "../host/subscriptions/subscription.ts";
import { coordinatorOf } from "./coordinator-stub.ts";
import type { Environment } from "./environment.ts";
import { PlatformWallClock } from "./platform-wall-clock.ts";
import { KeptShardStubs } from "./shard-stubs.ts";

/** The parameter in which a worker says what is wanted, as JSON. */
export const subscriptionParameter = "subscription";

export class Hub extends DurableObject<Environment> implements HubRpc {
  readonly #host: HubHost;

  constructor(ctx: DurableObjectState, env: Environment) {
    super(ctx, env);
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
    this.#host = new HubHost({
      clock: new PlatformWallClock(),
      shards: new KeptShardStubs(env),
      sockets: (tag) => ctx.getWebSockets(tag),
      coordinator: { holdTokens: (...held) => coordinatorOf(env).holdTokens(...held) },
      setAlarm: (at) => void this.#wakeBy(at),
    });
  }

  /** Lets a subscriber in, by an upgrade to WebSocket; only workers can reach this. */
  override async fetch(request: Request): Promise<Response> {
    const wanted = new URL(request.url).searchParams.get(subscriptionParameter);
    const subscription = JSON.parse(wanted ?? "null") as Subscription;
    const admitted = await this.#host.admit(subscription);
    if (!admitted.ok) return Response.json(admitted.error, { status: admitted.error.status });
    return this.#accept(subscription, admitted.value);
  }

  tell(told: ToldChanges) {
    return this.#host.tell(told);
  }

  end(error: ErrorBody) {
    return this.#host.end(error);
  }

  limitToken(...limit: Parameters<HubRpc["limitToken"]>) {
    return this.#host.limitToken(...limit);
  }

  override alarm() {
    return this.#host.alarm();
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer) {
    this.#host.received(socket, typeof message === "string" ? message : "bytes");
  }

  override webSocketClose(socket: WebSocket) {
    this.#host.closed(socket);
  }

  override webSocketError(socket: WebSocket) {
    this.#host.closed(socket);
  }

  #accept(subscription: Subscription, admission: Admission): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server, [tagOf(subscription)]);
    this.#host.begin(server, subscription, admission);
    return new Response(null, { status: 101, webSocket: client });
  }

  async #wakeBy(at: number): Promise<void> {
    const set = await this.ctx.storage.getAlarm();
    if (set === null || set > at) await this.ctx.storage.setAlarm(at);
  }
}
