/**
 * Reading a savepoint without its job: every row that its tasks kept, from the blob store alone.
 *
 * One part lies in memory at a time, however large the savepoint is. Rows come operator by operator, in each
 * by partition and page; a row's place says where a reading can go on.
 */
import { EngineError } from "../base/errors.ts";
import { decodePart } from "../engine/savepoint/part-codec.ts";
import { cacheForReading, type SavedRow, SavedRows } from "../engine/savepoint/saved-rows.ts";
import { readTaskState } from "../engine/savepoint/task-state.ts";
import type { PageCache } from "../kernel/page-cache.ts";
import { type BlobStore, partName, savedTaskName, stateName } from "./blobs.ts";
import { readManifest, type SavedStage } from "./savepoint-manifest.ts";

export interface SavepointSource {
  readonly blobs: BlobStore;
  /** The kernel's module: pages are read as it lays them out. */
  readonly module: WebAssembly.Module;
}

/** Where a row lies: its stage, partition, part, and how many rows of that part come before it. */
export interface SavedRowPlace {
  readonly stage: number;
  readonly shard: number;
  readonly part: number;
  readonly row: number;
}

export interface PlacedRow extends SavedRow {
  /** The step's `uid`, else its place. */
  readonly operator: string;
  readonly place: SavedRowPlace;
}

export interface SavepointScan {
  /** Only this operator's rows. */
  readonly operator?: string | undefined;
  /** From here on. */
  readonly from?: SavedRowPlace | undefined;
}

/**
 * Yields the rows of a savepoint. Throws `SAVEPOINT_NOT_FOUND`, also where it has no such operator, and
 * `STATE_CORRUPT` or `VERSION_UNKNOWN` for what cannot be read.
 */
export async function* readSavepoint(
  { blobs, module }: SavepointSource,
  savepoint: number,
  { operator, from = beginning }: SavepointScan = {},
): AsyncGenerator<PlacedRow> {
  const { stages } = await readManifest(blobs, savepoint);
  const cache = cacheForReading(module);
  const stateful = operatorsIn(stages);
  const wanted = stateful.filter(([, name]) => operator === undefined || name === operator);
  if (wanted.length === 0) {
    const names = stateful.map(([, name]) => `"${name}"`).join(", ");
    const message = `Savepoint ${savepoint} has no operator "${operator}"; it has ${names}.`;
    throw new EngineError("SAVEPOINT_NOT_FOUND", { message });
  }
  for (const [stage, name] of wanted) {
    const { generation, shards } = stages[stage] as SavedStage;
    if (stage < from.stage) continue;
    for (let shard = stage === from.stage ? from.shard : 0; shard < shards; shard++) {
      const isFirst = stage === from.stage && shard === from.shard;
      const start = isFirst ? from : beginning;
      const rows = rowsOfTask(blobs, cache, savedTaskName(savepoint, generation, shard), start);
      for await (const { part, row, saved } of rows) {
        yield { ...saved, operator: name, place: { stage, shard, part, row } };
      }
    }
  }
}

/** The stages that keep state, with the names of their operators. */
export function operatorsIn(
  stages: readonly Pick<SavedStage, "plan" | "operator">[],
): (readonly [stage: number, operator: string])[] {
  const stateful = [...stages.keys()].filter((stage) => stages[stage]?.plan.send === undefined);
  return stateful.map((stage, place) => [stage, stages[stage]?.operator ?? `step-${place}`]);
}

async function* rowsOfTask(
  blobs: BlobStore,
  cache: PageCache,
  task: string,
  from: Pick<SavedRowPlace, "part" | "row">,
): AsyncGenerator<{ readonly part: number; readonly row: number; readonly saved: SavedRow }> {
  const state = readTaskState(await read(blobs, stateName(task)));
  const reader = new SavedRows(cache, state);
  try {
    for (let { part } = from; part < state.parts; part++) {
      const pages = decodePart(await read(blobs, partName(task, part)));
      const first = part === from.part ? from.row : 0;
      let row = 0;
      for (const page of pages) {
        for (const saved of reader.rowsOf(page)) {
          if (row >= first) yield { part, row, saved };
          row++;
        }
      }
    }
  } finally {
    reader.release();
  }
}

const beginning = { stage: 0, shard: 0, part: 0, row: 0 } as const satisfies SavedRowPlace;

async function read(blobs: BlobStore, name: string): Promise<Uint8Array> {
  const body = await blobs.get(name);
  if (body) return body;
  throw new EngineError("SAVEPOINT_NOT_FOUND", { message: `The savepoint lacks ${name}.` });
}
