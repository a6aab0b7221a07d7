/**
 * How shards, which keep the stubs that they make, and workers reach hubs.
 */
import type { HubRpc, Hubs } from "../host/subscriptions/hub-rpc.ts";
import type { Environment } from "./environment.ts";
import { isolate } from "./isolate.ts";
import { KeptStubs } from "./kept-stubs.ts";

/** For shards; open a hub anew for each call. */
export class KeptHubStubs implements Hubs {
  readonly #environment: Environment;
  readonly #kept = new KeptStubs<HubRpc>();

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  open(hub: string): HubRpc {
    // The stub's methods are the object's, behind a promise: that is what the interface says.
    return this.#kept.open(hub, () => hubStub(this.#environment, hub) as unknown as HubRpc);
  }
}

/** Opens a hub for one call. */
export function hubStub({ HUB }: Pick<Environment, "HUB">, hub: string): DurableObjectStub {
  return HUB.get(isolate.objectIds.idOf(HUB, hub));
}
