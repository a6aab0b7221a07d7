/**
 * Where this deployment keeps savepoints: the bucket that is bound, else the folder, else nowhere.
 */
import type { BlobStore } from "../host/blobs.ts";
import { BucketBlobs } from "./bucket-blobs.ts";
import { DiskBlobs } from "./disk-blobs.ts";
import type { Environment } from "./environment.ts";

/** Returns the store that is bound; undefined where none is. */
export function blobsOf({ SAVEPOINTS, SAVEPOINTS_DISK }: Environment): BlobStore | undefined {
  if (SAVEPOINTS) return new BucketBlobs(SAVEPOINTS);
  return SAVEPOINTS_DISK && new DiskBlobs(SAVEPOINTS_DISK);
}
