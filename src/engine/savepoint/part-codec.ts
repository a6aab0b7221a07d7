/**
 * The pages of a task in a savepoint, in parts that each fit a value of SQLite and a request to a blob store.
 *
 * Part, version 1. Integers are little-endian.
 *
 *   OFFSET  SIZE  FIELD
 *        0     4  magic "MSP", version 1
 *        4     4  pages
 *        8     -  of each page: table u32, page bytes u32, the page as it is stored
 *        (`assembly/table/page.ts`),
 *                 which carries its first hash and its own checksum
 *
 *   v1  first version
 */
import { EngineError } from "../../base/errors.ts";
import { FieldReader, FieldWriter } from "../log/byte-fields.ts";

export interface SavedPage {
  readonly table: number;
  readonly bytes: Uint8Array;
}

const magic = 0x0150534d;
const headerBytes = 8;
const pageHeaderBytes = 8;

export function encodePart(pages: readonly SavedPage[]): Uint8Array {
  const length = pages.reduce((sum, { bytes }) => sum + pageHeaderBytes + bytes.byteLength, headerBytes);
  const part = new Uint8Array(length);
  const writer = new FieldWriter(part);
  writer.u32(magic);
  writer.u32(pages.length);
  for (const { table, bytes } of pages) {
    writer.u32(table);
    writer.u32(bytes.byteLength);
    writer.bytes(bytes);
  }
  return part;
}

/** Returns the pages, views of `part`. Throws `STATE_CORRUPT` or `VERSION_UNKNOWN`. */
export function decodePart(part: Uint8Array): SavedPage[] {
  const damage = (what: string) =>
    new EngineError("STATE_CORRUPT", { message: `A part of a savepoint is damaged: ${what}.` });
  const reader = new FieldReader(part, damage);
  const found = reader.u32();
  if ((found & 0xff_ffff) !== (magic & 0xff_ffff)) throw damage("it does not begin as one");
  if (found !== magic) {
    const message = `A part of a savepoint has version ${found >>> 24}; this release reads version 1.`;
    throw new EngineError("VERSION_UNKNOWN", { message });
  }
  const pages: SavedPage[] = [];
  for (let left = reader.u32(); left > 0; left--) {
    const table = reader.u32();
    pages.push({ table, bytes: reader.bytes(reader.u32()) });
  }
  if (reader.at !== part.byteLength) throw damage(`its pages end at byte ${reader.at} of ${part.byteLength}`);
  return pages;
}
