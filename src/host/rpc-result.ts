/**
 * What an object answers: no call throws for what can happen.
 */
import { errorBodyOf } from "../base/errors.ts";
import type { RpcResult } from "../engine/partition-types.ts";

/** Does the work, and answers with its value or its error. */
export async function resultOf<Value>(work: () => Value | Promise<Value>): Promise<RpcResult<Value>> {
  try {
    return { ok: true, value: await work() };
  } catch (thrown) {
    return { ok: false, error: errorBodyOf(thrown) };
  }
}
