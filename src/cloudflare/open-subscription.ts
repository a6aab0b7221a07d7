/**
 * Opens a subscription: finds a hub with room and upgrades to a WebSocket from it.
 */
import type { ErrorBody } from "../base/errors.ts";
import { viewHubsMax } from "../base/limits.ts";
import type { RpcResult } from "../engine/partition-types.ts";
import type { Caller } from "../host/access/caller.ts";
import type { JobFacts } from "../host/coordinator/coordinator-rpc.ts";
import { hubName } from "../host/subscriptions/hub-rpc.ts";
import { type SubscriberAccess, subscriptionOf } from "../host/subscriptions/subscription.ts";
import type { ChangesQuery } from "../protocol/changes.ts";
import type { Environment } from "./environment.ts";
import { subscriptionParameter } from "./hub-object.ts";
import { hubStub } from "./hub-stubs.ts";

/** Returns the socket, on which nothing has come yet; throws what `subscriptionOf` throws. */
export async function openSubscription(
  environment: Environment,
  facts: JobFacts,
  query: ChangesQuery,
  caller: Caller,
): Promise<RpcResult<WebSocket>> {
  const access = accessOf(caller);
  const subscription = { ...subscriptionOf(facts, query), ...(access && { access }) };
  for (let number = 0; ; number++) {
    const hub = hubName(facts.view, facts.run, facts.mapVersion, number);
    const wanted = new URLSearchParams({ [subscriptionParameter]: JSON.stringify({ ...subscription, hub }) });
    const headers = { Upgrade: "websocket" };
    const response = await hubStub(environment, hub).fetch(`https://hub/?${wanted}`, { headers });
    if (response.webSocket) return { ok: true, value: response.webSocket };
    const error = (await response.json()) as ErrorBody;
    const isFull = error.code === "SUBSCRIPTIONS_TOO_MANY" && number + 1 < viewHubsMax;
    if (!isFull) return { ok: false, error };
  }
}

function accessOf({ tokenId: token, credential }: Caller): SubscriberAccess | undefined {
  if (!credential) return undefined;
  const { hash, until } = credential;
  return { token, ...(hash !== undefined && { hash }), ...(until !== undefined && { until }) };
}
