/**
 * Channels that take next to nothing, for the time of one life: senders stop, and receivers let them wait,
 * from the first bytes on. Whatever could lock up then does.
 */
import { Partition } from "../../src/engine/partition.ts";
import { TaskOutput } from "../../src/engine/task/task-output.ts";

/** Limits channels to about so many bytes; returns what lifts that. */
export function tightenChannels(bytesMax: number | undefined): () => void {
  if (bytesMax === undefined) return () => {};
  const restores = [
    replaceGetter(TaskOutput.prototype, "isHeldBack", function (this: TaskOutput) {
      return this.bytes > bytesMax;
    }),
    replaceGetter(Partition.prototype, "hasCredit", function (this: Partition) {
      return !this.isSetUp || !this.identity.inputs || this.jobs.unappliedBytes <= bytesMax;
    }),
  ];
  return () => {
    for (const restore of restores) restore();
  };
}

function replaceGetter(prototype: object, name: string, get: () => boolean): () => void {
  const original = Object.getOwnPropertyDescriptor(prototype, name) as PropertyDescriptor;
  Object.defineProperty(prototype, name, { ...original, get });
  return () => void Object.defineProperty(prototype, name, original);
}
