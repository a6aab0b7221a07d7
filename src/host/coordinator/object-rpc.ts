/**
 * All that the coordinator's object answers to.
 */
import type { SurveyRpc } from "../metrics/survey.ts";
import type { AccessTokensRpc } from "./access-tokens.ts";
import type { AuditLogRpc } from "./audit-log.ts";
import type { CoordinatorRpc } from "./coordinator-rpc.ts";
import type { SqlObjectsRpc } from "./sql-objects.ts";
import type { TokenHoldersRpc } from "./token-holders.ts";

export interface ClockRpc {
  /** Tells the caller's time, ms; an object whose own stands still ends, and starts anew. */
  compareClock(now: number): Promise<void>;
}

export type CoordinatorObjectRpc = CoordinatorRpc &
  SqlObjectsRpc &
  AccessTokensRpc &
  TokenHoldersRpc &
  AuditLogRpc &
  SurveyRpc &
  ClockRpc;
