/**
 * What a savepoint says of itself, beside its tasks in the blob store: with it everything can be found,
 * though the coordinator that took it is gone. JSON, written last; fields are only added.
 *
 *   v1  first version
 */
import { EngineError } from "../base/errors.ts";
import { encodeUtf8 } from "../base/utf8.ts";
import type { TaskPlan } from "../engine/plan/task-plan.ts";
import type { KeyGroupRange } from "../engine/shard-map.ts";
import { type BlobStore, manifestName } from "./blobs.ts";

export interface SavepointManifest {
  readonly version: 1;
  readonly savepoint: number;
  readonly job: string;
  readonly run: number;
  /** In ms since 1970. */
  readonly createdAt: number;
  readonly doneAt: number;
  /** From the sources on; the plan's `send` tells those that keep no state. */
  readonly stages: readonly SavedStage[];
  readonly tasks: readonly { readonly name: string; readonly parts: number; readonly bytes: number }[];
}

/** A stage as it was: which stream it read in how many partitions, and what its tasks ran. */
export interface SavedStage {
  readonly generation: number;
  readonly shards: number;
  /** The key groups of each, where some were split. */
  readonly ranges?: readonly KeyGroupRange[];
  readonly plan: TaskPlan;
  /** The name of its state; absent where it keeps none. */
  readonly operator?: string;
  /** Numbers of the stages that sent to it; absent for one in the shards of a stream that people made. */
  readonly from?: readonly number[];
}

export async function writeManifest(blobs: BlobStore, manifest: SavepointManifest): Promise<void> {
  const body = encodeUtf8(JSON.stringify(manifest));
  await blobs.put(manifestName(manifest.savepoint), body);
}

/** Throws `SAVEPOINT_NOT_FOUND`, `STATE_CORRUPT` or `VERSION_UNKNOWN`. */
export async function readManifest(blobs: BlobStore, savepoint: number): Promise<SavepointManifest> {
  const body = await blobs.get(manifestName(savepoint));
  if (!body) throw new EngineError("SAVEPOINT_NOT_FOUND", { message: `There is no savepoint ${savepoint}.` });
  const manifest = parse(body);
  if (manifest?.version === 1) return manifest as SavepointManifest;
  if (!Number.isSafeInteger(manifest?.version)) {
    throw new EngineError("STATE_CORRUPT", { message: `The manifest of savepoint ${savepoint} is damaged.` });
  }
  throw new EngineError("VERSION_UNKNOWN", {
    message: `Savepoint ${savepoint} has version ${manifest?.version}; this release reads version 1.`,
  });
}

function parse(body: Uint8Array): { readonly version?: unknown } | null {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return null;
  }
}
