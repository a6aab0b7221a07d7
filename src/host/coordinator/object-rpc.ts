/**
 * All that the coordinator's object answers to.
 */
import type { SurveyRpc } from "../metrics/survey.ts";
import type { AccessTokensRpc } from "./access-tokens.ts";
import type { AuditLogRpc } from "./audit-log.ts";
import type { CoordinatorRpc } from "./coordinator-rpc.ts";
import type { SqlObjectsRpc } from "./sql-objects.ts";

export type CoordinatorObjectRpc = CoordinatorRpc & SqlObjectsRpc & AccessTokensRpc & AuditLogRpc & SurveyRpc;
