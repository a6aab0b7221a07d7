/**
 * The pages of a task in a savepoint, in parts that each fit a value of SQLite and a request to a blob store.
 *
 * Part, version 2. Integers are little-endian.
 *
 *   OFFSET  SIZE  FIELD
 *        0     4  magic "MSP", version
 *        4     4  pages
 *        8     -  of each page: table u32, page bytes u32, the page as it is stored
 *        (`assembly/table/page.ts`),
 *                 which carries its first hash and its own checksum
 *        -     4  checksum        XXH32 of all bytes before it
 *
 *   v1  first version, without the checksum; still read
 *   v2  checksum: a page that is in order belongs to no other table
 */
import { EngineError } from "../../base/errors.ts";
import { checksumBytes, FieldReader, FieldWriter } from "../log/byte-fields.ts";

export interface SavedPage {
  readonly table: number;
  readonly bytes: Uint8Array;
}

const magic = 0x50534d;
const version = 2;
const versionWithoutChecksum = 1;
const headerBytes = 8;
const pageHeaderBytes = 8;

export function encodePart(pages: readonly SavedPage[]): Uint8Array {
  const length = pages.reduce((sum, { bytes }) => sum + pageHeaderBytes + bytes.byteLength, headerBytes);
  const part = new Uint8Array(length + checksumBytes);
  const writer = new FieldWriter(part);
  writer.u32(magic | (version << 24));
  writer.u32(pages.length);
  for (const { table, bytes } of pages) {
    writer.u32(table);
    writer.u32(bytes.byteLength);
    writer.bytes(bytes);
  }
  writer.checksum();
  return part;
}

/** Returns the pages, views of `part`. Throws `STATE_CORRUPT` or `VERSION_UNKNOWN`. */
export function decodePart(part: Uint8Array): SavedPage[] {
  const damage = (what: string) =>
    new EngineError("STATE_CORRUPT", {
      message: `A part of a savepoint is damaged: ${what}. Restore another savepoint.`,
    });
  const reader = new FieldReader(part, damage);
  const found = reader.u32();
  if ((found & 0xff_ffff) !== magic) throw damage("it does not begin as one");
  const foundVersion = found >>> 24;
  if (foundVersion < versionWithoutChecksum || foundVersion > version) {
    const message = `A part of a savepoint has version ${foundVersion}; this release reads versions 1 and 2.`;
    throw new EngineError("VERSION_UNKNOWN", { message });
  }
  const isChecked = foundVersion === version;
  if (isChecked) reader.verify(part.byteLength);
  const pages: SavedPage[] = [];
  for (let left = reader.u32(); left > 0; left--) {
    const table = reader.u32();
    pages.push({ table, bytes: reader.bytes(reader.u32()) });
  }
  const end = reader.at + (isChecked ? checksumBytes : 0);
  if (end !== part.byteLength) throw damage(`its pages end at byte ${end} of ${part.byteLength}`);
  return pages;
}
