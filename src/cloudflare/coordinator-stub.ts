/**
 * How everyone reaches the coordinator: the one object with its name.
 */
import type { CoordinatorObjectRpc } from "../host/coordinator/object-rpc.ts";
import type { Environment } from "./environment.ts";
import { isolate } from "./isolate.ts";

const coordinatorName = "coordinator";

/** Opens the coordinator for one call. A call may throw when the platform cannot deliver it. */
export function coordinatorOf({ COORDINATOR }: Environment): CoordinatorObjectRpc {
  // The stub's methods are the object's, behind a promise: that is what the interface says.
  const id = isolate.objectIds.idOf(COORDINATOR, coordinatorName);
  return COORDINATOR.get(id) as unknown as CoordinatorObjectRpc;
}
