/**
 * Errors that can happen, as values that cross HTTP and RPC.
 *
 * RPC keeps an error's message but not its properties, so between objects and to callers goes `ErrorBody`.
 */
import { type ErrorCode, errorCodes } from "./error-codes.ts";

/** An error as a plain value: an RFC 9457 problem document without its `type`. */
export interface ErrorBody {
  readonly code: ErrorCode;
  readonly status: number;
  /** What was found, what was expected, what to do. */
  readonly message: string;
  readonly help: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

export class EngineError extends Error {
  override readonly name = "EngineError";
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(
    code: ErrorCode,
    options: { message: string; details?: Readonly<Record<string, unknown>>; cause?: unknown },
  ) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details;
  }
}

/** Returns the body of any thrown value; what is not an `EngineError` becomes `INTERNAL`. */
export function errorBodyOf(thrown: unknown): ErrorBody {
  const hasCode = thrown instanceof EngineError || thrown instanceof StorageFailure;
  const code: ErrorCode = hasCode ? thrown.code : "INTERNAL";
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const details = thrown instanceof EngineError ? thrown.details : undefined;
  const { status, help } = errorCodes[code];
  return { code, status, message, help, ...(details ? { details } : {}) };
}

/**
 * Storage failed. Nobody knows what the turn wrote: the object must be aborted, and starts again from what
 * is durable.
 */
export class StorageFailure extends Error {
  override readonly name = "StorageFailure";

  /** SQLite says so in its message where there is no room left; any other failure may pass sooner. */
  get code(): "STORAGE_FULL" | "STORAGE_FAILED" {
    return isDiskFull(this.message) ? "STORAGE_FULL" : "STORAGE_FAILED";
  }
}

/** True for the message of an error which says that a disk, or the platform's share of one, is full. */
export function isDiskFull(message: string): boolean {
  return /SQLITE_FULL|disk is full|no space left/i.test(message);
}
