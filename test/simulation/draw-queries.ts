/**
 * Lives whose jobs are statements of SQL: CREATE TABLE makes their streams, INSERT INTO fills views.
 *
 * Nothing is late in them, so that a query comes to what its batch over all rows is: the bound of the streams
 * is longer than the life, and time is moved by hand, no farther than the rows that are still to come. So
 * only producers send, which know when a row is in a log.
 */

import { Random } from "../arbitraries/random.ts";
import { drawLife, type LifePlan } from "./draw-life.ts";
import type { QueryPlan } from "./query-plan.ts";
import { failingTable, tableWithoutFailing } from "./unlucky.ts";

/** The bound of the streams: longer than any life, so that no frame moves time far enough. */
export const queryBoundMs = 7_200_000;

/** As long: what was idle does not hold time back, and rows that come of it then may be late. */
const queryIdleMs = 1_800_000;

/** Calls of a statement that went on alone have ended after so long. */
const callsEndMs = 15_000;

interface Shape {
  readonly key: readonly string[];
  /** `from` is a table of the columns time, user, id, amount and item. */
  readonly of: (from: string, random: Random) => string;
  /** It has to read a table by its name. */
  readonly isPlain?: boolean;
}

const known = "`user` IS NOT NULL";
const seconds = (count: number) => `INTERVAL '${count}' SECOND`;

function tableOf(from: string): string {
  return from.startsWith("(") ? from : `TABLE ${from}`;
}

function windowOf(from: string, random: Random): string {
  const shape = random.pick([
    `TUMBLE(X, DESCRIPTOR(\`time\`), ${seconds(7)})`,
    `TUMBLE(X, DESCRIPTOR(\`time\`), ${seconds(30)}, ${seconds(3)})`,
    `HOP(X, DESCRIPTOR(\`time\`), ${seconds(5)}, ${seconds(15)})`,
    `CUMULATE(X, DESCRIPTOR(\`time\`), ${seconds(5)}, ${seconds(20)})`,
  ]);
  return shape.replace("X", tableOf(from));
}

const shapes: readonly Shape[] = [
  {
    key: ["id"],
    of: (from) => `SELECT id, UPPER(item) AS item, amount + 1 AS more FROM ${from} WHERE amount >= 20`,
  },
  {
    key: ["user"],
    of: (from) =>
      "SELECT `user`, COUNT(*) AS n, SUM(amount) AS total, MAX(id) AS newest, MIN(item) AS least, " +
      `COUNT(DISTINCT item) AS kinds FROM ${from} WHERE ${known} GROUP BY \`user\``,
  },
  {
    key: ["n"],
    of: (from) =>
      "SELECT n, COUNT(*) AS users, MAX(total) AS most, SUM(newest) AS ids FROM (SELECT `user`, " +
      `COUNT(*) AS n, SUM(amount) AS total, MAX(id) AS newest FROM ${from} GROUP BY \`user\`) GROUP BY n`,
  },
  {
    key: ["user", "window_start", "window_end"],
    of: (from, random) =>
      "SELECT `user`, window_start, window_end, COUNT(*) AS n, SUM(amount) AS total, MAX(item) AS most " +
      `FROM TABLE(${windowOf(from, random)}) WHERE ${known} GROUP BY \`user\`, window_start, window_end`,
  },
  {
    key: ["window_start", "window_end"],
    of: (from, random) =>
      "SELECT window_start, window_end, SUM(n) AS n, COUNT(*) AS users FROM (SELECT `user`, window_start, " +
      `window_end, COUNT(*) AS n FROM TABLE(${windowOf(from, random)}) GROUP BY \`user\`, window_start, ` +
      "window_end) GROUP BY window_start, window_end",
  },
  {
    isPlain: true,
    key: ["user", "window_start"],
    of: (from) =>
      "SELECT `user`, window_start, window_end, COUNT(*) AS n, MIN(id) AS oldest FROM TABLE(SESSION(" +
      `TABLE ${from} PARTITION BY \`user\`, DESCRIPTOR(\`time\`), ${seconds(2)})) ` +
      `WHERE ${known} GROUP BY \`user\`, window_start, window_end`,
  },
  {
    key: ["user", "started"],
    of: (from, random) => {
      const window = random.pick([`SESSION(\`time\`, ${seconds(2)})`, `TUMBLE(\`time\`, ${seconds(9)})`]);
      return (
        `SELECT \`user\`, ${window.replace("(", "_START(")} AS started, COUNT(*) AS n, ` +
        `SUM(amount) AS total FROM ${from} WHERE ${known} GROUP BY \`user\`, ${window}`
      );
    },
  },
  {
    key: ["user", "item"],
    of: (from) => `SELECT DISTINCT \`user\`, item FROM ${from} WHERE ${known} AND item IS NOT NULL`,
  },
  {
    key: ["user"],
    of: (from, random) =>
      `SELECT \`user\` FROM ${from} WHERE ${known} AND amount > 30 ` +
      `${random.pick(["EXCEPT", "INTERSECT"])} ` +
      `SELECT \`user\` FROM ${from} WHERE item = 'north'`,
  },
  {
    isPlain: true,
    key: ["user", "window_start"],
    of: (from) =>
      "SELECT `user`, window_start, COUNT(*) AS n, MAX(id) AS newest, SUM(amount) AS total " +
      `FROM TABLE(TUMBLE(TABLE ${from}, DESCRIPTOR(\`time\`), ${seconds(10)})) ` +
      "GROUP BY `user`, window_start, window_end",
  },
  {
    isPlain: true,
    key: ["user"],
    of: (from) => `SELECT \`user\`, COUNT(*) AS n, SUM(amount) AS total FROM ${from} GROUP BY \`user\``,
  },
];

const columns = "`time`, `user`, id, amount, item";
const otherColumns = columns.replace("`time`", "at AS `time`");
const union = `(SELECT ${columns} FROM events UNION ALL SELECT ${otherColumns} FROM others)`;

/** Draws the life of a seed; what is not of its jobs is much like that of `drawLife`. */
export function drawQueryLife(seed: number): LifePlan {
  const life = drawLife(seed);
  const random = new Random(Math.imul(seed, 0x632be5ab));
  const failing = new Random(Math.imul(seed, 0x5bd1e995));
  const queries = Array.from({ length: random.between(1, 2) }, (_, index) =>
    drawQuery(random, failing, `query_${index}`, life),
  );
  return {
    ...life,
    ...{ jobs: [], queries, subscribers: [], outOfOrdernessMs: queryBoundMs, lagMs: undefined },
    ...{ idle: "wait" as const, idleTimeoutMs: queryIdleMs },
    ...{ producers: Math.max(1, life.producers), senders: 0 },
    faults: { ...life.faults, slowMax: 2_000, blobDelayMax: random.pick([0, 100, 3_000]) },
    pageBudget: Math.max(life.pageBudget, 1024 * 1024),
    pausesEveryMs: random.chance(0.3) ? life.pausesEveryMs : undefined,
    splits: random.chance(0.5) ? [] : drawSplits(random, life, queries),
  };
}

type StreamPlan = Pick<LifePlan, "shards" | "otherShards">;

function drawQuery(random: Random, failing: Random, name: string, streams: StreamPlan): QueryPlan {
  const { shards, otherShards } = streams;
  const { key, of, isPlain = false } = random.pick(shapes);
  const isUnion = otherShards !== undefined && !isPlain && random.chance(0.6);
  const restores = random.chance(0.6) ? random.between(1, 2) : 0;
  const parallelism = random.pick([0, 1, 2, 3]);
  // What had an exchange keeps it: with as many partitions as shards it could run in these.
  const table = isUnion ? union : "events";
  const seed = failing.below(2 ** 30);
  const sqlOver = (from: string) => of(from, new Random(seed));
  // Where the column is not needed for every row that counts, nothing fails at it.
  const needsAmount = /SUM\(amount\)|amount \+ 1/.test(sqlOver(table));
  const fails = !isPlain && !isUnion && needsAmount && failing.chance(0.6);
  const others = [1, 2, 3, 5, 8].filter((count) => count < shards || count > shards + 3);
  return {
    ...{ name, key, sql: sqlOver(fails ? failingTable : table) },
    ...(fails && { expectedSql: sqlOver(tableWithoutFailing) }),
    reads: isUnion ? ["events", "others"] : ["events"],
    parallelism,
    isFolding: random.chance(0.3),
    restores: Array.from({ length: restores }, () => ({
      afterMs: random.between(callsEndMs, callsEndMs + 15_000),
      parallelism: random.pick(others),
    })),
  };
}

function drawSplits(random: Random, life: LifePlan, queries: readonly QueryPlan[]): LifePlan["splits"] {
  return Array.from({ length: random.between(1, 3) }, () => {
    const { name, reads } = random.pick(queries);
    const stage = { job: name, stage: reads.length + random.below(2) };
    const atMs = random.below(life.chaosMs);
    return { atMs, stage: random.pick([undefined, stage, stage]), choice: random.below(1000) };
  });
}
