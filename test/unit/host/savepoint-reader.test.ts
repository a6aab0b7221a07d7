/**
 * A savepoint read from its blobs alone is what the job's views showed at the cut, from any place on.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { partName, savedTaskName, stateName } from "../../../src/host/blobs.ts";
import { readSavedState } from "../../../src/host/query/read-saved-state.ts";
import { type SavedStage, writeManifest } from "../../../src/host/savepoint-manifest.ts";
import { type PlacedRow, readSavepoint } from "../../../src/host/savepoint-reader.ts";
import { orderArbitrary, orderRowOf, sortedRows } from "../../arbitraries/orders.ts";
import { framesOf, windowBodyOf, windowSpecArbitrary } from "../../arbitraries/partition-runs.ts";
import { hasDistinct } from "../../reference/cascade-batch.ts";
import { orderColumns, salesBody } from "../../reference/orders-batch.ts";
import { FlakyBlobs, MemoryBlobs } from "../../support/memory-blobs.ts";
import { releaseModule } from "../../support/partition-harness.ts";
import { StagesHarness } from "../../support/stages-harness.ts";

const module = releaseModule;
const savepoint = 7;
const stream = { columns: orderColumns, eventTime: { column: "time", outOfOrderness: 0 } };

/** Takes a savepoint of a job at rest, and puts it where a coordinator would. */
async function save(harness: StagesHarness, uids: readonly string[] = []): Promise<MemoryBlobs> {
  const operators = [...uids];
  const blobs = new MemoryBlobs();
  harness.beginSavepoint(savepoint);
  harness.settle();
  const stages: SavedStage[] = [];
  for (const [index, saved] of harness.upload().entries()) {
    const partitions = harness.stages[index] ?? [];
    const [{ identity, partition } = harness.source] = partitions;
    const { plan } = partition.jobs.taskOf("job");
    const operator = plan.send ? undefined : operators.shift();
    const { generation } = identity;
    stages.push({ generation, shards: partitions.length, plan, ...(operator && { operator }) });
    for (const [shard, { state, parts }] of saved.entries()) {
      const task = savedTaskName(savepoint, identity.generation, shard);
      await blobs.put(stateName(task), state);
      for (const [part, body] of parts.entries()) await blobs.put(partName(task, part), body);
    }
  }
  const times = { createdAt: 1, doneAt: 2 };
  await writeManifest(blobs, { version: 1, savepoint, job: "job", run: 1, ...times, stages, tasks: [] });
  return blobs;
}

async function rowsOf(blobs: MemoryBlobs, scan = {}): Promise<PlacedRow[]> {
  const rows: PlacedRow[] = [];
  for await (const row of readSavepoint({ blobs, module }, savepoint, scan)) rows.push(row);
  return rows;
}

function listOf({ values, isFinal }: Pick<PlacedRow, "values" | "isFinal">): unknown[] {
  return [...Object.values(values), isFinal];
}

const keyOf = ({ values }: Pick<PlacedRow, "values">) =>
  JSON.stringify([values.account, values.placed, values.large]);

/** Puts the slices of an open window together as its view does: how many rows it has of a key. */
function countIn(slices: readonly PlacedRow[], row: Pick<PlacedRow, "values">): number {
  const [start, end] = [String(row.values.window_start), String(row.values.window_end)];
  const within = slices.filter(
    ({ values }) => String(values.window_start) >= start && String(values.window_end) <= end,
  );
  const same = within.filter((slice) => keyOf(slice) === keyOf(row));
  return same.reduce((sum, { values }) => sum + Number(values.n), 0);
}

describe("the rows of a savepoint", { timeout: 60_000 }, () => {
  const job = (window: Parameters<typeof windowBodyOf>[0], parallelism: number) => {
    const quantities = { function: "count", argument: "quantity", distinct: true };
    const aggregates = { ...salesBody.aggregates, ...(hasDistinct(window) && { quantities }) };
    return { ...salesBody, aggregates, ...windowBodyOf(window, 0), parallelism };
  };

  test("are the view's rows, where a window is one slice or there is none", async () => {
    await fc.assert(
      fc.asyncProperty(
        windowSpecArbitrary.filter(({ kind }) => kind === "tumble" || kind === "none"),
        fc.integer({ min: 2, max: 4 }),
        framesOf(orderArbitrary),
        async (window, parallelism, frames) => {
          const harness = new StagesHarness({ stream }, job(window, parallelism));
          for (const frame of frames) harness.append(frame.map(orderRowOf));
          const blobs = await save(harness);
          const rows = await rowsOf(blobs);
          expect(sortedRows(rows.map(listOf))).toEqual(harness.rows());
          expect(rows.every(({ operator, isSlice }) => operator === "step-0" && !isSlice)).toBe(true);
        },
      ),
      { numRuns: 40 },
    );
  });

  test("are the results of windows that fired, and the slices of those that have not", async () => {
    await fc.assert(
      fc.asyncProperty(
        windowSpecArbitrary.filter(({ kind }) => kind === "hop" || kind === "cumulate"),
        framesOf(orderArbitrary),
        async (window, frames) => {
          const harness = new StagesHarness({ stream }, job(window, 2));
          for (const frame of frames) harness.append(frame.map(orderRowOf));
          const rows = await rowsOf(await save(harness));
          const shown = harness.rows().filter((row) => row.at(-1) === true);
          expect(sortedRows(rows.filter(({ isSlice }) => !isSlice).map(listOf))).toEqual(shown);
          const slices = rows.filter(({ isSlice }) => isSlice);
          const views = harness.stages.at(-1)?.flatMap((partition) => partition.scan("job").rows) ?? [];
          for (const row of views.filter(({ final }) => !final)) {
            expect(countIn(slices, row)).toBe(row.values.n);
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});

/** A job of two steps with some hundred keys. */
async function cascade(): Promise<{ harness: StagesHarness; blobs: MemoryBlobs }> {
  const body = {
    source: "events",
    ...{ key: ["account"], parallelism: 2, uid: "accounts", window: { type: "tumble", size: 100 } },
    aggregates: { n: { function: "count" } },
    steps: [
      {
        key: [],
        window: { type: "tumble", size: 200 },
        aggregates: { all: { function: "sum", argument: "n" } },
      },
    ],
  };
  const harness = new StagesHarness({ stream }, body);
  for (const time of [10, 150, 450]) {
    const row = { time, placed: null, cents: 1n, quantity: 1, rush: null };
    harness.append(
      Array.from({ length: 300 }, (_, account) => orderRowOf({ ...row, account: BigInt(account) })),
    );
  }
  return { harness, blobs: await save(harness, ["accounts", "step-1"]) };
}

test("pages follow each other to the end, by operator and all together", async () => {
  const { harness, blobs } = await cascade();
  const pagesOf = async (operator: string | undefined, limit: number) => {
    const rows: unknown[] = [];
    for (let cursor: string | undefined, pages = 0; pages < 1000; pages++) {
      const page = await readSavedState({ blobs, module }, savepoint, { operator, limit, cursor });
      if (!page.ok) throw new Error(page.error.message);
      rows.push(...page.value.rows);
      cursor = page.value.cursor;
      if (cursor === undefined) return rows;
      expect(page.value.rows).toHaveLength(limit);
    }
    throw new Error("the pages do not end");
  };
  const all = await pagesOf(undefined, 1000);
  expect(all).toHaveLength(harness.rows(1).length + harness.rows(2).length);
  expect(await pagesOf(undefined, 7)).toEqual(all);
  const accounts = await pagesOf("accounts", 100);
  expect(accounts).toHaveLength(900);
  expect(accounts[0]).toEqual({
    operator: "accounts",
    values: expect.objectContaining({ n: 1 }),
    final: true,
  });
  expect(await pagesOf("step-1", 5)).toEqual(all.slice(900));
});

test("what is not there, or cannot be read, is said", async () => {
  const { blobs } = await cascade();
  const read = (source = blobs, query: object = {}) =>
    readSavedState({ blobs: source, module }, savepoint, {
      operator: undefined,
      limit: 1000,
      cursor: undefined,
      ...query,
    });
  expect(await read(new MemoryBlobs())).toMatchObject({ error: { code: "SAVEPOINT_NOT_FOUND" } });
  expect(await read(blobs, { operator: "account" })).toMatchObject({
    error: { code: "SAVEPOINT_NOT_FOUND", message: expect.stringContaining('it has "accounts", "step-1"') },
  });
  expect(await read(blobs, { cursor: "abc" })).toMatchObject({ error: { code: "QUERY_INVALID" } });
  const away = new FlakyBlobs(["request lost"]);
  expect(
    await readSavedState({ blobs: away, module }, savepoint, {
      operator: undefined,
      limit: 1,
      cursor: undefined,
    }),
  ).toMatchObject({
    error: { code: "PARTITION_UNAVAILABLE" },
  });
  const part = [...blobs.bodies.keys()].find((name) => name.endsWith("/0")) ?? "";
  blobs.bodies.get(part)?.fill(0x55, 200, 260);
  expect(await read()).toMatchObject({ error: { code: "STATE_CORRUPT" } });
  for (const [text, code] of [
    ["{", "STATE_CORRUPT"],
    ['{"version":2}', "VERSION_UNKNOWN"],
  ] as const) {
    blobs.bodies.set(`savepoints/${savepoint}/manifest`, new TextEncoder().encode(text));
    expect(await read()).toMatchObject({ error: { code } });
  }
});
