/** SELECT over views of more rows than a turn reads, in several partitions, and while these are split. */
import { beforeAll, expect, test } from "vitest";
import { call, post } from "./api.ts";

const users = 5000;

async function aMoment(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 10));
}

async function results(sql: string): Promise<{ rows: unknown[][] }[]> {
  for (;;) {
    const { status, body } = await call("POST", "/v1/sql", { sql });
    // State is on its way between the partitions of a split.
    if (status === 503) {
      await aMoment();
      continue;
    }
    expect(body).not.toHaveProperty("code");
    return body.results;
  }
}

async function rows(sql: string): Promise<unknown[][]> {
  return (await results(sql)).at(-1)?.rows ?? [];
}

const patient = { timeout: 60_000 };

beforeAll(async () => {
  await results(`
    CREATE TABLE scores (name STRING, team INT, points DECIMAL(12, 2)) DISTRIBUTED BY (name) INTO 2 BUCKETS
      WITH ('connector' = 'http');
    CREATE TABLE players (name STRING, team INT, points DECIMAL(12, 2), notes ARRAY<INT>,
      PRIMARY KEY (name) NOT ENFORCED) WITH ('connector' = 'view', 'retention' = 'forever');
    INSERT INTO players SELECT name, team, points, ARRAY[team, team + 1] FROM scores`);
  const events = Array.from({ length: users }, (_, user) =>
    JSON.stringify({ name: `p${user}`, team: user % 7, points: `${user}.25` }),
  );
  expect((await post("scores", events.join("\n"))).status).toBe(200);
  while ((await rows("SELECT COUNT(*) FROM players"))[0]?.[0] !== users) await aMoment();
}, 60_000);

test("aggregates, groups and orders of all rows", patient, async () => {
  const sum = Array.from({ length: users }, (_, user) => user).reduce((total, each) => total + each, 0);
  expect(await rows("SELECT COUNT(*), SUM(points), MIN(name), COUNT(DISTINCT notes) FROM players")).toEqual([
    [users, `${sum + users / 4}.00`, "p0", 7],
  ]);
  expect(
    await rows(`SELECT notes[2] AS n, COUNT(*) AS c FROM players WHERE points >= 4000
      GROUP BY notes[2] HAVING notes[2] < 3 ORDER BY n`),
  ).toEqual([
    [1, 143],
    [2, 143],
  ]);
  expect(await rows("SELECT name, notes FROM players ORDER BY points DESC LIMIT 2 OFFSET 1")).toEqual([
    ["p4998", [0, 1]],
    ["p4997", [6, 7]],
  ]);
  expect(await rows("SELECT name FROM players WHERE team = 3 LIMIT 4")).toHaveLength(4);
  expect(await rows("SELECT team, points FROM players WHERE name = 'p4321'")).toEqual([[2, "4321.25"]]);
  expect(await rows("SELECT COUNT(*) FROM players WHERE name = 'nobody'")).toEqual([[0]]);
});

test("EXPLAIN tells what partitions make", async () => {
  const [[text]] = (await rows("EXPLAIN SELECT team, COUNT(*) FROM players GROUP BY team")) as [[string]];
  expect(text).toContain(
    "Part 1, on each partition of players: sends its groups\n  Aggregate(groupBy=[team]",
  );
});

test("no row is counted twice or missed while partitions are split", patient, async () => {
  let isOver = false;
  const counted: unknown[] = [];
  const counting = (async () => {
    do {
      counted.push(await rows("SELECT COUNT(*), COUNT(DISTINCT name), SUM(team) FROM players"));
    } while (!isOver);
  })();
  for (const partition of [0, 1]) {
    expect(await call("POST", "/v1/streams/scores/splits", { shard: partition })).toMatchObject({
      status: 201,
    });
  }
  isOver = true;
  await counting;
  const teams = Array.from({ length: users }, (_, user) => user % 7).reduce((total, each) => total + each, 0);
  expect(new Set(counted.map((each) => JSON.stringify(each)))).toEqual(
    new Set([JSON.stringify([[users, users, teams]])]),
  );
  const { body } = await call("GET", "/v1/streams/scores/splits");
  expect(body.splits).toMatchObject([{ state: "done" }, { state: "done" }]);
});
