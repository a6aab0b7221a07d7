/**
 * What running statements needs of the outside.
 */
import { EngineError, type ErrorBody } from "../../base/errors.ts";
import type { RpcResult, ScanPosition } from "../../engine/partition-types.ts";
import type { EvaluationContext } from "../../interpreter/scalar-function.ts";
import type { UserFunctions } from "../../interpreter/user-functions.ts";
import type { Row } from "../../interpreter/values/sql-value.ts";
import type { IngestAnswer } from "../../protocol/answers.ts";
import type { PartialQuery } from "../../sql/batch/divide.ts";
import type { SessionOptions } from "../../sql/bind/session-options.ts";
import type { Caller } from "../access/caller.ts";
import type { CoordinatorRpc } from "../coordinator/coordinator-rpc.ts";
import type { SqlObjectsRpc } from "../coordinator/sql-objects.ts";
import type { ChangePage } from "../query/read-changes.ts";
import type { ViewReader } from "../query/view-reader.ts";
import type { WallClock } from "../wall-clock.ts";

export interface SqlPorts {
  /** Whose statements they are. */
  readonly caller: Caller;
  /** Notes what the caller did as an administrator. */
  readonly audit: (what: { action: string; target: string; status: number }) => Promise<void>;
  readonly coordinator: <Value>(
    call: (rpc: CoordinatorRpc & SqlObjectsRpc) => Promise<RpcResult<Value>>,
  ) => Promise<RpcResult<Value>>;
  readonly views: Pick<ViewReader, "evaluate">;
  /** The rows of a part of a query over what is retained of a stream. */
  readonly evaluateOverStream: (
    stream: string,
    query: PartialQuery,
    context: EvaluationContext,
  ) => Promise<RpcResult<readonly Row[]>>;
  readonly changes: (
    view: string,
    after: ScanPosition | undefined,
    limit: number,
  ) => Promise<RpcResult<ChangePage>>;
  /** Appends records to a stream: `body` is a JSON array of them. */
  readonly append: (stream: string, body: Uint8Array) => Promise<RpcResult<IngestAnswer>>;
  /** What the worker registers for CREATE FUNCTION. */
  readonly functions: UserFunctions;
  readonly clock: WallClock;
  /** A number in [0, 1). */
  readonly random: () => number;
}

/** Options that statements of one request set for those behind them. */
export interface Session {
  options: SessionOptions;
  /** The caller reads changes as they come. */
  readonly isContinuous: boolean;
}

/** Calls the coordinator; throws what it answers as an error. */
export async function ask<Value>(
  ports: Pick<SqlPorts, "coordinator">,
  call: (rpc: CoordinatorRpc & SqlObjectsRpc) => Promise<RpcResult<Value>>,
): Promise<Value> {
  const answer = await ports.coordinator(call);
  if (answer.ok) return answer.value;
  throw thrownOf(answer.error);
}

/** What another place answered as an error, to be thrown here. */
export function thrownOf({ code, message, details }: ErrorBody): EngineError {
  return new EngineError(code, { message, ...(details && { details }) });
}
