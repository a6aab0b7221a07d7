/**
 * A schema as the JSON decoder reads it: the DECODER and what it points to, in one block of kernel memory.
 *
 * The paths of the columns form a tree of names. Columns become slots in the tree's order, so that all
 * columns below a name are neighbors. Layouts: `assembly/json/abi.ts`.
 */
import { COLUMN_BYTES } from "../../assembly/abi.ts";
import {
  JSON_DECODER_BYTES,
  JSON_FIELD_BYTES,
  JSON_FIELD_HEAD,
  JSON_FIELD_LEAF_END,
  JSON_FIELD_NAME,
  JSON_FIELD_NAME_BYTES,
  JSON_FIELD_OBJECT,
  JSON_FIELD_SLOTS,
  JSON_FIELD_SLOTS_END,
  JSON_FIELDS,
  JSON_OBJECT_COUNT,
  JSON_OBJECT_FIELDS,
  JSON_REJECT_BYTES,
  JSON_REJECTS,
  JSON_REJECTS_MAX,
  JSON_SHAPE_BYTES,
  JSON_SHAPES,
  JSON_SHAPES_MAX,
  JSON_SLOT_BYTES,
  JSON_SLOT_COLUMN,
  JSON_SLOT_COUNT,
  JSON_SLOT_MAX,
  JSON_SLOT_MIN,
  JSON_SLOT_NULLABLE,
  JSON_SLOT_SCALE,
  JSON_SLOT_TAKES_TEXT,
  JSON_SLOT_TYPE,
  JSON_SLOTS,
  JSON_TYPE_BOOLEAN,
  JSON_TYPE_BYTES,
  JSON_TYPE_DATE,
  JSON_TYPE_DOUBLE,
  JSON_TYPE_EXACT,
  JSON_TYPE_INTEGER,
  JSON_TYPE_STRING,
  JSON_TYPE_TIMESTAMP,
} from "../../assembly/json/abi.ts";
import { assert } from "../base/assert.ts";
import { encodeUtf8 } from "../base/utf8.ts";
import type { Column, DataType, Schema } from "../columnar/schema.ts";
import type { KernelMemory } from "./kernel-memory.ts";

/**
 * Shapes of records that a decoder remembers: a record of n fields needs n + 1, and shapes share
 * beginnings.
 */
const shapesMax = 512;

/** A name in the tree of paths. */
interface NameNode {
  /** Columns whose path ends here, by their index. */
  readonly leaves: number[];
  readonly children: Map<string, NameNode>;
}

/** Allocates and fills the block of a schema's DECODER; position, batch and buffers are left zero. */
export function writeSchemaBlock(memory: KernelMemory, schema: Schema): number {
  const tree = treeOf(schema.columns);
  const rejectsBytes = align(JSON_REJECTS_MAX * JSON_REJECT_BYTES);
  const slotsBytes = schema.columns.length * JSON_SLOT_BYTES;
  const shapesBytes = shapesMax * JSON_SHAPE_BYTES;
  const fixedBytes = JSON_DECODER_BYTES + rejectsBytes + slotsBytes + shapesBytes;
  const block = memory.allocate(fixedBytes + treeBytes(tree));
  memory.bytes.fill(0, block, block + fixedBytes);
  const rejects = block + JSON_DECODER_BYTES;
  const shapes = rejects + rejectsBytes;
  const slots = shapes + shapesBytes;
  const view = memory.view;
  view.setUint32(block + JSON_REJECTS, rejects, true);
  view.setUint32(block + JSON_SHAPES, shapes, true);
  view.setUint32(block + JSON_SHAPES_MAX, canSpeculate(tree) ? shapesMax : 0, true);
  view.setUint32(block + JSON_SLOTS, slots, true);
  view.setUint32(block + JSON_SLOT_COUNT, schema.columns.length, true);
  const writer = new TreeWriter(memory, schema.columns, slots, slots + slotsBytes);
  view.setUint32(block + JSON_FIELDS, writer.object(tree), true);
  return block;
}

function treeOf(columns: readonly Column[]): NameNode {
  const root: NameNode = { leaves: [], children: new Map() };
  columns.forEach((column, index) => {
    const path = column.path ?? [column.name];
    assert(path.length > 0, "a column's path names at least one field");
    let node = root;
    for (const name of path) {
      assert(name.isWellFormed(), "names of fields have no surrogate without its partner");
      const child = node.children.get(name) ?? { leaves: [], children: new Map() };
      node.children.set(name, child);
      node = child;
    }
    node.leaves.push(index);
  });
  return root;
}

/** A shape has one column for a value; where two columns share one, every record is looked up. */
function canSpeculate(node: NameNode): boolean {
  if (node.leaves.length > 1 || (node.leaves.length > 0 && node.children.size > 0)) return false;
  return [...node.children.values()].every(canSpeculate);
}

/** Returns the most columns that one field has. */
export function columnsPerFieldMax(schema: Schema): number {
  const counts = new Map<string, number>();
  for (const { name, path } of schema.columns) {
    const key = JSON.stringify(path ?? [name]);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return Math.max(1, ...counts.values());
}

function treeBytes(node: NameNode): number {
  let bytes = align(JSON_OBJECT_FIELDS + node.children.size * JSON_FIELD_BYTES);
  for (const [name, child] of node.children) {
    bytes += align(encodeUtf8(name).length);
    if (child.children.size > 0) bytes += treeBytes(child);
  }
  return bytes;
}

function align(bytes: number): number {
  return Math.ceil(bytes / 16) * 16;
}

/** Writes slots, objects and names one behind the other. */
class TreeWriter {
  readonly #memory: KernelMemory;
  readonly #columns: readonly Column[];
  #slot: number;
  #next: number;

  constructor(memory: KernelMemory, columns: readonly Column[], slots: number, next: number) {
    this.#memory = memory;
    this.#columns = columns;
    this.#slot = slots;
    this.#next = next;
  }

  /** Writes the OBJECT of a node with all below it and returns its address. */
  object(node: NameNode): number {
    const object = this.#take(JSON_OBJECT_FIELDS + node.children.size * JSON_FIELD_BYTES);
    const view = this.#memory.view;
    view.setBigUint64(object, 0n, true);
    view.setUint32(object + JSON_OBJECT_COUNT, node.children.size, true);
    let field = object + JSON_OBJECT_FIELDS;
    for (const [name, child] of node.children) {
      this.#field(field, encodeUtf8(name), child);
      field += JSON_FIELD_BYTES;
    }
    return object;
  }

  #field(field: number, name: Uint8Array, node: NameNode): void {
    const view = this.#memory.view;
    const bytes = this.#take(name.length);
    this.#memory.bytes.set(name, bytes);
    const head = new DataView(new ArrayBuffer(8));
    name.subarray(0, 8).forEach((byte, index) => {
      head.setUint8(index, byte);
    });
    view.setBigUint64(field + JSON_FIELD_HEAD, head.getBigUint64(0, true), true);
    view.setUint32(field + JSON_FIELD_NAME, bytes, true);
    view.setUint32(field + JSON_FIELD_NAME_BYTES, name.length, true);
    view.setUint32(field + JSON_FIELD_SLOTS, this.#slot, true);
    for (const index of node.leaves) this.#writeSlot(index);
    view.setUint32(field + JSON_FIELD_LEAF_END, this.#slot, true);
    const object = node.children.size > 0 ? this.object(node) : 0;
    view.setUint32(field + JSON_FIELD_SLOTS_END, this.#slot, true);
    view.setUint32(field + JSON_FIELD_OBJECT, object, true);
  }

  #writeSlot(index: number): void {
    const column = this.#columns[index];
    assert(column, "a leaf names a column");
    const view = this.#memory.view;
    const slot = this.#slot;
    const { type, scale, min, max, takesText } = slotOf(column.type);
    view.setUint32(slot + JSON_SLOT_COLUMN, index * COLUMN_BYTES, true);
    view.setUint32(slot + JSON_SLOT_TYPE, type, true);
    view.setUint32(slot + JSON_SLOT_NULLABLE, column.nullable ? 1 : 0, true);
    view.setUint32(slot + JSON_SLOT_SCALE, scale, true);
    view.setBigInt64(slot + JSON_SLOT_MIN, min, true);
    view.setBigInt64(slot + JSON_SLOT_MAX, max, true);
    view.setUint32(slot + JSON_SLOT_TAKES_TEXT, takesText ? 1 : 0, true);
    this.#slot += JSON_SLOT_BYTES;
  }

  #take(bytes: number): number {
    const address = this.#next;
    this.#next += align(bytes);
    return address;
  }
}

interface Slot {
  readonly type: number;
  readonly scale: number;
  readonly min: bigint;
  readonly max: bigint;
  readonly takesText: boolean;
}

function slotOf(type: DataType): Slot {
  const plain = { scale: 0, min: 0n, max: 0n, takesText: false };
  switch (type.name) {
    case "BOOLEAN":
      return { ...plain, type: JSON_TYPE_BOOLEAN };
    case "INT":
      return { ...plain, type: JSON_TYPE_INTEGER, min: -(2n ** 31n), max: 2n ** 31n - 1n };
    case "BIGINT":
      return { scale: 0, type: JSON_TYPE_INTEGER, min: -(2n ** 63n), max: 2n ** 63n - 1n, takesText: true };
    case "DECIMAL": {
      const max = 10n ** BigInt(type.precision) - 1n;
      return { type: JSON_TYPE_EXACT, scale: type.scale, min: -max, max, takesText: true };
    }
    case "DOUBLE":
      return { ...plain, type: JSON_TYPE_DOUBLE };
    case "STRING":
      return { ...plain, type: JSON_TYPE_STRING };
    case "BYTES":
      return { ...plain, type: JSON_TYPE_BYTES };
    case "DATE":
      return { ...plain, type: JSON_TYPE_DATE };
    default:
      return { ...plain, type: JSON_TYPE_TIMESTAMP };
  }
}
