/**
 * Bugs that are planted on purpose, into the platform that the life simulates, between it and the product, or
 * into the product: a simulator that finds none of them finds nothing.
 */
export const plants = {
  "early-acknowledgement": "answers leave before what they promise is durable",
  "forgotten-alarm": "an object's alarm is set and never kept",
  "forgotten-producers": "a restart forgets what producers sent",
  "readable-epoch": "pages that a crash left half-written are read",
  "lost-letter": "every third row of letters is not stored",
  "lost-change": "every third row of a view's changes is not stored",
  "told-twice": "a hub passes on what it is told though its subscribers have it",
  "forgotten-replay": "a replay of dead letters that was not ended is begun anew under another number",
  "dropped-outbox": "what waits to be acknowledged is not in the checkpoint",
  "forgotten-edge": "of several edges of a task only the first one's messages are in the checkpoint",
  "left-behind": "a job that is stopped does not wait until streams have what it wrote to them",
  "lost-late-rows": "rows that come too late for a step are not sent to those who read them",
  "skipped-acceptance": "a channel's messages are logged whether they were before or not",
  "maximum-watermark": "a stage goes by the fastest of its channels instead of the slowest",
  "fastest-producer": "a shard goes by the fastest of its live producers instead of the slowest",
  "early-trim": "a log is trimmed before its task has applied it",
  "passed-barrier": "a stage takes in what lies behind a barrier before it has come by all channels",
  "lost-page": "a page of every part of a savepoint is not restored",
  "overwritten-page": "a page is overwritten though a savepoint still needs it as it was",
  "deleted-page": "pages of a dropped table are deleted though a savepoint still needs them",
  "lost-split-page": "a page of what a split takes along is not restored",
  "kept-keys": "a partition that was split keeps the keys that it gave away",
  "unannounced-channel": "receivers do not wait for the time of a partition that was split off",
  "clock-cut-frames": "the number of a message depends on the clock",
  "forgotten-retraction": "a result that changes is sent anew, and what it was is not taken back",
  "forgotten-timer": "no alarm is set for what only time makes due",
  "forgotten-spans": "a chain that is opened again does not know of which windows and times it has state",
  "half-a-record": "a checkpoint is taken while a record's rows are still on their way through a chain",
  "greedy-skip": "a job that is to go on without a row goes on without all rows of its record",
  "one-key-group": "what a chain keeps bears the first key group, whatever its rows came by",
} as const;

export type Plant = keyof typeof plants;

/** Those in what only statements of SQL run on. */
export const queryPlants: ReadonlySet<Plant> = new Set<Plant>([
  "forgotten-spans",
  "half-a-record",
  "greedy-skip",
  "one-key-group",
]);

/** Reads a plant's name; throws naming those that there are. */
export function readPlant(name: string): Plant {
  if (name in plants) return name as Plant;
  throw new Error(`There is no plant "${name}", expected one of ${Object.keys(plants).join(", ")}.`);
}
