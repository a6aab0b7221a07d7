/**
 * Counts and sums by key in LevelDB, the way one does it there: for each batch of rows all of its keys are
 * read at once, changed, and written as one batch.
 *
 * It has the memory that the engine has: most of it for its cache of blocks, the rest for its buffer of
 * writes. It too does not wait for the disk. Compaction runs in a thread of its own.
 */
import { ClassicLevel } from "classic-level";
import type { KeyedAmounts } from "../inputs/keyed-amounts.ts";

const valueBytes = 24;

export class LevelTotals {
  readonly #level: ClassicLevel<Uint8Array, Uint8Array>;

  constructor(level: ClassicLevel<Uint8Array, Uint8Array>) {
    this.#level = level;
  }

  static async open(path: string, memoryBytes: number): Promise<LevelTotals> {
    const level = new ClassicLevel<Uint8Array, Uint8Array>(path, {
      keyEncoding: "view",
      valueEncoding: "view",
      cacheSize: (memoryBytes / 4) * 3,
      writeBufferSize: memoryBytes / 8,
    });
    await level.open();
    return new LevelTotals(level);
  }

  /** A state of one row a key, in the order of keys: the one in which LevelDB is filled best. */
  async fill(count: number, amountOf: (key: number) => number): Promise<void> {
    const rowsPerBatch = 20_000;
    for (let from = 0; from < count; from += rowsPerBatch) {
      const batch = this.#level.batch();
      for (let key = from; key < Math.min(count, from + rowsPerBatch); key++) {
        batch.put(keyOf(key), changed(undefined, 1, amountOf(key), amountOf(key)));
      }
      await batch.write();
    }
  }

  async apply({ keys, amounts }: KeyedAmounts): Promise<void> {
    const changes = new Map<number, { count: number; sum: number; most: number }>();
    for (let row = 0; row < keys.length; row++) {
      const [key, amount] = [keys[row] as number, amounts[row] as number];
      const known = changes.get(key);
      if (!known) {
        changes.set(key, { count: 1, sum: amount, most: amount });
        continue;
      }
      known.count++;
      known.sum += amount;
      if (amount > known.most) known.most = amount;
    }
    const names = [...changes.keys()].sort((left, right) => left - right);
    const places = names.map(keyOf);
    const values = await this.#level.getMany(places);
    const batch = this.#level.batch();
    names.forEach((name, index) => {
      const { count, sum, most } = changes.get(name) as { count: number; sum: number; most: number };
      batch.put(places[index] as Uint8Array, changed(values[index], count, sum, most));
    });
    await batch.write();
  }

  async *totals(): AsyncGenerator<{ key: number; count: number; sum: number }> {
    const iterator = this.#level.iterator({ highWaterMarkBytes: 1_000_000 });
    for (;;) {
      const entries = await iterator.nextv(10_000);
      if (entries.length === 0) break;
      for (const [key, value] of entries) {
        yield {
          key: viewOf(key).getUint32(0),
          count: viewOf(value).getFloat64(0),
          sum: viewOf(value).getFloat64(8),
        };
      }
    }
    await iterator.close();
  }

  async close(): Promise<void> {
    await this.#level.close();
  }
}

/** Big-endian, so that keys lie in the order of their numbers. */
function keyOf(key: number): Uint8Array {
  const bytes = new Uint8Array(8);
  viewOf(bytes).setUint32(0, key);
  return bytes;
}

function changed(value: Uint8Array | undefined, count: number, sum: number, most: number): Uint8Array {
  const bytes = new Uint8Array(valueBytes);
  const [old, view] = [value && viewOf(value), viewOf(bytes)];
  view.setFloat64(0, count + (old?.getFloat64(0) ?? 0));
  view.setFloat64(8, sum + (old?.getFloat64(8) ?? 0));
  view.setFloat64(16, Math.max(most, old?.getFloat64(16) ?? most));
  return bytes;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
