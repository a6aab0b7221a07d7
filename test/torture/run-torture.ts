/**
 * Kills the real server again and again under load, then compares every count with the ledger.
 *
 * A round: load runs for a random while, and meanwhile partitions are split and jobs are saved, stopped,
 * forked and begun anew (`surgery.ts`); then something befalls the server (`troubles.ts`), and it comes back.
 * At once it must hold at least what was acknowledged before. In the end, and once more after a last kill,
 * every key and every window must be exact: nothing lost, nothing twice.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkpointIntervalMs, GiB, MiB } from "../../src/base/limits.ts";
import { MillraceClient } from "../../src/client/client.ts";
import type { Token } from "../../src/protocol/token.ts";
import { MovedClock } from "./moved-clock.ts";
import { Random } from "./random.ts";
import { found, retried } from "./retried.ts";
import { ServerProcess } from "./server-process.ts";
import { SmallDisk } from "./small-disk.ts";
import { TortureSubscribers } from "./subscribers.ts";
import { Surgery } from "./surgery.ts";
import { befall, possibleTroubles, type TroubledServer, type TroubleName } from "./troubles.ts";
import { type Footprint, footprintOf } from "./watch-memory.ts";
import {
  ledgerKey,
  type TortureJob,
  type Totals,
  tortureJobs,
  tortureStream,
  tortureStreamName,
  Workload,
} from "./workload.ts";

export interface TortureOptions {
  readonly rounds: number;
  readonly seed: number;
  readonly producers: number;
  /** Load before a kill lasts between these. */
  readonly loadMs: readonly [min: number, max: number];
  /** What befalls the server, in turn by chance; without it kills. */
  readonly troubles?: readonly TroubleName[];
  /** No round begins after so long. */
  readonly msMax?: number;
  /** The folder of the last release, which the torture begins with: this code takes over in the middle. */
  readonly from?: string;
  readonly onRound?: (round: Round) => void;
}

export interface Round {
  readonly round: number;
  /** What befell the server. */
  readonly trouble: string;
  readonly loadMs: number;
  /** From when it befell to when the server answered again. */
  readonly downMs: number;
  /** Of workerd, before it befell. */
  readonly footprint: Footprint | undefined;
  readonly acknowledgedRows: number;
  readonly retries: number;
  readonly duplicateRows: number;
}

export interface TortureResult {
  readonly rounds: readonly Round[];
  readonly acknowledgedRows: number;
  readonly results: number;
  /** Splits, savepoints and what began with them, in order. */
  readonly operations: readonly string[];
  /** Checkpoints of all jobs in all partitions. */
  readonly checkpoints: number;
  /** What is not as it must be; empty: all is exact. */
  readonly problems: readonly string[];
}

interface OutputRow {
  readonly key: string;
  readonly window_start?: string;
  readonly events: number | string;
  readonly total: number | string;
  readonly largest: number | string;
  readonly final: boolean;
}

const problemsToldMax = 20;

/** Room for the state of a long torture; it lies in memory. */
const diskBytes = 2 * GiB;

/** Beyond it somebody holds memory: what a slow reader has not read, or pages beyond their budget. */
const residentBytesMax = 1 * GiB;

/** Every so many rounds the load lasts long enough for checkpoints, so that recovery starts from one. */
const longRoundEvery = 5;
const longLoadMs = [checkpointIntervalMs, checkpointIntervalMs + 4_000] as const;

export async function runTorture(options: TortureOptions): Promise<TortureResult> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-torture-"));
  const stateFolder = join(folder, "state");
  mkdirSync(stateFolder);
  const wanted = options.troubles ?? ["kill"];
  const disk = wanted.includes("full disk") ? SmallDisk.mount(stateFolder, diskBytes) : undefined;
  const clock = wanted.includes("clock") ? MovedClock.make(folder) : undefined;
  const server = new ServerProcess(await freePort(), stateFolder, clock?.environment, options.from);
  try {
    await server.start();
    return await tortureServer({ server, disk, clock }, stateFolder, options);
  } catch (cause) {
    throw new Error(`the torture broke off; the server said:\n${server.output}`, { cause });
  } finally {
    await server.clean();
    disk?.unmount();
    rmSync(folder, { recursive: true, force: true });
  }
}

type Tortured = Pick<TroubledServer, "server" | "disk" | "clock">;

async function tortureServer(
  { server, disk, clock }: Tortured,
  stateFolder: string,
  options: TortureOptions,
): Promise<TortureResult> {
  const client = new MillraceClient({ url: server.url });
  await client.streams.put(tortureStreamName, tortureStream);
  for (const [name, { body }] of Object.entries(tortureJobs)) await client.jobs.put(name, body);
  const jobs = new Map<string, TortureJob>(Object.entries(tortureJobs));
  const workload = new Workload(client, options.seed, options.producers);
  const random = new Random(options.seed);
  const surgery = new Surgery(client, new Random(options.seed ^ 0x5c41be1), jobs);
  const rounds: Round[] = [];
  const problems: string[] = [];
  const startedAt = Date.now();
  const troubled = { server, disk, clock, workload, random };
  const { msMax = Number.POSITIVE_INFINITY } = options;
  /** How much of the torture is over when a round begins. */
  const shareAt = (round: number) => Math.max((round - 1) / options.rounds, (Date.now() - startedAt) / msMax);
  let isToDeploy = options.from !== undefined;
  using subscribers = new TortureSubscribers(client, server.url);
  workload.start();
  surgery.start();
  subscribers.start();
  for (let index = 1; isToDeploy || shareAt(index) < 1; index++) {
    const loadMs = index % longRoundEvery === 0 ? longLoadMs : options.loadMs;
    const isDeploy = isToDeploy && shareAt(index + 1) >= 0.5;
    if (isDeploy) isToDeploy = false;
    const what = isDeploy ? "deploy" : options.troubles;
    const round = await runRound(index, troubled, stateFolder, loadMs, what);
    rounds.push(round);
    options.onRound?.(round);
    const look = () => client.streams.get(tortureStreamName);
    const held = await found("all shards to answer", look, ({ rows, unreachable }) =>
      unreachable.length === 0 ? rows : undefined,
    );
    const { residentBytes = 0 } = round.footprint ?? {};
    if (residentBytes > residentBytesMax) {
      problems.push(`round ${index}: workerd holds ${Math.round(residentBytes / MiB)} MiB`);
    }
    if (held < round.acknowledgedRows) {
      problems.push(`round ${index}: ${round.acknowledgedRows} rows were acknowledged, ${held} are there`);
    }
  }
  clock?.moveTo(0);
  await surgery.finish();
  problems.push(...(await subscribers.finishSlow()));
  await workload.finish();
  const { token } = await retried(() => client.streams.setWatermark(tortureStreamName, "max"));
  problems.push(...(await compareAll(client, workload, jobs, token, "in the end")));
  problems.push(...(await subscribers.compare(workload)));
  await server.kill("both");
  await server.start();
  problems.push(...(await compareAll(client, workload, jobs, token, "after a last kill")));
  problems.push(...(await subscribers.compare(workload)));
  const statuses = await Promise.all([...jobs.keys()].map((job) => client.jobs.get(job)));
  return {
    rounds,
    checkpoints: statuses.flatMap(({ checkpoints }) => checkpoints).length,
    acknowledgedRows: workload.acknowledgedRows,
    results: workload.totals.size + workload.minutes.size,
    operations: [...surgery.done, subscribers.done],
    problems,
  };
}

async function runRound(
  round: number,
  troubled: TroubledServer,
  stateFolder: string,
  [loadMin, loadMax]: readonly [number, number],
  what: "deploy" | TortureOptions["troubles"] = ["kill"],
): Promise<Round> {
  const { server, workload, random } = troubled;
  const loadMs = loadMin + random.below(loadMax - loadMin + 1);
  await new Promise((resolve) => setTimeout(resolve, loadMs));
  const pid = server.workerdPid;
  const footprint = pid === undefined ? undefined : footprintOf(pid, stateFolder);
  const acknowledgedRows = workload.acknowledgedRows;
  const befellAt = Date.now();
  const trouble = await (what === "deploy" ? deploy(server) : befallOne(what, troubled));
  const downMs = Date.now() - befellAt;
  const { retries, duplicateRows } = workload;
  return { round, trouble, loadMs, downMs, acknowledgedRows, retries, duplicateRows, footprint };
}

async function deploy(server: ServerProcess): Promise<string> {
  await server.deploy();
  await server.answers();
  return "deploy";
}

function befallOne(names: readonly TroubleName[], troubled: TroubledServer): Promise<string> {
  return befall(troubled.random.pick(possibleTroubles(names, troubled)), troubled);
}

async function compareAll(
  client: MillraceClient,
  workload: Workload,
  jobs: ReadonlyMap<string, TortureJob>,
  token: Token,
  when: string,
): Promise<string[]> {
  const problems: string[] = [];
  for (const [name, { ledger }] of jobs) {
    problems.push(...(await compareView(client, name, workload[ledger], token, ledger === "minutes")));
  }
  const { rows } = await retried(() => client.streams.get(tortureStreamName));
  if (rows !== workload.acknowledgedRows) {
    problems.push(`the stream holds ${rows} rows, ${workload.acknowledgedRows} were acknowledged`);
  }
  for (const job of jobs.keys()) {
    const { late, bad } = await retried(() => client.jobs.get(job));
    if (late + bad > 0) problems.push(`${job} has ${late} late and ${bad} bad rows, expected none`);
  }
  return problems.map((problem) => `${when}: ${problem}`);
}

async function compareView(
  client: MillraceClient,
  view: string,
  ledger: ReadonlyMap<string, Totals>,
  token: Token,
  isByMinute: boolean,
): Promise<string[]> {
  await retried(() => client.views.query(view, { token, limit: 1, timeout: "30s" }));
  const problems: string[] = [];
  const seen = new Set<string>();
  for await (const row of client.views.rows<OutputRow>(view, { limit: 1000 })) {
    const start = row.window_start === undefined ? undefined : timeOf(row.window_start);
    const place = ledgerKey(row.key, isByMinute ? start : undefined);
    const found = { events: Number(row.events), total: Number(row.total), largest: Number(row.largest) };
    const expected = ledger.get(place);
    if (seen.has(place)) problems.push(`${view}: ${place} is there twice`);
    seen.add(place);
    if (JSON.stringify(found) !== JSON.stringify(expected)) {
      problems.push(`${view}: ${place} is ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);
    } else if (start !== undefined && !row.final) {
      problems.push(`${view}: ${place} is not final after the end of the stream`);
    }
  }
  if (seen.size !== ledger.size) problems.push(`${view}: ${seen.size} results, expected ${ledger.size}`);
  return problems.length <= problemsToldMax
    ? problems
    : [...problems.slice(0, problemsToldMax), `${view}: and ${problems.length - problemsToldMax} more`];
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

/** A TIMESTAMP as the API prints it is without a zone: it counts as UTC. */
function timeOf(text: string): number {
  return Date.parse(`${text.replace(" ", "T")}Z`);
}
