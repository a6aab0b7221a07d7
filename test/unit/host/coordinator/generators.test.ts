/** Rows that the coordinator makes: when, how many, and each once whatever gets lost. */
import { expect, test } from "vitest";
import { EngineError, errorBodyOf } from "../../../../src/base/errors.ts";
import type { RpcResult } from "../../../../src/engine/partition-types.ts";
import type { GeneratedStreams } from "../../../../src/host/coordinator/generators.ts";
import type { RowGenerator } from "../../../../src/protocol/row-generator.ts";
import { jobOf, streamOf } from "../definitions.ts";
import { AlarmedCoordinator } from "./alarmed-coordinator.ts";

const generator: RowGenerator = {
  rowsPerSecond: 3,
  numberOfRows: 8,
  columns: [
    {
      name: "id",
      type: { name: "INT", isNullable: true },
      values: { kind: "sequence", start: "1" },
      nullRate: 0,
    },
    {
      name: "chance",
      type: { name: "DOUBLE", isNullable: true },
      values: { kind: "numbers", min: 0, max: 1 },
      nullRate: 0.5,
    },
  ],
};

const error = errorBodyOf(new EngineError("PARTITION_UNAVAILABLE", { message: "lost" }));
const lost: RpcResult<unknown> = { ok: false, error };

interface Sent {
  readonly sequence: number;
  readonly text: string;
}

class SentBatches implements GeneratedStreams {
  readonly sent: Sent[] = [];
  ends = 0;
  answers: RpcResult<unknown> = { ok: true, value: null };

  async append(_stream: string, body: Uint8Array, sequence: number): Promise<RpcResult<unknown>> {
    this.sent.push({ sequence, text: new TextDecoder().decode(body) });
    return this.answers;
  }

  async end(): Promise<RpcResult<unknown>> {
    this.ends++;
    return this.answers;
  }

  get ids(): number[] {
    return this.sent.flatMap(({ text }) => JSON.parse(text).map(({ id }: { id: number }) => id));
  }
}

async function withStream(): Promise<{ harness: AlarmedCoordinator; made: SentBatches }> {
  const made = new SentBatches();
  const harness = new AlarmedCoordinator(made);
  await harness.coordinator.putStream("clicks", { ...streamOf(), generator });
  return { harness, made };
}

test("nothing is made that nobody reads; then a batch each second, and the end", async () => {
  const { harness, made } = await withStream();
  await harness.pass(5000);
  expect(made.sent).toEqual([]);
  await harness.coordinator.putJob("count", jobOf());
  await harness.pass(0);
  expect(made.ids).toEqual([1, 2, 3]);
  await harness.pass(1000);
  expect(made.ids).toEqual([1, 2, 3, 4, 5, 6]);
  expect(made.ends).toBe(0);
  await harness.pass(10_000);
  expect(made.ids).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(made.sent.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
  expect(made.ends).toBe(1);
});

test("what was not answered is sent again as it was, by another process too", async () => {
  const { harness, made } = await withStream();
  made.answers = lost;
  await harness.coordinator.putJob("count", jobOf());
  await harness.pass(0);
  harness.restart();
  await harness.pass(2500);
  const [first, ...others] = made.sent;
  expect(others.length).toBeGreaterThanOrEqual(2);
  for (const other of others) expect(other).toEqual(first);
  made.answers = { ok: true, value: null };
  await harness.pass(20_000);
  const bySequence = new Map(made.sent.map(({ sequence, text }) => [sequence, text]));
  expect([...bySequence.values()].flatMap((text) => JSON.parse(text)).map(({ id }) => id)).toEqual([
    1, 2, 3, 4, 5, 6, 7, 8,
  ]);
});

test("a paused job has none made, and time that passes is not made up for", async () => {
  const { harness, made } = await withStream();
  await harness.coordinator.putJob("count", jobOf());
  await harness.pass(0);
  expect(await harness.coordinator.setJobState("count", "paused")).toMatchObject({ ok: true });
  await harness.pass(60_000);
  expect(made.ids).toEqual([1, 2, 3]);
  await harness.coordinator.setJobState("count", "running");
  await harness.pass(0);
  expect(made.ids).toEqual([1, 2, 3, 4, 5, 6]);
});

test("a stream that is deleted and made again begins anew", async () => {
  const { harness, made } = await withStream();
  await harness.coordinator.putJob("count", jobOf());
  await harness.pass(0);
  await harness.coordinator.deleteJob("count");
  await harness.coordinator.deleteStream("clicks");
  await harness.pass(5000);
  expect(made.ids).toEqual([1, 2, 3]);
  await harness.coordinator.putStream("clicks", { ...streamOf(), generator });
  await harness.coordinator.putJob("count", jobOf());
  await harness.pass(0);
  expect(made.ids).toEqual([1, 2, 3, 1, 2, 3]);
});

test("how rows are made cannot change, and a stream does not begin to make them", async () => {
  const { harness } = await withStream();
  for (const definition of [{ ...streamOf(), generator: { ...generator, rowsPerSecond: 4 } }, streamOf()]) {
    expect(await harness.coordinator.putStream("clicks", definition)).toMatchObject({
      error: { code: "STREAM_CONFLICT", message: expect.stringContaining("how its rows are made") },
    });
  }
});

test("a batch whose number was taken by another is not made again and again", async () => {
  const { harness, made } = await withStream();
  const reused = new EngineError("PRODUCER_SEQUENCE_REUSED", { message: "another body" });
  made.answers = { ok: false, error: errorBodyOf(reused) };
  await harness.coordinator.putJob("count", jobOf());
  await harness.pass(2000);
  expect(made.sent.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
});
