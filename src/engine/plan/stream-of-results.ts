/**
 * The results of a step as the stream that the next step reads.
 */
import { EngineError } from "../../base/errors.ts";
import { type DataType, formatType } from "../../columnar/schema.ts";
import type { StreamDefinition } from "../../protocol/stream-spec.ts";
import type { TaskPlan } from "./task-plan.ts";

/** The event time of results: the last millisecond of their window. */
const windowTime = "window_time";

/** Most digits of a DECIMAL that a column can hold. */
const lanePrecision = 18;

/**
 * Returns the stream of what `plan`, which reads `stream`, makes of each window when it fires: its outputs,
 * and `window_time` behind them. Throws JOB_INVALID where results can still change when they are sent.
 */
export function streamOfResults(plan: TaskPlan, stream: StreamDefinition): StreamDefinition {
  if (!plan.window) {
    throw refusal("the step before has no window, so its results change with every event; give it one");
  }
  if (plan.latenessMs > 0) {
    throw refusal("the step before has allowedLateness, so its results may change once fired; leave it out");
  }
  if (plan.outputs.some(({ name }) => name === windowTime)) {
    throw refusal(`an output of the step before is called ${windowTime}, as its event time is; rename it`);
  }
  const bounds = plan.outputs.find(({ from }) => from.from === "windowEnd");
  const time: DataType = bounds?.type ?? { name: "TIMESTAMP", precision: 3 };
  return {
    columns: [
      ...plan.outputs.map(({ name, type, from }) => {
        const isNever = from.from === "windowStart" || from.from === "windowEnd";
        return { name, type, nullable: !isNever };
      }),
      { name: windowTime, type: time, nullable: false },
    ],
    eventTime: { column: windowTime, outOfOrdernessMs: stream.eventTime.outOfOrdernessMs },
    idleTimeoutMs: stream.idleTimeoutMs,
    idle: stream.idle,
    distributionKey: plan.key.map(({ name }) => name),
    shards: stream.shards,
    retention: { timeMs: 0, bytesPerShard: 0 },
  };
}

/** Runs the planning of the step behind the first at `index`; what it refuses names the step. */
export function inStep<Value>(index: number, work: () => Value): Value {
  try {
    return work();
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    const { code, message, details } = thrown;
    throw new EngineError(code, { message: `steps[${index}].${message}`, ...(details && { details }) });
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
