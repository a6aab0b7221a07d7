/**
 * Changes of a view while objects die: whatever is evicted or aborted, a subscriber that goes on behind the
 * last event it saw has each change once and in order, and what they make of a snapshot is the view.
 */
import { abortAllDurableObjects, evictDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { call, clicks } from "./api.ts";
import { changesOf, hubOf, SocketReader, startCounts } from "./change-readers.ts";
import { ignoreIdle, partitionsOf, postUntilAccepted, randomOf } from "./mortal-objects.ts";

/** Puts messages of connections together as a client does that connects again behind the last id. */
class Replica {
  readonly rows = new Map<string, string>();
  /** Connections that went on behind the last event, without a snapshot. */
  resumed = 0;
  #id: string | undefined;
  #isWhole = false;
  #reader: SocketReader | undefined;
  #taken = 0;

  /** Takes in what has come; connects, and again where that ended. */
  async read(view: string): Promise<void> {
    for (const { changes = [], snapshot, id } of this.#reader?.messages.slice(this.#taken) ?? []) {
      if (this.#taken++ === 0 && changes.length > 0) this.resumed++;
      if (snapshot === "begin") this.rows.clear();
      if (snapshot) this.#isWhole = snapshot === "end";
      for (const change of changes) this.#put(change.kind, JSON.stringify(change.row), change.id);
      this.#id = id ?? this.#id;
    }
    if (this.#reader && !this.#reader.closed) return;
    const from = this.#id === undefined ? "" : `&lastEventId=${encodeURIComponent(this.#id)}`;
    const response = await changesOf(`${view}/changes?snapshot=true${from}`, { upgrade: "websocket" });
    this.#taken = 0;
    this.#reader = response.webSocket ? new SocketReader(response.webSocket) : undefined;
  }

  get content(): string[] | undefined {
    return this.#isWhole ? [...this.rows.keys()].sort() : undefined;
  }

  #put(kind: string, row: string, id: string | undefined): void {
    if (kind === "+I" || kind === "+U") {
      if (this.rows.has(row)) throw new Error(`${kind} ${row} is there already`);
      this.rows.set(row, row);
    } else if (!this.rows.delete(row)) {
      throw new Error(`${kind} ${row} takes back what is not there`);
    }
    this.#id = id ?? this.#id;
  }
}

test.each([
  ["in the shards", 1, { shards: 3, distributionKey: ["user"] }, {}],
  ["behind an exchange", 2, {}, { parallelism: 3 }],
])(
  "subscribers of a view %s have every change once though objects die (seed %i)",
  { timeout: 90_000 },
  async (_, seed, stream, job) => {
    const random = randomOf(seed);
    const view = `mortalCounts${seed}`;
    await startCounts(`mortalClicks${seed}`, view, { stream, job });
    const replicas = Array.from({ length: 3 }, () => new Replica());
    const objects = [...(await partitionsOf(view)), await hubOf(view)];
    for (let round = 0; round < 40; round++) {
      const rows = Array.from({ length: 30 }, (_row, index): [number, string, number] => [
        round * 100 + index,
        `user ${random(60)}`,
        random(9),
      ]);
      await postUntilAccepted(`mortalClicks${seed}`, clicks(...rows), "writer", round);
      for (const replica of replicas.slice(0, 1 + random(3))) await replica.read(view).catch(ignoreIdle);
      const fate = random(6);
      if (fate === 0) await abortAllDurableObjects();
      const object = objects[random(objects.length)] as DurableObjectStub;
      if (fate === 1) await evictDurableObject(object).catch(ignoreIdle);
      if (fate === 2) await evictDurableObject(object, { webSockets: "close" }).catch(ignoreIdle);
    }
    const wanted = await contentOf(view);
    for (let attempt = 0; attempt < 200; attempt++) {
      for (const replica of replicas) await replica.read(view).catch(ignoreIdle);
      if (replicas.every(({ content }) => content?.join() === wanted.join())) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    for (const { content } of replicas) expect(content).toEqual(wanted);
    expect(replicas.reduce((sum, { resumed }) => sum + resumed, 0)).toBeGreaterThan(0);
  },
);

/** The view when it holds all that was posted. */
async function contentOf(view: string): Promise<string[]> {
  while (true) {
    const { status, body } = await call("GET", `/v1/views/${view}?limit=1000`);
    const rows = (body.rows ?? []) as { clicks: number; final: boolean }[];
    const sum = rows.reduce((total, { clicks: count }) => total + count, 0);
    if (status === 200 && sum === 40 * 30)
      return rows.map(({ final: _, ...row }) => JSON.stringify(row)).sort();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
