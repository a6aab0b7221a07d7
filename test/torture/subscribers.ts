/**
 * Subscribers of the torture: some keep reading, whatever befalls the server, and what the changes that came
 * to them add up to must equal the ledger; one stops reading, and must be dropped with the reason.
 */
import { get } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { accumulatorStringBytesMax, unacknowledgedMax } from "../../src/base/limits.ts";
import type { MillraceClient } from "../../src/client/client.ts";
import type { FollowedRow } from "../../src/client/follow-view.ts";
import { RequestError } from "../../src/client/request-error.ts";
import type { JobBody } from "../../src/protocol/job-spec.ts";
import type { StreamBody } from "../../src/protocol/stream-spec.ts";
import { ledgerKey, type Totals, type Workload } from "./workload.ts";

interface ViewRow {
  readonly key: string;
  readonly window_start?: string;
  readonly events: number | string;
  readonly total: number | string;
  readonly largest: number | string;
}

const retryMs = 100;
const answerMsMax = 5_000;
const patienceMs = 60_000;
const stallMs = 1_000;

/** A view whose rows are wide: all of them changed are more than a subscriber may owe. */
const wideName = "torture_wide";
const wideCharacters = accumulatorStringBytesMax;
const wideRows = Math.ceil((1.1 * unacknowledgedMax) / wideCharacters);
const wideStream: StreamBody = {
  columns: [
    { name: "time", type: "TIMESTAMP(3)" },
    { name: "key", type: "STRING" },
    { name: "text", type: "STRING" },
  ],
  eventTime: { column: "time" },
};
const wideJob: JobBody = {
  ...{ source: wideName, key: ["key"] },
  aggregates: { text: { function: "max", argument: "text" } },
};

/** Windows of all keys, in the shards and behind an exchange; and one key that changes with every row. */
const followed = [
  { view: "torture_minutes", ledger: "minutes" },
  { view: "torture_exchange", ledger: "minutes" },
  { view: "torture_totals", ledger: "totals", key: "key-7" },
] as const;

export class TortureSubscribers {
  readonly #readers: readonly SteadyReader[];
  readonly #slow: SlowReader;

  constructor(client: MillraceClient, url: string) {
    this.#readers = followed.map((wanted) => new SteadyReader(client, wanted));
    this.#slow = new SlowReader(client, url);
  }

  start(): void {
    for (const reader of [...this.#readers, this.#slow]) reader.start();
  }

  get done(): string {
    const all = this.#readers.map(({ name, changes, snapshots }) => {
      return `${name} with ${changes} changes behind ${snapshots} snapshots`;
    });
    return `followed ${all.join(", ")}; dropped a slow reader ${this.#slow.drops} times`;
  }

  /** Returns once the slow reader was dropped; problems, if it was not as it must be. */
  async finishSlow(): Promise<string[]> {
    return await this.#slow.finish();
  }

  /** Waits until what came adds up to the ledger, which is complete; problems where it never does. */
  async compare(workload: Workload): Promise<string[]> {
    const all = await Promise.all(this.#readers.map((reader) => reader.compare(workload)));
    return all.flat();
  }

  [Symbol.dispose](): void {
    for (const reader of [...this.#readers, this.#slow]) reader.stop();
  }
}

type Followed = (typeof followed)[number];

/** Puts changes together to the view. */
class SteadyReader {
  changes = 0;
  snapshots = 0;
  readonly #client: MillraceClient;
  readonly #wanted: Followed;
  readonly #stopped = new AbortController();
  /** By key and window. */
  readonly #rows = new Map<string, string>();
  #isWhole = false;
  #problem: string | undefined;

  constructor(client: MillraceClient, wanted: Followed) {
    this.#client = client;
    this.#wanted = wanted;
  }

  get name(): string {
    return this.#wanted.view;
  }

  start(): void {
    void this.#follow();
  }

  stop(): void {
    this.#stopped.abort();
  }

  async compare(workload: Workload): Promise<string[]> {
    const expected = this.#expected(workload[this.#wanted.ledger]);
    const deadline = Date.now() + patienceMs;
    while (!this.#problem && !this.#equals(expected) && Date.now() < deadline) await sleep(retryMs);
    if (this.#problem) return [`${this.name}, followed: ${this.#problem}`];
    if (this.#equals(expected)) return [];
    const wrong = [...expected].filter(([place, row]) => this.#rows.get(place) !== row);
    const [first = ["", ""]] = wrong;
    return [
      `${this.name}, followed: ${this.#rows.size} rows are known, expected ${expected.size}; ` +
        `${wrong.length} differ: ${first[0]} is ${this.#rows.get(first[0])}, expected ${first[1]}`,
    ];
  }

  #expected(ledger: ReadonlyMap<string, Totals>): ReadonlyMap<string, string> {
    const key = "key" in this.#wanted ? this.#wanted.key : undefined;
    const mine = [...ledger].filter(([place]) => key === undefined || place === key);
    return new Map(mine.map(([place, totals]) => [place, JSON.stringify(totals)]));
  }

  #equals(expected: ReadonlyMap<string, string>): boolean {
    return (
      this.#isWhole &&
      expected.size === this.#rows.size &&
      [...expected].every(([place, row]) => this.#rows.get(place) === row)
    );
  }

  /** A job that is stopped and begins anew has no view for a moment: its changes begin with a snapshot. */
  async #follow(): Promise<void> {
    const key = "key" in this.#wanted ? { key: { key: this.#wanted.key } } : {};
    const { signal } = this.#stopped;
    while (!signal.aborted && !this.#problem) {
      try {
        const options = { ...key, snapshot: true, signal };
        for await (const change of this.#client.views.changes<ViewRow>(this.name, options)) {
          this.#fold(change);
          if (this.#problem) return;
        }
      } catch (cause) {
        if (!(cause instanceof RequestError)) this.#problem = String(cause);
      }
      await sleep(retryMs);
    }
  }

  #fold(change: FollowedRow<ViewRow>): void {
    if (change.snapshot) {
      if (change.snapshot === "begin") {
        this.#rows.clear();
        this.snapshots++;
      }
      this.#isWhole = change.snapshot === "end";
      return;
    }
    const { kind, row } = change;
    this.changes++;
    const start = row.window_start && Date.parse(`${row.window_start.replace(" ", "T")}Z`);
    const place = ledgerKey(row.key, start || undefined);
    const text = JSON.stringify({
      ...{ events: Number(row.events), total: Number(row.total), largest: Number(row.largest) },
    });
    const known = this.#rows.get(place);
    const isNew = kind === "+I" || kind === "+U";
    if (isNew ? known !== undefined : known !== text) {
      this.#problem = `${kind} ${place} ${text} came where ${known ?? "nothing"} was`;
    } else if (isNew) this.#rows.set(place, text);
    else this.#rows.delete(place);
  }
}

/**
 * Reads nothing while more comes than may be owed; then it reads to the end, which says why it was dropped.
 * The view that it follows is its own: how much changes in it does not depend on how fast the others are.
 */
class SlowReader {
  drops = 0;
  readonly #client: MillraceClient;
  readonly #url: string;
  #socket: Socket | undefined;
  #isStopped = false;
  #posts = 0;
  #problem: string | undefined;

  constructor(client: MillraceClient, url: string) {
    this.#client = client;
    this.#url = url;
  }

  start(): void {
    void this.#follow();
  }

  stop(): void {
    this.#isStopped = true;
    this.#socket?.destroy();
  }

  async finish(): Promise<string[]> {
    const deadline = Date.now() + patienceMs;
    while (this.drops === 0 && !this.#problem && Date.now() < deadline) await sleep(retryMs);
    this.stop();
    if (this.#problem) return [`the slow reader was closed: ${this.#problem}`];
    return this.drops > 0 ? [] : [`a slow reader was not dropped within ${patienceMs} ms`];
  }

  async #follow(): Promise<void> {
    while (!this.#isStopped) {
      try {
        await this.#client.streams.put(wideName, wideStream);
        await this.#client.jobs.put(wideName, wideJob);
        await this.#stall();
      } catch {
        // The server was killed.
      }
      await sleep(retryMs);
    }
  }

  async #stall(): Promise<void> {
    this.#socket = await upgraded(`${this.#url}/v1/views/${wideName}/changes`);
    if (!this.#socket) return;
    const text = `${++this.#posts}`.padStart(wideCharacters, "0");
    const rows = Array.from({ length: wideRows }, (_, row) => ({ time: 0, key: `key-${row}`, text }));
    const { token, rejected } = await this.#client.streams.post(wideName, rows);
    if (rejected > 0) this.#problem = `${rejected} wide rows were rejected`;
    await this.#client.views.query(wideName, { token, limit: 1, timeout: "30s" });
    await sleep(stallMs);
    const reason = await closeReasonOf(this.#socket);
    if (reason?.startsWith("SUBSCRIBER_TOO_SLOW")) this.drops++;
    else this.#problem ??= reason;
  }
}

/** A WebSocket of which nothing is read; undefined where there is none to be had. */
function upgraded(address: string): Promise<Socket | undefined> {
  const headers = {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  };
  return new Promise((resolve) => {
    const request = get(address, { headers, agent: false, timeout: answerMsMax });
    request.once("timeout", () => request.destroy());
    request.once("error", () => resolve(undefined));
    request.once("response", (response) => {
      response.destroy();
      resolve(undefined);
    });
    request.once("upgrade", (_, socket) =>
      resolve(
        socket
          .setTimeout(0)
          .pause()
          .on("error", () => {}),
      ),
    );
  });
}

/** Reads until it is closed, or tells nothing for a moment; returns why it was closed, if that was told. */
async function closeReasonOf(socket: Socket): Promise<string | undefined> {
  socket.setTimeout(500, () => socket.destroy());
  let unread = Buffer.alloc(0);
  try {
    for await (const bytes of socket) {
      unread = Buffer.concat([unread, bytes as Buffer]);
      for (let frame = frameOf(unread); frame; frame = frameOf(unread)) {
        // A close has a code of two bytes before its reason.
        if (frame.operation === 8) return frame.payload.subarray(2).toString();
        unread = unread.subarray(frame.end);
      }
    }
  } catch {
    // The server was killed.
  } finally {
    socket.destroy();
  }
  return undefined;
}

/** The frame of a WebSocket's server that bytes begin with, if it is complete (RFC 6455, 5.2). */
function frameOf(bytes: Buffer) {
  const [first = 0, short = 0] = bytes;
  const lengthBytes = short === 127 ? 8 : short === 126 ? 2 : 0;
  const begin = 2 + lengthBytes;
  if (bytes.length < begin) return undefined;
  const length =
    lengthBytes === 0 ? short : bytes.readUIntBE(begin - Math.min(6, lengthBytes), Math.min(6, lengthBytes));
  const end = begin + length;
  return bytes.length < end
    ? undefined
    : { operation: first & 0xf, payload: bytes.subarray(begin, end), end };
}
