/**
 * A page between memory and storage: what is checked when it comes, what is cleared when it goes, and its
 * tag.
 *
 * The format is drawn in `assembly/table/page.ts`.
 */
import {
  PAGE_BYTES,
  PAGE_CELL_BYTES,
  PAGE_CELL_COUNT,
  PAGE_CHECKSUM,
  PAGE_DIRTY,
  PAGE_FIRST_HASH,
  PAGE_HEADER_BYTES,
  PAGE_LOCAL_DEPTH,
  PAGE_MAGIC,
  PAGE_MAGIC_V1,
  PAGE_TAG,
} from "../../assembly/abi.ts";
import { pageBytesMax } from "../base/limits.ts";
import type { Kernel } from "./kernel.ts";
import type { KernelMemory } from "./kernel-memory.ts";
import { nextHashOf } from "./page-view.ts";
import type { TableLayout } from "./table-layout.ts";

/** Returns a copy of the page as it is stored. */
export function pageBytesToStore(kernel: Kernel, page: number): Uint8Array {
  const { memory, exports } = kernel;
  const length = memory.view.getUint32(page + PAGE_BYTES, true);
  const kept = memory.bytes.slice(page + PAGE_DIRTY, page + PAGE_HEADER_BYTES);
  memory.bytes.fill(0, page + PAGE_DIRTY, page + PAGE_HEADER_BYTES);
  memory.view.setUint32(page + PAGE_CHECKSUM, 0, true);
  const checksum = Number(exports.hashBytes(page, length, 0n) & 0xffff_ffffn);
  const copy = memory.bytes.slice(page, page + length);
  memory.bytes.set(kept, page + PAGE_DIRTY);
  new DataView(copy.buffer).setUint32(PAGE_CHECKSUM, checksum, true);
  return copy;
}

/**
 * Says what is wrong with the stored page copied to `page`, undefined where nothing is; its checksum is then
 * cleared.
 *
 * `version` is set where a later release wrote it.
 */
export function storedPageProblem(
  kernel: Kernel,
  layout: TableLayout,
  page: number,
  length: number,
  hash: bigint,
): { readonly sentence: string; readonly version?: number } | undefined {
  const { memory, exports } = kernel;
  const view = memory.view;
  const magic = view.getUint32(page + PAGE_MAGIC, true);
  if ((magic & 0xff_ffff) !== (PAGE_MAGIC_V1 & 0xff_ffff)) return { sentence: "does not begin as a page" };
  if (magic !== PAGE_MAGIC_V1) return { sentence: "has another version", version: magic >>> 24 };
  const isSize = length <= pageBytesMax && (length & (length - 1)) === 0;
  if (!isSize || view.getUint32(page + PAGE_BYTES, true) !== length) {
    return { sentence: `has ${length} bytes, which its header does not say` };
  }
  const checksum = view.getUint32(page + PAGE_CHECKSUM, true);
  view.setUint32(page + PAGE_CHECKSUM, 0, true);
  if (Number(exports.hashBytes(page, length, 0n) & 0xffff_ffffn) !== checksum) {
    return { sentence: "has a wrong checksum" };
  }
  for (let at = PAGE_DIRTY; at < PAGE_HEADER_BYTES; at += 8) {
    if (view.getBigUint64(page + at, true) !== 0n) return { sentence: "has bits where zeros must be" };
  }
  const cellBytes = view.getUint16(page + PAGE_CELL_BYTES, true);
  if (cellBytes !== layout.cellBytes || view.getUint32(page + PAGE_CELL_COUNT, true) * cellBytes > length) {
    return { sentence: `has cells of ${cellBytes} bytes; the table's have ${layout.cellBytes}` };
  }
  const firstHash = view.getBigUint64(page + PAGE_FIRST_HASH, true);
  const nextHash = nextHashOf(firstHash, view.getUint16(page + PAGE_LOCAL_DEPTH, true));
  if (hash < firstHash || (nextHash !== undefined && hash >= nextHash))
    return { sentence: "covers other hashes" };
  return undefined;
}

/** The hashes that a stored page covers: [firstHash, nextHash); undefined = to the end of the hashes. */
export function storedPageRange(bytes: Uint8Array): { firstHash: bigint; nextHash: bigint | undefined } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const firstHash = view.getBigUint64(PAGE_FIRST_HASH, true);
  return { firstHash, nextHash: nextHashOf(firstHash, view.getUint16(PAGE_LOCAL_DEPTH, true)) };
}

/** The engine's number kept with the page; it lies in the header as tag + 1, so that zero is none. */
export function pageTag(memory: KernelMemory, page: number): number | undefined {
  const tag = memory.view.getFloat64(page + PAGE_TAG, true);
  return tag === 0 ? undefined : tag - 1;
}

export function setPageTag(memory: KernelMemory, page: number, tag: number | undefined): void {
  memory.view.setFloat64(page + PAGE_TAG, tag === undefined ? 0 : tag + 1, true);
}
