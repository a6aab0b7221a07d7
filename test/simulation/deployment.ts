/**
 * Millrace as it is deployed, over simulated processes: workers, the coordinator, shards, and one client.
 *
 * The hosts are the product's own; what Cloudflare gives them in `src/cloudflare` is simulated here.
 */
import { EngineError, errorBodyOf } from "../../src/base/errors.ts";
import type { AppendRequest } from "../../src/engine/log/records.ts";
import { readSealedJson, sealJson } from "../../src/engine/log/sealed-json.ts";
import type { RpcResult } from "../../src/engine/partition-types.ts";
import type { SqlStorage, SqlValue } from "../../src/engine/ports.ts";
import type { BlobStore } from "../../src/host/blobs.ts";
import { Coordinator } from "../../src/host/coordinator/coordinator.ts";
import type { CoordinatorRpc, StreamFacts } from "../../src/host/coordinator/coordinator-rpc.ts";
import { SqlObjects, type SqlObjectsRpc } from "../../src/host/coordinator/sql-objects.ts";
import { FactsCache } from "../../src/host/facts-cache.ts";
import { EncoderPool } from "../../src/host/ingest/encoder-pool.ts";
import { Ingest } from "../../src/host/ingest/ingest.ts";
import { Registrations } from "../../src/host/ingest/registrations.ts";
import { replayLetters } from "../../src/host/ingest/replay-letters.ts";
import { setWatermark } from "../../src/host/ingest/set-watermark.ts";
import { PartitionHost } from "../../src/host/partition/partition-host.ts";
import type { PartitionRpc } from "../../src/host/partition/partition-rpc.ts";
import { readDeadLetters } from "../../src/host/query/read-letters.ts";
import { ViewReader } from "../../src/host/query/view-reader.ts";
import { type Shards, shardName } from "../../src/host/shards.ts";
import { runStatements } from "../../src/host/sql/run-statements.ts";
import { answerOf } from "../../src/host/sql/statement-result.ts";
import type { HubRpc } from "../../src/host/subscriptions/hub-rpc.ts";
import type { WallClock } from "../../src/host/wall-clock.ts";
import type { WatermarkAnswer } from "../../src/protocol/answers.ts";
import type {
  DeadLetterQuery,
  DeadLettersAnswer,
  ReplayAnswer,
  ReplayWish,
} from "../../src/protocol/dead-letters.ts";
import type { StatementAnswer } from "../../src/protocol/sql-answers.ts";
import { administrator } from "../support/administrator.ts";
import { releaseKernel } from "../support/kernels.ts";
import { SeededRandom } from "../support/manual-ports.ts";
import { MemoryBlobs } from "../support/memory-blobs.ts";
import { NodeStorage } from "../support/node-storage.ts";
import { releaseModule } from "../support/partition-harness.ts";
import { keepingLog } from "./kept-log.ts";
import { Network } from "./network.ts";
import type { Plant } from "./plants.ts";
import { HubsOfLife } from "./simulated-hubs.ts";
import { type ProcessLife, SimulatedProcess } from "./simulated-process.ts";
import type { Simulation } from "./simulation.ts";
import { lifeFunctions } from "./unlucky.ts";

/** What a worker does for a client. */
export interface WorkerRpc {
  ingest: Ingest["ingest"];
  read: ViewReader["read"];
  setWatermark(stream: string, watermark: bigint): Promise<RpcResult<WatermarkAnswer>>;
  deadLetters(stream: string, query: DeadLetterQuery): Promise<RpcResult<DeadLettersAnswer>>;
  replay(stream: string, wish: ReplayWish): Promise<RpcResult<ReplayAnswer>>;
  sql(text: string, options: Readonly<Record<string, string>>): Promise<RpcResult<StatementAnswer[]>>;
}

export class Deployment {
  readonly network: Network;
  readonly client: SimulatedProcess;
  readonly coordinator: SimulatedProcess;
  readonly workers: readonly SimulatedProcess[];
  readonly shards = new Map<string, SimulatedProcess>();
  readonly hubs: HubsOfLife;
  readonly #simulation: Simulation;
  readonly #blobs: SimulatedProcess;
  readonly #encoders = new EncoderPool(releaseKernel);

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    this.network = new Network(simulation);
    const start = () => ({});
    this.client = new SimulatedProcess(simulation, "client", { storage: undefined, canCrash: false, start });
    this.#blobs = this.#makeBlobs();
    this.coordinator = this.#makeCoordinator();
    this.hubs = new HubsOfLife(simulation, {
      shards: (life) => this.#shardsSeenBy(life),
      clock: (life) => this.#clock(life),
    });
    this.workers = Array.from(
      { length: simulation.plan.workers },
      (_, index) =>
        new SimulatedProcess(simulation, `worker ${index}`, {
          storage: undefined,
          canCrash: true,
          start: (life) => this.#startWorker(life),
        }),
    );
  }

  /** All that can crash. */
  get mortals(): SimulatedProcess[] {
    return [this.coordinator, ...this.workers, ...this.shards.values(), ...this.hubs.processes];
  }

  close(): void {
    this.coordinator.storage?.close();
    for (const { storage } of this.shards.values()) storage?.close();
  }

  #makeBlobs(): SimulatedProcess {
    const blobs = new MemoryBlobs();
    const start = (life: ProcessLife): BlobStore => ({
      get: (name) => blobs.get(name),
      delete: (names) => blobs.delete(names),
      put: async (name, body) => {
        const { faults, random } = this.#simulation;
        const delayMs = faults.blobDelayMax > 0 ? random.below(faults.blobDelayMax) : 0;
        if (delayMs > 0) await new Promise<void>((resolve) => void life.later(resolve, delayMs));
        await blobs.put(name, body);
      },
    });
    return new SimulatedProcess(this.#simulation, "blobs", { storage: undefined, canCrash: false, start });
  }

  #makeCoordinator(): SimulatedProcess {
    const storage = new NodeStorage();
    return new SimulatedProcess(this.#simulation, "coordinator", {
      storage,
      canCrash: true,
      start: (life) => {
        const host = new Coordinator({
          sql: storage,
          clock: this.#clock(life),
          shards: this.#shardsSeenBy(life),
          blobs: this.network.stub<BlobStore>(life, this.#blobs),
          generated: undefined,
          setAlarm: (at) => {
            life.alarmToSet = at;
          },
          abort: (reason) => {
            life.abortedFor ??= reason;
          },
        });
        const objects = new SqlObjects(storage);
        return Object.assign(host, {
          sqlObjects: () => objects.sqlObjects(),
          putSqlObject: (...given) => objects.putSqlObject(...given),
          dropSqlObject: (...given) => objects.dropSqlObject(...given),
        } satisfies SqlObjectsRpc);
      },
      alarm: (host) => (host as Coordinator).onAlarm(),
    });
  }

  #startWorker(life: ProcessLife): WorkerRpc {
    const { random } = this.#simulation;
    const clock = this.#clock(life);
    const shards = this.#shardsSeenBy(life);
    const coordinator = this.network.stub<CoordinatorRpc & SqlObjectsRpc>(life, this.coordinator);
    const streams = {
      ...{ clock, shards, facts: new FactsCache<StreamFacts>(8) },
      askFacts: (name: string) => answered(coordinator.streamFacts(name)),
    };
    const ingest = new Ingest({
      ...{ ...streams, random: { seed: () => random.bits64() } },
      encoders: this.#encoders,
      registrations: new Registrations(8),
      askRegistration: (wanted) => answered(coordinator.registerProducer(wanted)),
    });
    const askFacts = (name: string) => answered(coordinator.jobFacts(name));
    const views = new ViewReader({ clock, shards, facts: new FactsCache(8), askFacts });
    return {
      ingest: (request) => ingest.ingest(request),
      read: (view, query) => views.read(view, query),
      setWatermark: (stream, watermark) => setWatermark(streams, stream, watermark),
      deadLetters: async (stream, query) => {
        const facts = await streams.askFacts(stream);
        return facts.ok ? await readDeadLetters(streams, facts.value, query) : facts;
      },
      replay: (stream, wish) => replayLetters({ ...streams, encoders: this.#encoders }, stream, wish),
      sql: async (sql, options) => {
        try {
          const body = { sql, options, parameters: [] };
          const { results } = await runStatements(body, {
            ...administrator,
            ...{ clock, views, functions: lifeFunctions, random: () => random.below(1000) / 1000 },
            coordinator: (call) => answered(call(coordinator)),
            evaluateOverStream: () =>
              Promise.reject(new Error("no query of a life is over what is retained")),
            changes: () => Promise.reject(new Error("no query of a life is followed")),
            append: () => Promise.reject(new Error("no statement of a life appends rows")),
          });
          return { ok: true, value: results.map(answerOf) };
        } catch (thrown) {
          return { ok: false, error: errorBodyOf(thrown) };
        }
      },
    };
  }

  #shardsSeenBy(life: ProcessLife): Shards {
    return { open: (address) => this.network.stub<PartitionRpc>(life, this.#shard(shardName(address))) };
  }

  #shard(name: string): SimulatedProcess {
    const known = this.shards.get(name);
    if (known) return known;
    const storage = new NodeStorage();
    const shard: SimulatedProcess = new SimulatedProcess(this.#simulation, name, {
      storage,
      canCrash: true,
      start: (life, alarmAt) => this.#startShard(life, storage, alarmAt, shard.lives),
      alarm: (host) => (host as PartitionHost).alarm(),
    });
    this.shards.set(name, shard);
    return shard;
  }

  #startShard(
    life: ProcessLife,
    storage: NodeStorage,
    alarmAt: number | undefined,
    lives: number,
  ): PartitionHost {
    const { plan, plant, random } = this.#simulation;
    const coordinator = this.network.stub<CoordinatorRpc>(life, this.coordinator);
    const ports = {
      functions: lifeFunctions,
      sql: plantedStorage(keepingLog(storage), plant),
      clock: this.#clock(life),
      random: new SeededRandom(random.bits64()),
      soon: (work: () => void) => life.soon(work),
      later: (work: () => void, ms: number) => life.later(work, ms),
      setAlarm: (at: number) => {
        life.alarmToSet = at;
      },
      clearStorage: async () => {
        storage.clear();
        life.isAlarmCleared = true;
      },
      abort: (reason: string) => {
        life.abortedFor ??= reason;
      },
      shards: this.#shardsSeenBy(life),
      hubs: { open: (hub: string) => this.network.stub<HubRpc>(life, this.hubs.process(hub)) },
      blobs: this.network.stub<BlobStore>(life, this.#blobs),
      reportActive: async ({ stream, generation, shard }: Parameters<HostReport>[0]) => {
        await coordinator.shardActive(stream, generation, shard);
      },
    };
    const { pageBudget, checkpointTurnBytes } = plan;
    const options = { module: releaseModule, pageBudget: () => pageBudget, checkpointTurnBytes };
    const host = new PartitionHost(ports, options, alarmAt);
    if (plant === "forgotten-producers" && lives > 1) forgetProducers(host, lives);
    return host;
  }

  #clock(life: ProcessLife): WallClock {
    return { now: () => this.#simulation.wallNow, after: (ms, run) => life.later(run, ms) };
  }
}

type HostReport = ConstructorParameters<typeof PartitionHost>[0]["reportActive"];

/** A call that could not be delivered becomes an answer, as in the Worker's routes. */
async function answered<Value>(call: Promise<RpcResult<Value>>): Promise<RpcResult<Value>> {
  try {
    return await call;
  } catch (cause) {
    const message = `The coordinator did not answer: ${cause}`;
    return { ok: false, error: errorBodyOf(new EngineError("PARTITION_UNAVAILABLE", { message, cause })) };
  }
}

const storagePlants = new Set<Plant>([
  "lost-letter",
  "readable-epoch",
  "dropped-outbox",
  "forgotten-edge",
  "lost-change",
]);

/** Storage as it is, or with the bug that is planted in it. */
function plantedStorage(storage: SqlStorage, plant: Plant | undefined): SqlStorage {
  if (!plant || !storagePlants.has(plant)) return storage;
  let [letterRows, changeRows] = [0, 0];
  const run = (statement: string, ...bindings: readonly SqlValue[]): SqlValue[][] => {
    const isLetter = /^INSERT.* INTO letters/.test(statement);
    if (plant === "lost-letter" && isLetter && ++letterRows % 3 === 1) return [];
    const isChange = /^INSERT.* INTO changes/.test(statement);
    if (plant === "lost-change" && isChange && ++changeRows % 3 === 1) return [];
    const isMessage = /^INSERT INTO outbox/.test(statement);
    if (isMessage && (plant === "dropped-outbox" || (plant === "forgotten-edge" && Number(bindings[1]) > 0)))
      return [];
    if (plant === "readable-epoch" && /^INSERT.* INTO checkpoints/.test(statement)) {
      const [task, body] = bindings;
      const checkpoint = readSealedJson(String(body), (what) => new Error(what));
      return storage.run(statement, task ?? null, sealJson({ ...checkpoint, isWriting: false }));
    }
    return storage.run(statement, ...bindings);
  };
  return { run, bytes: () => storage.bytes() };
}

/** Has a host meet every producer as one that it does not know from before its start. */
function forgetProducers(host: PartitionHost, lives: number): void {
  const append = host.append.bind(host);
  const renamed = ({ producer, ...request }: AppendRequest): AppendRequest => ({
    ...request,
    producer: producer && { ...producer, producer: `${producer.producer} of life ${lives}` },
  });
  host.append = (requests) => append(requests.map(renamed));
}
