/**
 * How everyone reaches the coordinator: the one object with its name.
 */
import type { CoordinatorRpc } from "../host/coordinator/coordinator-rpc.ts";
import type { SqlObjectsRpc } from "../host/coordinator/sql-objects.ts";
import type { SurveyRpc } from "../host/metrics/survey.ts";
import type { Environment } from "./environment.ts";
import { isolate } from "./isolate.ts";

/** All that its object answers. */
export type CoordinatorFace = CoordinatorRpc & SqlObjectsRpc & SurveyRpc;

const coordinatorName = "coordinator";

/** Opens the coordinator for one call. A call may throw when the platform cannot deliver it. */
export function coordinatorOf({ COORDINATOR }: Environment): CoordinatorFace {
  // The stub's methods are the object's, behind a promise: that is what the interface says.
  return COORDINATOR.get(isolate.objectIds.idOf(COORDINATOR, coordinatorName)) as unknown as CoordinatorFace;
}
