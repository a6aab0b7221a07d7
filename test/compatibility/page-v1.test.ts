/**
 * Pages of version 1, as the first release wrote them: every later release reads these bytes as these cells.
 *
 * The table was split, so its two pages have local depth 1; they hold one accumulator of every kind. In
 * `cells.json` integers are decimal text, doubles are JavaScript's text, bytes and hashes are hexadecimal.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { KIND_BYTES, KIND_F64, KIND_I64 } from "../../assembly/abi.ts";
import { MiB } from "../../src/base/limits.ts";
import type { LaneValue } from "../../src/columnar/values.ts";
import { Kernel } from "../../src/kernel/kernel.ts";
import { PageCache } from "../../src/kernel/page-cache.ts";
import { type AccumulatorSpec, TableLayout } from "../../src/kernel/table-layout.ts";
import { kernelBuilds } from "../support/kernels.ts";
import { applyRows } from "../support/keyed-rows.ts";

/** The specs of the release that wrote the pages, in its order. */
const specs: readonly AccumulatorSpec[] = [
  { operation: "count" },
  { operation: "count" },
  { operation: "sumDecimal", nullable: true },
  { operation: "sum", kind: KIND_I64, nullable: true },
  { operation: "sum", kind: KIND_F64, nullable: true },
  ...([KIND_I64, KIND_F64, KIND_BYTES] as const).flatMap((kind) =>
    (["min", "max", "first", "last"] as const).map((operation) => ({ operation, kind, nullable: true })),
  ),
];

interface GoldenCell {
  readonly hash: string;
  readonly changed: string;
  readonly key: string;
  readonly keyNulls: number;
  readonly accumulators: readonly (string | null)[];
}

const read = (name: string) => readFileSync(new URL(`page-v1/${name}`, import.meta.url), "utf8");
const pages = ["page-0.hex", "page-1.hex"].map(
  (name) => new Uint8Array(Buffer.from(read(name).replaceAll("\n", ""), "hex")),
);
const golden = JSON.parse(read("cells.json")) as readonly (readonly GoldenCell[])[];

function printed(value: LaneValue): string | null {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return Object.is(value, -0) ? "-0" : value === null ? null : String(value);
}

describe.each(kernelBuilds)("%s kernel", (_, module) => {
  const open = () => {
    const kernel = new Kernel(module);
    const cache = new PageCache(kernel, { budgetBytes: MiB });
    const layout = new TableLayout(kernel.memory, specs);
    const table = cache.openTable(layout, (hash) => ({ bytes: pages[Number(hash >> 63n)] as Uint8Array }));
    return { kernel, cache, layout, table };
  };

  test("reads the cells of pages that version 1 wrote, in their order", () => {
    const cells = [...open().table.pages()].map((page) =>
      [...page.cells()].map(({ hash, changed, key, keyNulls, accumulators }) => ({
        hash: hash.toString(16).padStart(16, "0"),
        changed: String(changed),
        key: printed(key),
        keyNulls,
        accumulators: accumulators.map(printed),
      })),
    );
    expect(cells).toEqual(golden);
  });

  test("finds the keys of such pages and goes on with them", () => {
    const { kernel, cache, layout, table } = open();
    for (const cell of golden.flat()) {
      const key = {
        bytes: new Uint8Array(Buffer.from(cell.key, "hex")),
        nulls: cell.keyNulls,
        hash: BigInt(`0x${cell.hash}`),
      };
      const before = table.lookup(key.bytes, key.nulls, key.hash)?.accumulators[0] as bigint;
      expect(String(before)).toBe(cell.accumulators[0]);
      cache.beginBatch();
      const rows = [{ key, values: [undefined, ...specs.slice(1).map(() => null)] }];
      applyRows(kernel, layout, specs, table, rows, { appendTime: 9n, orderBase: 0n });
      expect(table.lookup(key.bytes, key.nulls, key.hash)?.accumulators[0]).toBe(before + 1n);
    }
    expect([...table.cells()].length).toBe(golden.flat().length);
  });
});
