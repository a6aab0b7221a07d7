/**
 * What was answered from behind, as HTTP: the value as JSON with its status, or the problem.
 */
import type { RpcResult } from "../../engine/partition-types.ts";
import { problem } from "./problem.ts";

/** Returns the value as JSON with `status`, or the problem. */
export function answer(result: RpcResult<unknown>, status = 200): Response {
  return result.ok ? Response.json(result.value, { status }) : problem(result.error);
}

/** 201 where the request made something, 200 where it was there already. */
export function created(result: RpcResult<{ readonly isNew: boolean; readonly answer: unknown }>): Response {
  if (!result.ok) return problem(result.error);
  return Response.json(result.value.answer, { status: result.value.isNew ? 201 : 200 });
}

/** 201 where the operation is complete, 202 where it goes on. */
export function begun(result: RpcResult<{ readonly state: "running" | "done" | "failed" }>): Response {
  return result.ok ? answer(result, result.value.state === "done" ? 201 : 202) : problem(result.error);
}

/** A list under its name. */
export function listed(name: string, result: RpcResult<readonly unknown[]>): Response {
  return result.ok ? Response.json({ [name]: result.value }) : problem(result.error);
}

/** Of a list what fits. */
export function filtered<Value>(
  result: RpcResult<readonly Value[]>,
  fits: (value: Value) => boolean,
): RpcResult<readonly Value[]> {
  return result.ok ? { ok: true, value: result.value.filter(fits) } : result;
}

export function gone(result: RpcResult<unknown>): Response {
  return result.ok ? new Response(null, { status: 204 }) : problem(result.error);
}
