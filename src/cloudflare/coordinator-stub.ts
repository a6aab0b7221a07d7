/**
 * How everyone reaches the coordinator: the one object with its name.
 */
import type { CoordinatorRpc } from "../host/coordinator/coordinator-rpc.ts";
import type { SqlObjectsRpc } from "../host/coordinator/sql-objects.ts";
import type { Environment } from "./environment.ts";
import { isolate } from "./isolate.ts";

const coordinatorName = "coordinator";

/** Opens the coordinator for one call. A call may throw when the platform cannot deliver it. */
export function coordinatorOf({ COORDINATOR }: Environment): CoordinatorRpc & SqlObjectsRpc {
  // The stub's methods are the object's, behind a promise: that is what the interface says.
  return COORDINATOR.get(isolate.objectIds.idOf(COORDINATOR, coordinatorName)) as unknown as CoordinatorRpc &
    SqlObjectsRpc;
}
