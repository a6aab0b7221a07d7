/**
 * Limits so tight that whatever could lock up does, for the time of one life: channels take next to nothing,
 * so senders stop and receivers let them wait from the first bytes on; a part of a savepoint has one page; a
 * checkpoint comes whenever one may.
 */
import { OpenJob } from "../../src/engine/open-job.ts";
import { Partition } from "../../src/engine/partition.ts";
import { PagePins } from "../../src/engine/state/page-pins.ts";
import { TaskOutput } from "../../src/engine/task/task-output.ts";
import type { LifePlan } from "./draw-life.ts";

/** Tightens what a plan wants tight; returns what loosens it again. */
export function tightenLimits(plan: Tightness): () => void {
  const { channelBytesMax, pagesGoOneByOne, checkpointsAlways } = plan;
  const loosen = [
    channelBytesMax === undefined ? [] : tightenChannels(channelBytesMax),
    pagesGoOneByOne ? [onePageAPart()] : [],
    checkpointsAlways ? [checkpointAlways()] : [],
  ].flat();
  return () => {
    for (const restore of loosen) restore();
  };
}

type Tightness = Pick<LifePlan, "channelBytesMax" | "pagesGoOneByOne" | "checkpointsAlways">;

function tightenChannels(bytesMax: number): (() => void)[] {
  return [
    replaceGetter(TaskOutput.prototype, "isHeldBack", function (this: TaskOutput) {
      return this.bytes > bytesMax;
    }),
    replaceGetter(Partition.prototype, "hasCredit", function (this: Partition) {
      return !this.isSetUp || !this.identity.inputs || this.jobs.unappliedBytes <= bytesMax;
    }),
  ];
}

function onePageAPart(): () => void {
  const original = PagePins.prototype.next;
  PagePins.prototype.next = function (task, savepoint) {
    return original.call(this, task, savepoint, 1);
  };
  return () => {
    PagePins.prototype.next = original;
  };
}

function checkpointAlways(): () => void {
  const original = OpenJob.prototype.checkpointAt;
  OpenJob.prototype.checkpointAt = () => 0;
  return () => {
    OpenJob.prototype.checkpointAt = original;
  };
}

function replaceGetter(prototype: object, name: string, get: () => boolean): () => void {
  const original = Object.getOwnPropertyDescriptor(prototype, name) as PropertyDescriptor;
  Object.defineProperty(prototype, name, { ...original, get });
  return () => void Object.defineProperty(prototype, name, original);
}
