/**
 * Whether there is room for one more of what the coordinator keeps.
 */
import { EngineError } from "../../base/errors.ts";

/** Throws LIMIT_REACHED, naming the limit, where there are as many as there may be. */
export function checkRoom(what: string, count: number, limit: Readonly<Record<string, number>>): void {
  for (const [name, max] of Object.entries(limit)) {
    if (count < max) continue;
    const message = `There are ${count} ${what}, and at most ${max} (${name}).`;
    throw new EngineError("LIMIT_REACHED", { message, details: limit });
  }
}
