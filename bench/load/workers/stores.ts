/**
 * What Millrace is measured against: Workers that do the least that can be done.
 *
 * - `POST /empty`: reads the request and makes one empty call to one object.
 * - `PUT /frames/{shard}`, then `POST /frames`: reads the request and stores the frames put before, one row
 *   in each object, all at once. Nothing is decoded, checked or kept in memory.
 * - `POST /rows?keys=N&keyBytes=K&valueBytes=V`: writes N small rows in one object, one per key, as state
 *   would be kept without pages. Statements of many rows were no faster.
 */
import { DurableObject } from "cloudflare:workers";

interface Bindings {
  readonly EMPTY: DurableObjectNamespace<EmptyObject>;
  readonly STORE: DurableObjectNamespace<FrameStore>;
  readonly ROWS: DurableObjectNamespace<RowStore>;
}

export class EmptyObject extends DurableObject<Bindings> {
  touch(): void {}
}

export class FrameStore extends DurableObject<Bindings> {
  constructor(state: DurableObjectState, bindings: Bindings) {
    super(state, bindings);
    state.storage.sql.exec("CREATE TABLE IF NOT EXISTS log (offset INTEGER PRIMARY KEY, frames BLOB)");
  }

  append(frame: Uint8Array): void {
    this.ctx.storage.sql.exec("INSERT INTO log (frames) VALUES (?)", frame);
  }

  bytes(): number {
    return this.ctx.storage.sql.databaseSize;
  }
}

export class RowStore extends DurableObject<Bindings> {
  #round = 0;

  constructor(state: DurableObjectState, bindings: Bindings) {
    super(state, bindings);
    state.storage.sql.exec(
      "CREATE TABLE IF NOT EXISTS state (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID",
    );
  }

  /** Writes a row for every key, in one turn and so in one transaction. */
  write(keys: number, keyBytes: number, valueBytes: number): void {
    const { sql } = this.ctx.storage;
    const key = new Uint8Array(keyBytes);
    const keyView = new DataView(key.buffer);
    const value = new Uint8Array(valueBytes).fill(++this.#round);
    for (let index = 0; index < keys; index++) {
      keyView.setUint32(0, keyOf(index));
      sql.exec("INSERT OR REPLACE INTO state VALUES (?, ?)", key, value);
    }
  }

  count(): number {
    return Number(this.ctx.storage.sql.exec("SELECT count(*) AS count FROM state").one().count);
  }
}

/** Keys come in no order of their own. */
function keyOf(index: number): number {
  return Math.imul(index, 2_654_435_761) >>> 0;
}

/** The precomputed frames by shard; an isolate has its own. */
const frames = new Map<string, Uint8Array>();

export default {
  async fetch(request: Request, bindings: Bindings): Promise<Response> {
    const url = new URL(request.url);
    const [, kind, shard] = url.pathname.split("/");
    if (kind === "empty") {
      await request.arrayBuffer();
      await bindings.EMPTY.getByName("only").touch();
      return Response.json({ accepted: 0 });
    }
    if (kind === "frames" && shard !== undefined) {
      frames.set(shard, new Uint8Array(await request.arrayBuffer()));
      return Response.json({ frames: frames.size });
    }
    if (kind === "frames") {
      await request.arrayBuffer();
      await Promise.all([...frames].map(([name, frame]) => bindings.STORE.getByName(name).append(frame)));
      return Response.json({ accepted: 0 });
    }
    if (kind === "bytes") {
      const stores = [...frames.keys()].map((name) => bindings.STORE.getByName(name).bytes());
      return Response.json(await Promise.all(stores));
    }
    const rows = bindings.ROWS.getByName("only");
    const number = (name: string) => Number(url.searchParams.get(name));
    if (request.method === "POST") await rows.write(number("keys"), number("keyBytes"), number("valueBytes"));
    return Response.json({ rows: request.method === "GET" ? await rows.count() : undefined });
  },
} satisfies ExportedHandler<Bindings>;
