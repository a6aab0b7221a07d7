/**
 * What a partition has to send to the partitions of the next stages, and what becomes of it.
 *
 * Sending asks nothing of the clock: whatever waits is sent as soon as the call before it was answered. Only
 * a call that failed is tried again after a while.
 */
import { sendBytesMax } from "../base/limits.ts";
import type { Message } from "./exchange/message-codec.ts";
import type { Outbox } from "./exchange/outbox.ts";
import { channelOf, channelTokenId, producerOf } from "./log/channel-name.ts";
import type { AppendRequest, AppendResult, ChannelSequence } from "./log/records.ts";
import type { PartitionJobs } from "./partition-jobs.ts";
import type { PartitionIdentity, RpcResult } from "./partition-types.ts";
import type { SendPlan, SendTarget } from "./plan/task-plan.ts";
import { tryStep } from "./task/try-step.ts";

/** One call to a partition of the next stage: `append` with these requests. */
export interface OutputCall {
  readonly run: number;
  /** By its number among those of the task. */
  readonly edge: number;
  readonly receiver: number;
  readonly to: SendTarget;
  /** True where it goes into a stream that people made. */
  readonly isSink: boolean;
  readonly requests: readonly AppendRequest[];
  readonly sequences: readonly ChannelSequence[];
}

export class PartitionOutputs {
  readonly #jobs: PartitionJobs;

  constructor(jobs: PartitionJobs) {
    this.#jobs = jobs;
  }

  /** True while some receiver has not acknowledged all that was made for it. */
  get isWaiting(): boolean {
    return this.#jobs.tasks.some(({ output }) => output?.edges.some(({ outbox }) => outbox.isWaiting));
  }

  /** Returns the calls to make now; each must end in `settle`, and in `retry` where that asks for it. */
  take(identity: PartitionIdentity): OutputCall[] {
    const calls: OutputCall[] = [];
    for (const { number: run, output } of this.#jobs.tasks) {
      output?.edges.forEach(({ plan, outbox }, edge) => {
        if (outbox.isWaiting) takeOf(outbox, { run, edge, plan, identity }, calls);
      });
    }
    return calls;
  }

  /** Takes the answer to a call. Returns false where it must be tried again: then `retry` after a while. */
  settle(call: OutputCall, answer: RpcResult<readonly AppendResult[]>): boolean {
    const { run, receiver, sequences, isSink } = call;
    const outbox = this.#outboxOf(call);
    if (!outbox) return true;
    const results = answer.ok ? answer.value : [];
    const refusedAt = results.findIndex(({ status }) => status === "refused");
    const settled = refusedAt < 0 ? results.length : refusedAt;
    const [last, through] = [results[settled - 1], sequences[settled - 1]];
    if (last && last.status !== "refused" && through) outbox.acknowledge(receiver, through, last.offset);
    if (settled === sequences.length) return true;
    const refused = results[settled];
    if (refused?.status !== "refused") return false;
    const { code, details } = refused.error;
    if (code === (isSink ? "STREAM_ENDED" : "JOB_FAILED")) this.#jobs.fail(run, refused.error);
    if (code !== "CHANNEL_GAP") return false;
    const outcome = tryStep(() => outbox.sendAgainFrom(receiver, details?.last as ChannelSequence));
    if (outcome.outcome === "Failed") this.#jobs.fail(run, outcome.error);
    return true;
  }

  /** Lets what a call came to nothing with be sent again. */
  retry(call: OutputCall): void {
    this.#outboxOf(call)?.sendAgain(call.receiver);
  }

  #outboxOf({ run, edge }: OutputCall): Outbox | undefined {
    return this.#jobs.openTask(run)?.output?.edges[edge]?.outbox;
  }
}

interface CallFacts {
  readonly run: number;
  readonly edge: number;
  readonly plan: SendPlan;
  readonly identity: PartitionIdentity;
}

/** Adds the calls to make now for one edge. */
function takeOf(outbox: Outbox, { run, edge, plan, identity }: CallFacts, calls: OutputCall[]): void {
  const { to } = plan;
  const isSink = plan.into !== undefined;
  for (let receiver = 0; receiver < outbox.receivers; receiver++) {
    const messages = outbox.take(receiver, sendBytesMax);
    if (messages.length === 0) continue;
    const requests = messages.map((message) => requestOf(run, message, identity, plan));
    const sequences = messages.map(({ sequence }) => sequence);
    calls.push({ run, edge, receiver, to, isSink, requests, sequences });
  }
}

function requestOf(
  run: number,
  message: Message,
  identity: PartitionIdentity,
  { to, into }: SendPlan,
): AppendRequest {
  const { sequence, previous, kind, watermark, frame } = message;
  const { offset, part } = sequence;
  const origin = into
    ? { producer: { producer: producerOf(run, identity), sequence: offset, part, checksum: 0n } }
    : {
        producer: undefined,
        link: { channel: channelOf(identity), sequence, previous, kind, watermark },
      };
  return {
    generation: to.generation,
    mapVersion: to.mapVersion,
    deadline: Number.MAX_SAFE_INTEGER,
    tokenId: channelTokenId,
    ...origin,
    frame,
  };
}
