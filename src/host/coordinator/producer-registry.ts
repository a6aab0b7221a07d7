/**
 * Which producers were registered with which stream, under which number.
 *
 * A producer is in the log of every shard before its number is answered, so that each holds its watermark for
 * it before the first frame comes to any. A number is good while the coordinator takes its producer for live
 * (`decide-producers.ts`); then it gets another, and a shard refuses what bears the old one.
 *
 *   producers  one row each, until it is live no longer
 *
 * Invariant: numbers of registrations are never used twice, and grow.
 */
import { EngineError } from "../../base/errors.ts";
import { appendDeadlineMs, liveProducersMax } from "../../base/limits.ts";
import { producerKey } from "../../engine/log/producer-changes.ts";
import type { SqlStorage } from "../../engine/ports.ts";
import type { ProducerOrder } from "../../engine/producer-orders.ts";
import { callShard, type Shards } from "../shards.ts";
import type { WallClock } from "../wall-clock.ts";
import type { Catalog, StreamEntry } from "./catalog.ts";
import type { ProducerRegistration } from "./coordinator-rpc.ts";
import { shardCountOf } from "./shard-ranges.ts";
import type { StructuralOperations } from "./structural-operations.ts";

const orderTimeoutMs = 5_000;

export interface RegistryPorts {
  readonly sql: SqlStorage;
  readonly catalog: Catalog;
  readonly shards: Shards;
  readonly clock: WallClock;
  readonly operations: Pick<StructuralOperations, "mapsKnown" | "splits">;
}

export class ProducerRegistry {
  readonly #ports: RegistryPorts;

  constructor(ports: RegistryPorts) {
    ports.sql.run(
      `CREATE TABLE IF NOT EXISTS producers (generation INTEGER, token_id TEXT, producer TEXT,
       registration INTEGER NOT NULL, is_confirmed INTEGER NOT NULL, registered_at INTEGER NOT NULL,
       PRIMARY KEY (generation, token_id, producer)) WITHOUT ROWID`,
    );
    this.#ports = ports;
  }

  /**
   * Returns the number of a producer that all shards know. Throws `PRODUCERS_TOO_MANY`, `MAP_STALE`, and
   * `PARTITION_UNAVAILABLE` where a shard does not answer: then it is to be asked again.
   */
  async register(wanted: ProducerRegistration): Promise<number> {
    const { catalog, operations } = this.#ports;
    const isDividing = ({ generation }: StreamEntry) => operations.splits.isDividing(generation);
    const registration = this.#numberOf(wanted);
    // A shard that is being split may have handed over what it knew before it heard of this one.
    for (let told: StreamEntry | undefined; !this.#isConfirmed(wanted, registration); ) {
      const stream = catalog.stream(wanted.stream);
      if (stream?.generation !== wanted.generation) throw staleStream(wanted);
      if (told && !isDividing(stream) && shardCountOf(told) === shardCountOf(stream)) {
        this.#confirm(wanted, registration);
        continue;
      }
      await operations.mapsKnown([stream]);
      told = isDividing(stream) ? undefined : catalog.stream(wanted.stream);
      if (!told) throw staleStream(wanted);
      const { tokenId, producer } = wanted;
      await this.#order(
        told,
        [...Array(shardCountOf(told)).keys()],
        [{ order: "Register", tokenId, producer, registration }],
      );
    }
    return registration;
  }

  /** Tells shards of a stream; throws what the first says that refuses. */
  async #order(
    { name, generation }: StreamEntry,
    shards: readonly number[],
    orders: readonly ProducerOrder[],
  ): Promise<void> {
    const { clock } = this.#ports;
    const deadline = clock.now() + appendDeadlineMs;
    const answers = await Promise.all(
      shards.map((shard) => {
        const address = { stream: name, generation, shard };
        const partition = this.#ports.shards.open(address);
        const call = () => partition.orderProducers(generation, orders, deadline);
        return callShard(clock, orderTimeoutMs, address, call);
      }),
    );
    for (const answer of answers) {
      if (!answer.ok) throw new EngineError(answer.error.code, { message: answer.error.message });
    }
  }

  /** The numbers of all but the live producers that were registered before `time` (ms) are good no longer. */
  expire(generation: number, live: ReadonlySet<string>, time: number): void {
    const { sql } = this.#ports;
    const rows = sql.run(
      "SELECT token_id, producer FROM producers WHERE generation = ? AND registered_at <= ?",
      ...[generation, time],
    );
    for (const [tokenId, producer] of rows as [string, string][]) {
      if (!live.has(producerKey({ tokenId, producer }))) this.#forget(generation, tokenId, producer);
    }
  }

  hasAny(generation: number): boolean {
    return this.#ports.sql.run("SELECT 1 FROM producers WHERE generation = ? LIMIT 1", generation).length > 0;
  }

  forgetStream(generation: number): void {
    this.#ports.sql.run("DELETE FROM producers WHERE generation = ?", generation);
  }

  /** The number that is good, or a new one where there is none. */
  #numberOf({ generation, tokenId, producer, refused = 0 }: ProducerRegistration): number {
    const { sql, catalog, clock } = this.#ports;
    const [known] = sql.run(
      "SELECT registration FROM producers WHERE generation = ? AND token_id = ? AND producer = ?",
      ...[generation, tokenId, producer],
    );
    if (known && Number(known[0]) > refused) return Number(known[0]);
    const [count] = sql.run("SELECT count(*) FROM producers WHERE generation = ?", generation);
    if (!known && Number(count?.[0]) >= liveProducersMax) throw tooMany(producer);
    const registration = catalog.nextRegistration();
    sql.run(
      "INSERT OR REPLACE INTO producers VALUES (?, ?, ?, ?, 0, ?)",
      ...[generation, tokenId, producer, registration, clock.now()],
    );
    return registration;
  }

  /** Throws where the number is good no longer. */
  #isConfirmed(wanted: ProducerRegistration, registration: number): boolean {
    const { generation, tokenId, producer } = wanted;
    const [row] = this.#ports.sql.run(
      `SELECT is_confirmed FROM producers
       WHERE generation = ? AND token_id = ? AND producer = ? AND registration = ?`,
      ...[generation, tokenId, producer, registration],
    );
    if (!row) throw staleStream(wanted);
    return row[0] === 1;
  }

  #confirm({ generation, tokenId, producer }: ProducerRegistration, registration: number): void {
    this.#ports.sql.run(
      `UPDATE producers SET is_confirmed = 1
       WHERE generation = ? AND token_id = ? AND producer = ? AND registration = ?`,
      ...[generation, tokenId, producer, registration],
    );
  }

  #forget(generation: number, tokenId: string, producer: string): void {
    this.#ports.sql.run(
      "DELETE FROM producers WHERE generation = ? AND token_id = ? AND producer = ?",
      ...[generation, tokenId, producer],
    );
  }
}

function tooMany(producer: string): EngineError {
  return new EngineError("PRODUCERS_TOO_MANY", {
    message:
      `The watermark waits for ${liveProducersMax} live producers, and does not know "${producer}". ` +
      "Use few, long-lived producer ids, or eventTime.waitForProducers: false.",
    details: { producer, liveProducersMax },
  });
}

function staleStream({ stream, producer }: ProducerRegistration): EngineError {
  const message = `Producer "${producer}" cannot be registered with "${stream}" as it is now. Send again.`;
  return new EngineError("MAP_STALE", { message });
}
