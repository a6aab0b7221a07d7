/**
 * When a shard goes idle, and when an idle one moves its own time on: a pure function.
 *
 * Going idle is logged once. A shard that live producers hold is not idle: what its frames bring about is
 * still to come. An idle stream with `idle: advance` follows the clock, but a tick is logged only where it
 * fires something, so an idle stream costs nothing.
 */
import { lowerOf } from "./log/records.ts";

export interface IdleFacts {
  readonly now: number;
  readonly isIdle: boolean;
  readonly isEnded: boolean;
  /** Append time of the last frame; of the set-up for a shard never reached. */
  readonly activeAt: number;
  readonly watermark: bigint;
  /** Whether live producers hold the watermark behind what its frames allow. */
  readonly isHeld: boolean;
  /** The watermark beyond which live producers let no clock move it. */
  readonly producersAllow: bigint;
  /** End of the earliest window that has not fired, of all running jobs. */
  readonly nextWindowEnd: bigint | undefined;
  readonly idle: "wait" | "advance";
  readonly idleTimeoutMs: number;
  readonly outOfOrdernessMs: number;
}

/** What to do now, and when to look again. */
export type IdleDecision =
  | { readonly decision: "Wait"; readonly wakeAt: number | undefined }
  | { readonly decision: "GoIdle"; readonly wakeAt: number }
  | { readonly decision: "Advance"; readonly watermark: bigint; readonly wakeAt: number };

export function decideIdleness(facts: IdleFacts): IdleDecision {
  const { now, activeAt, idleTimeoutMs, nextWindowEnd } = facts;
  if (facts.isEnded) return { decision: "Wait", wakeAt: undefined };
  if (!facts.isIdle) {
    // Its frames still have to take effect; what moves the producers on, or forgets them, is logged here.
    if (facts.isHeld) return { decision: "Wait", wakeAt: undefined };
    const idleAt = activeAt + idleTimeoutMs;
    return now >= idleAt ? { decision: "GoIdle", wakeAt: now } : { decision: "Wait", wakeAt: idleAt };
  }
  if (facts.idle === "wait" || nextWindowEnd === undefined) return { decision: "Wait", wakeAt: undefined };
  const watermark = lowerOf(BigInt(now - facts.outOfOrdernessMs), facts.producersAllow);
  if (watermark >= nextWindowEnd - 1n && watermark > facts.watermark) {
    return { decision: "Advance", watermark, wakeAt: now };
  }
  if (facts.producersAllow < nextWindowEnd - 1n || facts.watermark >= nextWindowEnd - 1n)
    return { decision: "Wait", wakeAt: undefined };
  return { decision: "Wait", wakeAt: Number(nextWindowEnd) - 1 + facts.outOfOrdernessMs };
}
