/**
 * The results of a step as the stream that the next step reads.
 */
import { EngineError } from "../../base/errors.ts";
import { type DataType, formatType } from "../../columnar/schema.ts";
import { formatDuration } from "../../protocol/duration.ts";
import type { StepDefinition } from "../../protocol/job-spec.ts";
import type { StreamDefinition } from "../../protocol/stream-spec.ts";
import { weightColumn } from "./plan-weights.ts";
import type { TaskPlan } from "./task-plan.ts";

/** The event time of results: the last millisecond of their window. */
const windowTime = "window_time";

const bigint = { name: "BIGINT" } as const;

/** Most digits of a DECIMAL that a column can hold. */
const lanePrecision = 18;

/**
 * True where the results of a step can still change when they are sent on: every change is then sent, with
 * its weight.
 */
export function isChanging(window: object | null | undefined, latenessMs: number): boolean {
  return !window || latenessMs > 0;
}

/**
 * Returns the stream of what `plan`, which reads `stream`, sends on: its outputs; `window_time`, where it has
 * windows; the weight, where its results change.
 */
export function streamOfResults(plan: TaskPlan, stream: StreamDefinition): StreamDefinition {
  if (plan.window && plan.outputs.some(({ name }) => name === windowTime)) {
    throw refusal(`an output of the step before is called ${windowTime}, as its event time is; rename it`);
  }
  const bounds = plan.outputs.find(({ from }) => from.from === "windowEnd");
  return {
    columns: [
      ...plan.outputs.map(({ name, type, from }) => {
        const isNever = from.from === "windowStart" || from.from === "windowEnd";
        return { name, type, nullable: !isNever };
      }),
      ...(bounds ? [{ name: windowTime, type: bounds.type, nullable: false }] : []),
      ...(isChanging(plan.window, plan.latenessMs)
        ? [{ name: weightColumn, type: bigint, nullable: false }]
        : []),
    ],
    eventTime: {
      // Where there is no event time some column has to stand in for it: `checkStep` lets no window look.
      column: bounds ? windowTime : weightColumn,
      outOfOrdernessMs: stream.eventTime.outOfOrdernessMs,
    },
    idleTimeoutMs: stream.idleTimeoutMs,
    idle: stream.idle,
    distributionKey: plan.key.map(({ name }) => name),
    shards: stream.shards,
    retention: { timeMs: 0, bytesPerShard: 0 },
  };
}

/** Throws JOB_INVALID where `step` cannot be made over the results of `plan`. */
export function checkStep(step: StepDefinition, plan: TaskPlan): void {
  if (plan.window) return;
  if (step.window) {
    const message =
      "window: the step before has no window, so its results have no event time; give it a window, " +
      "or leave this one out";
    throw new EngineError("JOB_INVALID", { message, details: { path: "window" } });
  }
  const { retentionMs } = step;
  if (retentionMs === null || (plan.retentionMs !== null && plan.retentionMs <= retentionMs)) return;
  const kept = plan.retentionMs === null ? "forever" : formatDuration(plan.retentionMs);
  const message =
    `retention: found ${formatDuration(retentionMs)}, but the step before keeps its results ${kept} and ` +
    "may then still take them back; expected no less";
  throw new EngineError("JOB_INVALID", { message, details: { path: "retention" } });
}

/** Runs a part of planning; what it refuses says `place` before its message, if there is one. */
export function naming<Value>(place: string | false, work: () => Value): Value {
  try {
    return work();
  } catch (thrown) {
    if (!(thrown instanceof EngineError && place)) throw thrown;
    const { code, message, details } = thrown;
    throw new EngineError(code, { message: `${place}${message}`, ...(details && { details }) });
  }
}

/** Throws JOB_INVALID for a column of results that has no room in a lane. */
export function checkLane(name: string, type: DataType): void {
  if (type.name !== "DECIMAL" || type.precision <= lanePrecision) return;
  const found = `"${name}" of the step before is ${formatType(type)}`;
  const message = `source: ${found}, which is too wide to be sent on`;
  throw new EngineError("JOB_INVALID", { message });
}

function refusal(why: string): EngineError {
  return new EngineError("JOB_INVALID", { message: `source: ${why}` });
}
