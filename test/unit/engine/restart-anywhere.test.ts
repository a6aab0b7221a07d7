/**
 * An object that ends in the middle of its work: behind any of its turns, or within it. Windows fire,
 * checkpoints are written ahead page by page, the log is trimmed, dropped tables are deleted and a savepoint
 * is uploaded meanwhile; whoever starts again comes to the same.
 */
import { describe, expect, test } from "vitest";
import { PartitionHarness, type Row } from "../../support/partition-harness.ts";

const stream = {
  columns: [
    { name: "user", type: "STRING" },
    { name: "time", type: "TIMESTAMP(3)" },
  ],
  eventTime: { column: "time", outOfOrderness: "1s" },
};
const job = {
  source: "events",
  key: ["user"],
  window: { type: "hop", size: "20s", slide: "10s" },
  aggregates: { n: { function: "count" } },
  retention: "1 min",
};

/** Turns from one that is tried to the next; STRIDE=1 tries all. */
const stride = Number(process.env.STRIDE ?? 4);

const at = (second: number) => new Date(second * 1000).toISOString().replace("T", " ").replace("Z", "");

/** What a life came to. */
interface Outcome {
  readonly rows: unknown[][];
  readonly letters: unknown;
  readonly counts: unknown;
  /** Pages by place, as they were uploaded. */
  readonly uploaded: number;
}

/** Ends the object at one of its turns; counts what it did by kind until then. */
class Ending {
  turns = 0;
  readonly #at: number;
  readonly #isWithin: boolean;
  readonly harness = new PartitionHarness({
    stream,
    identity: { retention: { timeMs: 60_000, bytesMax: 2_000 } },
    checkpointTurnBytes: 1,
  });
  readonly kinds = new Set<string>();

  constructor(turn: number, isWithin: boolean) {
    this.#at = turn;
    this.#isWithin = isWithin;
    this.harness.startJob("job", job);
    this.harness.storage.beforeStatement = ({ statement }) => {
      this.kinds.add(
        /^(DELETE FROM|INSERT OR REPLACE INTO|INSERT INTO|UPDATE) \w+/.exec(statement)?.[0] ?? "",
      );
    };
  }

  /** A turn: within the chosen one its writes are dropped, and the next object does it again. */
  turn<Value>(work: () => Value): Value {
    this.turns++;
    const isChosen = this.turns === this.#at;
    if (isChosen && this.#isWithin) {
      work();
      this.harness.crash();
    }
    const value = this.harness.turn(work);
    if (isChosen && !this.#isWithin) this.harness.crash();
    return value;
  }

  settle(): void {
    while (this.turn(() => this.harness.partition.step()) > 0) this.#upload();
    this.#upload();
  }

  /** Sends a part of a savepoint away, as the host does: a part is done when the store has it. */
  #upload(): void {
    const { savepoints } = this.harness.partition.jobs;
    const part = this.turn(() => savepoints.nextPart());
    if (part) this.turn(() => this.harness.partition.jobs.savepoints.uploaded(part));
  }
}

function live(turn: number, isWithin: boolean): { outcome: Outcome; ending: Ending } {
  const ending = new Ending(turn, isWithin);
  const { harness } = ending;
  for (let round = 0; round < 6; round++) {
    const rows: Row[] = Array.from({ length: 12 }, (_, user) => [
      `user ${user}`,
      at(round * 15 + (user % 3)),
    ]);
    const request = harness.request(harness.frame([...rows, ["late", at(0)]]));
    const stamp = { producer: "p", sequence: round + 1, part: 0, checksum: 1n };
    ending.turn(() => harness.partition.append([{ ...request, producer: stamp }]));
    if (round === 3) {
      const barrier = { run: 1, savepoint: 7 };
      ending.turn(() => harness.partition.beginSavepoint(1, barrier));
    }
    ending.settle();
    harness.pass(40_000);
    ending.turn(() => harness.partition.heartbeat());
    ending.settle();
  }
  const status = harness.partition.jobs.statuses()[0];
  if (status?.error) throw new Error(status.error.message);
  const savepoint = harness.partition.savepointStatus(1, 7);
  const outcome = {
    rows: harness.rows(),
    letters: harness.partition.letters
      .read({ job: "job", limit: 100 })
      .letters.map(({ offset, row }) => [offset, row]),
    counts: status?.counts,
    uploaded: savepoint?.state === "done" ? savepoint.parts : -1,
  };
  return { outcome, ending };
}

describe("an object that ends", () => {
  const { outcome, ending } = live(0, false);

  test("does all that may be broken off", () => {
    expect(outcome.rows.length).toBeGreaterThan(20);
    expect(outcome.letters).not.toEqual([]);
    expect(outcome.uploaded).toBeGreaterThan(0);
    expect(ending.harness.partition.log.firstOffset).toBeGreaterThan(1);
    const kinds = [
      "INSERT OR REPLACE INTO pages",
      "DELETE FROM pages",
      "DELETE FROM log",
      "INSERT OR REPLACE INTO checkpoints",
    ];
    expect([...ending.kinds]).toEqual(expect.arrayContaining(kinds));
    expect(ending.turns).toBeGreaterThan(100);
  });

  test.each([
    ["behind a turn", false],
    ["within a turn", true],
  ])("%s, whichever, comes to the same", { timeout: 120_000 }, (_, isWithin) => {
    for (let turn = 1; turn <= ending.turns; turn += stride) {
      expect(live(turn, isWithin).outcome, `turn ${turn}`).toEqual(outcome);
    }
  });
});
