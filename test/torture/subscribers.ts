/**
 * Subscribers of the torture: some keep reading, whatever befalls the server, and what the changes that came to
 * them add up to must equal the ledger; one stops reading now and then, and must be dropped with the reason.
 */
import { get } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { MillraceClient } from "../../src/client/client.ts";
import type { FollowedRow } from "../../src/client/follow-view.ts";
import { RequestError } from "../../src/client/request-error.ts";
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

/** A view of all keys, of windows; another behind an exchange; and one key of a view that changes with every row. */
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
    this.#slow = new SlowReader(`${url}/v1/views/torture_totals/changes`);
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

  /** Returns once the slow reader was dropped, for which load must go on; problems, if it was not as it must be. */
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

/** Longer and longer it reads nothing; then it reads to the end, which says why it was dropped. */
class SlowReader {
  drops = 0;
  readonly #address: string;
  #socket: Socket | undefined;
  #isStopped = false;
  #stallMs = 500;
  #problem: string | undefined;

  constructor(address: string) {
    this.#address = address;
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
      const socket = await upgraded(this.#address);
      this.#socket = socket;
      await sleep(socket ? this.#stallMs : retryMs);
      const reason = socket && (await closeReasonOf(socket));
      if (reason?.startsWith("SUBSCRIBER_TOO_SLOW")) this.drops++;
      // Those of a job that was stopped, or of a partition that was split.
      else if (reason && !/^(VIEW_NOT_FOUND|CHANGES_GONE)/.test(reason)) this.#problem = reason;
      if (socket) this.#stallMs = Math.min(4_000, this.#stallMs * 2);
    }
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

/** Reads until it is closed, or has told nothing for a moment; returns why it was closed, if that was told. */
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
