import { describe, expect, test } from "vitest";
import { type LogRecord, minWatermark, RecordKind } from "../../../../src/engine/log/records.ts";
import { InputTime } from "../../../../src/engine/time/input-time.ts";

type Kind = keyof typeof RecordKind;

function record(channel: string | undefined, kind: Kind, watermark: bigint): LogRecord {
  const mark = channel === undefined ? undefined : { channel, sequence: { offset: 1, part: 1 } };
  const nothing = { offset: 1, appendTime: 0, seed: 0n, frame: new Uint8Array(0), bytes: 0 };
  return { ...nothing, kind: RecordKind[kind], watermark, mark };
}

/** What holds after each record, as [watermark, isIdle]; undefined for a watermark that nothing has set. */
function course(
  inputs: readonly string[] | undefined,
  ...records: readonly (readonly [string | undefined, Kind, bigint])[]
) {
  const time = new InputTime(inputs ? { inputs } : {}, minWatermark, {});
  return records.map(([channel, kind, watermark]) => {
    time.apply(record(channel, kind, watermark));
    return [time.watermark === minWatermark ? undefined : time.watermark, time.isIdle];
  });
}

describe("the time of a shard", () => {
  test("is its log's, and never goes back", () => {
    const shard = course(
      undefined,
      [undefined, "Frame", 5n],
      [undefined, "Frame", 3n],
      [undefined, "Idle", minWatermark],
      [undefined, "Watermark", 7n],
      [undefined, "Frame", 8n],
      [undefined, "Tick", 9n],
    );
    expect(shard).toEqual([
      [5n, false],
      [5n, false],
      [5n, true],
      [7n, true],
      [8n, false],
      [9n, true],
    ]);
  });
});

describe("the time of a partition between stages", () => {
  test("is held by a channel that was not heard from, and by the slowest", () => {
    const both = course(["a", "b"], ["a", "Frame", 9n], ["b", "Watermark", 4n], ["b", "Frame", 6n]);
    expect(both).toEqual([
      [undefined, false],
      [4n, false],
      [6n, false],
    ]);
  });

  test("is not held by an idle channel, and is the farthest of all when all are idle", () => {
    const idle = course(
      ["a", "b"],
      ["a", "Frame", 9n],
      ["b", "Tick", minWatermark],
      ["a", "Tick", 12n],
      ["b", "Tick", 15n],
    );
    expect(idle).toEqual([
      [undefined, false],
      [9n, false],
      [12n, true],
      [15n, true],
    ]);
  });

  test("does not go back where a channel becomes active behind it, and waits for that one", () => {
    const back = course(
      ["a", "b"],
      ["a", "Frame", 9n],
      ["b", "Tick", 1n],
      ["b", "Frame", 3n],
      ["a", "Frame", 20n],
      ["b", "Frame", 15n],
    );
    expect(back.map(([watermark]) => watermark)).toEqual([undefined, 9n, 9n, 9n, 15n]);
  });

  test("waits for what still seems idle of a stage whose partitions are idle together", () => {
    const apart = ["7.0", "7.1", "3.0"];
    const told = [
      ["7.0", "Tick", 2n],
      ["7.1", "Tick", 3n],
      ["3.0", "Tick", 1n],
      ["7.1", "Watermark", 60n],
      ["7.0", "Watermark", 60n],
    ] as const;
    const timesOf = (idleTogether: readonly number[]) => {
      const time = new InputTime({ inputs: apart, idleTogether }, minWatermark, {});
      return told.map(([channel, kind, watermark]) => {
        time.apply(record(channel, kind, watermark));
        return time.watermark === minWatermark ? undefined : time.watermark;
      });
    };
    expect(timesOf([])).toEqual([undefined, undefined, 3n, 60n, 60n]);
    expect(timesOf([7])).toEqual([undefined, undefined, 3n, 3n, 60n]);
  });

  test("is moved by its own tick", () => {
    const ticked = course(["a"], ["a", "Tick", 3n], [undefined, "Tick", 10n], ["a", "Frame", 5n]);
    expect(ticked).toEqual([
      [3n, true],
      [10n, true],
      [10n, false],
    ]);
  });

  test("is the same after a restart", () => {
    const time = new InputTime({ inputs: ["a", "b"] }, minWatermark, {});
    for (const each of [record("a", "Frame", 9n), record("b", "Tick", 4n)]) time.apply(each);
    const restored = new InputTime(
      { inputs: ["a", "b"] },
      time.watermark,
      JSON.parse(JSON.stringify(time.state)),
    );
    expect([restored.watermark, restored.isIdle, restored.state]).toEqual([9n, false, time.state]);
    restored.apply(record("a", "Tick", 9n));
    expect([restored.watermark, restored.isIdle]).toEqual([9n, true]);
  });
});
