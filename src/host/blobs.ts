/**
 * Where savepoints lie: named values that are written once.
 */

/** A call throws when the store cannot be reached; nobody knows then whether it was carried out. */
export interface BlobStore {
  put(name: string, body: Uint8Array): Promise<void>;
  get(name: string): Promise<Uint8Array | undefined>;
  delete(names: readonly string[]): Promise<void>;
}

/**
 * The task of a shard, or of a partition between stages, in a savepoint: its blobs' names begin with this.
 */
export function savedTaskName(savepoint: number, generation: number, shard: number): string {
  return `savepoints/${savepoint}/${generation}.${shard}`;
}

/** The same of what a task gives away when its partition is split. */
export function splitTaskName(split: number, run: number, generation: number, shard: number): string {
  return `splits/${split}/${run}/${generation}.${shard}`;
}

/** What the savepoint says of itself. */
export function manifestName(savepoint: number): string {
  return `savepoints/${savepoint}/manifest`;
}

export function stateName(task: string): string {
  return `${task}/state`;
}

export function partName(task: string, part: number): string {
  return `${task}/${part}`;
}
