/**
 * Kills the real server again and again under load, then compares every count with the ledger.
 *
 * A round: load runs for a random while, and meanwhile partitions are split and jobs are saved, stopped,
 * forked and begun anew (`surgery.ts`); then Node, workerd or both die by kill -9, and the server comes back.
 * At once it must hold at least what was acknowledged before. In the end, and once more after a last kill,
 * every key and every window must be exact: nothing lost, nothing twice.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkpointIntervalMs } from "../../src/base/limits.ts";
import { MillraceClient } from "../../src/client/client.ts";
import type { Token } from "../../src/protocol/token.ts";
import { Random } from "./random.ts";
import { retried } from "./retried.ts";
import { ServerProcess } from "./server-process.ts";
import { Surgery } from "./surgery.ts";
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
  readonly onRound?: (round: Round) => void;
}

export interface Round {
  readonly round: number;
  readonly killed: "node" | "workerd" | "both";
  readonly loadMs: number;
  /** From the kill to the first answer. */
  readonly downMs: number;
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

/** Every so many rounds the load lasts long enough for checkpoints, so that recovery starts from one. */
const longRoundEvery = 5;
const longLoadMs = [checkpointIntervalMs, checkpointIntervalMs + 4_000] as const;

export async function runTorture(options: TortureOptions): Promise<TortureResult> {
  const stateFolder = mkdtempSync(join(tmpdir(), "millrace-torture-"));
  const server = new ServerProcess(await freePort(), stateFolder);
  try {
    await server.start();
    return await tortureServer(server, options);
  } catch (cause) {
    throw new Error(`the torture broke off; the server said:\n${server.output}`, { cause });
  } finally {
    await server.clean();
    rmSync(stateFolder, { recursive: true, force: true });
  }
}

async function tortureServer(server: ServerProcess, options: TortureOptions): Promise<TortureResult> {
  const client = new MillraceClient({ url: server.url });
  await client.streams.put(tortureStreamName, tortureStream);
  for (const [name, { body }] of Object.entries(tortureJobs)) await client.jobs.put(name, body);
  const jobs = new Map<string, TortureJob>(Object.entries(tortureJobs));
  const workload = new Workload(client, options.seed, options.producers);
  const random = new Random(options.seed);
  const surgery = new Surgery(client, new Random(options.seed ^ 0x5c41be1), jobs);
  const rounds: Round[] = [];
  const problems: string[] = [];
  workload.start();
  surgery.start();
  for (let index = 1; index <= options.rounds; index++) {
    const loadMs = index % longRoundEvery === 0 ? longLoadMs : options.loadMs;
    const round = await runRound(index, server, workload, random, loadMs);
    rounds.push(round);
    options.onRound?.(round);
    const held = (await retried(() => client.streams.get(tortureStreamName))).rows;
    if (held < round.acknowledgedRows) {
      problems.push(`round ${index}: ${round.acknowledgedRows} rows were acknowledged, ${held} are there`);
    }
  }
  await surgery.finish();
  await workload.finish();
  const { token } = await retried(() => client.streams.setWatermark(tortureStreamName, "max"));
  problems.push(...(await compareAll(client, workload, jobs, token, "in the end")));
  await server.kill("both");
  await server.start();
  problems.push(...(await compareAll(client, workload, jobs, token, "after a last kill")));
  const statuses = await Promise.all([...jobs.keys()].map((job) => client.jobs.get(job)));
  return {
    rounds,
    checkpoints: statuses.flatMap(({ checkpoints }) => checkpoints).length,
    acknowledgedRows: workload.acknowledgedRows,
    results: workload.totals.size + workload.minutes.size,
    operations: surgery.done,
    problems,
  };
}

async function runRound(
  round: number,
  server: ServerProcess,
  workload: Workload,
  random: Random,
  [loadMin, loadMax]: readonly [number, number],
): Promise<Round> {
  const loadMs = loadMin + random.below(loadMax - loadMin + 1);
  await new Promise((resolve) => setTimeout(resolve, loadMs));
  const killed = random.pick(["node", "workerd", "both"] as const);
  const acknowledgedRows = workload.acknowledgedRows;
  const killedAt = Date.now();
  await server.kill(killed);
  if (killed !== "workerd") await server.start();
  await server.answers();
  const downMs = Date.now() - killedAt;
  const { retries, duplicateRows } = workload;
  return { round, killed, loadMs, downMs, acknowledgedRows, retries, duplicateRows };
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
