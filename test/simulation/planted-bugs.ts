/**
 * Bugs that are planted into the product itself, by replacing a method for the time of one life.
 */
import { StateTable } from "../../src/engine/chain/state-table.ts";
import { Outbox } from "../../src/engine/exchange/outbox.ts";
import { Replays } from "../../src/engine/letters/replays.ts";
import { LiveProducers } from "../../src/engine/log/live-producers.ts";
import { LogState } from "../../src/engine/log/log-state.ts";
import { type AppendRequest, higherOf, RecordKind } from "../../src/engine/log/records.ts";
import { OpenJob } from "../../src/engine/open-job.ts";
import { Partition } from "../../src/engine/partition.ts";
import { decodePart, encodePart } from "../../src/engine/savepoint/part-codec.ts";
import { type SavedPart, SavepointStore } from "../../src/engine/savepoint/savepoint-store.ts";
import { TaskRestore } from "../../src/engine/savepoint/task-restore.ts";
import { PagePins } from "../../src/engine/state/page-pins.ts";
import { ChainWork } from "../../src/engine/task/chain-work.ts";
import { Narrowing } from "../../src/engine/task/narrowing.ts";
import { SkippedRecords } from "../../src/engine/task/skipped-records.ts";
import { Task } from "../../src/engine/task/task.ts";
import { TaskOutput } from "../../src/engine/task/task-output.ts";
import { InputTime } from "../../src/engine/time/input-time.ts";
import { PartitionHost } from "../../src/host/partition/partition-host.ts";
import { Subscriber } from "../../src/host/subscriptions/subscriber.ts";
import type { Plant } from "./plants.ts";

/** Plants a bug; returns what takes it out again. `now` is the life's clock. */
export function plantBug(plant: Plant | undefined, now: () => number): () => void {
  switch (plant) {
    case "maximum-watermark":
      return replaceGetter(InputTime.prototype, "watermark", function (this: InputTime, own: bigint) {
        const all = Object.values(this.state).map(([watermark]) => BigInt(watermark));
        return [own, ...all].sort((first, second) => (first < second ? 1 : -1))[0] as bigint;
      });
    case "fastest-producer":
      return replaceGetter(LiveProducers.prototype, "lowest", function (this: LiveProducers, own: bigint) {
        const all = [...this.entries()].map(({ watermark }) => watermark);
        return all.length === 0 ? own : all.reduce(higherOf);
      });
    case "early-trim":
      return replaceGetter(Task.prototype, "neededOffset", (own: number) => own + 1_000_000);
    case "left-behind":
      return replaceGetter(OpenJob.prototype, "isDelivering", () => false);
    case "passed-barrier":
      return replaceMethod(LogState.prototype, "applyRow", function (this: LogState) {
        this.barrier = undefined;
      });
    case "lost-page":
      return replaceAddPart();
    case "overwritten-page":
      return replaceKeep();
    case "deleted-page":
      return replaceMethod(PagePins.prototype, "holds", () => false);
    case "lost-split-page":
      return replaceMethod(SavepointStore.prototype, "nextPart", withoutFirstPage);
    case "kept-keys":
      return replaceNarrowing();
    case "unannounced-channel":
      return replaceTimeOfChannels();
    case "clock-cut-frames":
      return replaceMethod(Outbox.prototype, "nextSequence", (found: ReturnType<Outbox["nextSequence"]>) => {
        const { offset, part } = found.sequence;
        return { ...found, sequence: { offset, part: part + (now() % 2) } };
      });
    case "skipped-acceptance":
      return replaceAppend();
    case "lost-late-rows":
      return replaceSendLate();
    case "forgotten-retraction":
      return replaceSendResults();
    case "forgotten-timer":
      return replaceMethod(
        Partition.prototype,
        "nextAlarm",
        function (this: Partition, at: number | undefined) {
          return this.hasReadyWork ? at : undefined;
        },
      );
    case "told-twice":
      return replaceTell();
    case "forgotten-replay":
      return replaceGetter(Replays.prototype, "pending", () => undefined);
    case "forgotten-spans":
      return replaceMethod(StateTable.prototype, "windows", () => []);
    case "half-a-record":
      return replaceGetter(ChainWork.prototype, "isHalfway", () => false);
    case "greedy-skip":
      return replaceAddSkipped();
    case "one-key-group":
      return replaceGet();
    default:
      return () => {};
  }
}

function replaceGetter<Value>(
  prototype: object,
  name: string,
  changed: (this: never, value: Value) => Value,
): () => void {
  const original = Object.getOwnPropertyDescriptor(prototype, name) as PropertyDescriptor;
  const get = function (this: object) {
    return changed.call(this as never, original.get?.call(this));
  };
  Object.defineProperty(prototype, name, { ...original, get });
  return () => void Object.defineProperty(prototype, name, original);
}

function replaceMethod<Value>(
  prototype: object,
  name: string,
  changed: (this: never, value: Value) => Value,
): () => void {
  const original = Object.getOwnPropertyDescriptor(prototype, name) as PropertyDescriptor;
  const value = function (this: object, ...parameters: unknown[]) {
    return changed.call(this as never, original.value.apply(this, parameters));
  };
  Object.defineProperty(prototype, name, { ...original, value });
  return () => void Object.defineProperty(prototype, name, original);
}

/** All that a partition tells again looks new. */
function replaceTell(): () => void {
  const original = Subscriber.prototype.placeOf;
  Subscriber.prototype.placeOf = function (shard) {
    const place = original.call(this, shard);
    return place && this.phase === "Live" ? { offset: 0, row: 0 } : place;
  };
  return () => {
    Subscriber.prototype.placeOf = original;
  };
}

/** Every message of a channel looks new: repeats are logged again, and gaps are not seen. */
function replaceAppend(): () => void {
  const original = PartitionHost.prototype.append;
  let part = 1;
  const renumbered = (request: AppendRequest): AppendRequest => {
    const { link } = request;
    if (!link) return request;
    const sequence = { offset: link.sequence.offset + 1_000_000, part: part++ };
    return { ...request, link: { ...link, sequence, previous: { offset: 0, part: 0 } } };
  };
  PartitionHost.prototype.append = function (requests) {
    return original.call(this, requests.map(renumbered));
  };
  return () => {
    PartitionHost.prototype.append = original;
  };
}

/** Of every part that a split takes along the first page is lost. */
function withoutFirstPage(part: SavedPart | undefined): SavedPart | undefined {
  if (!part || part.savepoint > 0 || part.part < 0) return part;
  return { ...part, body: encodePart(decodePart(part.body).slice(1)) };
}

/** What a savepoint needs is overwritten. */
function replaceKeep(): () => void {
  const original = PagePins.prototype.keep;
  PagePins.prototype.keep = () => {};
  return () => {
    PagePins.prototype.keep = original;
  };
}

/** Letting go of keys does nothing. */
function replaceNarrowing(): () => void {
  const original = Narrowing.prototype.step;
  Narrowing.prototype.step = () => true;
  return () => {
    Narrowing.prototype.step = original;
  };
}

/** A channel that is announced does not count for the time. */
function replaceTimeOfChannels(): () => void {
  const original = InputTime.prototype.apply;
  InputTime.prototype.apply = function (record) {
    if (record.kind !== RecordKind.Channel) original.call(this, record);
  };
  return () => {
    InputTime.prototype.apply = original;
  };
}

/** Of every part of a savepoint the first page is lost. */
function replaceAddPart(): () => void {
  const original = TaskRestore.prototype.addPart;
  TaskRestore.prototype.addPart = function (source, part) {
    return original.call(this, source, encodePart(decodePart(part).slice(1)));
  };
  return () => {
    TaskRestore.prototype.addPart = original;
  };
}

/** Of every change only what is now is sent. */
function replaceSendResults(): () => void {
  const original = TaskOutput.prototype.sendResults;
  TaskOutput.prototype.sendResults = function (results, offset) {
    const added = results.filter(({ weight }) => weight > 0n);
    return original.call(this, added, offset);
  };
  return () => {
    TaskOutput.prototype.sendResults = original;
  };
}

function replaceSendLate(): () => void {
  const original = TaskOutput.prototype.sendLate;
  TaskOutput.prototype.sendLate = () => {};
  return () => {
    TaskOutput.prototype.sendLate = original;
  };
}

function replaceAddSkipped(): () => void {
  const original = SkippedRecords.prototype.add;
  SkippedRecords.prototype.add = function (offset, { row: _, ...skipped }, neededOffset) {
    return original.call(this, offset, skipped, neededOffset);
  };
  return () => {
    SkippedRecords.prototype.add = original;
  };
}

/** Values of a chain lie where those of the first key group do. */
function replaceGet(): () => void {
  const original = StateTable.prototype.get;
  StateTable.prototype.get = function (_, key, window) {
    return original.call(this, 0, key, window);
  };
  return () => {
    StateTable.prototype.get = original;
  };
}
