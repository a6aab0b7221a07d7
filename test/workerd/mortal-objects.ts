/** For tests in which objects die: which there are, and calls that are made again until they are answered. */
import { env } from "cloudflare:workers";
import { coordinatorOf } from "../../src/cloudflare/coordinator-stub.ts";
import type { Environment } from "../../src/cloudflare/environment.ts";
import { type ShardAddress, shardName } from "../../src/host/shards.ts";
import { type Answer, call, post } from "./api.ts";

const environment = env as unknown as Environment;

function objectOf(address: ShardAddress): DurableObjectStub {
  const { SHARD } = environment;
  return SHARD.get(SHARD.idFromName(shardName(address)));
}

/** All partitions of a job that lead to a view: the shards of its source, then those of its stages. */
export async function partitionsOf(view: string): Promise<DurableObjectStub[]> {
  const facts = await coordinatorOf(environment).jobFacts(view);
  if (!facts.ok) throw new Error(facts.error.message);
  const places = [...facts.value.before, facts.value];
  const stages = new Map(places.map((place) => [place.generation, place]));
  return [...stages.values()].flatMap(({ stream, generation, ranges }) =>
    ranges.map((_, shard) => objectOf({ stream, generation, shard })),
  );
}

/** Random numbers that a failing run can repeat. */
export function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Posts until it is accepted: an object that dies answers nothing, or an error that says to send again. */
export async function postUntilAccepted(
  stream: string,
  body: string,
  producer: string,
  sequence: number,
): Promise<Answer> {
  for (let attempt = 0; ; attempt++) {
    const answer = await post(stream, body, { "producer-id": producer, sequence: String(sequence) }).catch(
      () => undefined,
    );
    if (answer?.status === 200) return answer;
    if (attempt > 50) throw new Error(`still refused: ${JSON.stringify(answer?.body)}`);
  }
}

/** Calls until the answer is as wanted; the object that answers may die. */
export async function insist(
  wanted: (answer: Answer) => boolean,
  ...request: Parameters<typeof call>
): Promise<Answer> {
  for (let attempt = 0; ; attempt++) {
    const answer = await call(...request).catch(() => undefined);
    if (answer && wanted(answer)) return answer;
    if (attempt > 300) throw new Error(`${request[1]}: still ${JSON.stringify(answer?.body)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Begins savepoints until one is complete; returns its number. */
export async function savepointOf(job: string): Promise<number> {
  const path = `/v1/jobs/${job}/savepoints`;
  // A conflict is one that a request began which was never answered.
  await insist(({ status }) => status < 300 || status === 409, "POST", path);
  type Listed = { readonly state: string; readonly savepoint: number };
  const done = ({ body }: Answer) => body.savepoints.find(({ state }: Listed) => state === "done")?.savepoint;
  return done(await insist((answer) => answer.status === 200 && done(answer) !== undefined, "GET", path));
}

/** Splits a partition; the answer may be lost, and then it is known from the list. */
export async function splitOf(path: string, body: object, count: number): Promise<void> {
  await insist(({ status }) => status < 300 || status === 409, "POST", path, body);
  type Listed = { readonly state: string };
  const isDone = ({ body }: Answer) =>
    body.splits.filter(({ state }: Listed) => state === "done").length >= count;
  await insist((answer) => answer.status === 200 && isDone(answer), "GET", path);
}

/** An object that is not running cannot be evicted, one that was aborted cannot run its alarm. */
export function ignoreIdle(thrown: unknown): void {
  if (!/not currently running|abort|reset|evict/i.test(String(thrown))) throw thrown;
}

export async function countsOf(view: string, token: Record<string, number>): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  let cursor: string | undefined;
  do {
    const query = new URLSearchParams({ limit: "1000", token: JSON.stringify(token), timeout: "20s" });
    if (cursor) query.set("cursor", cursor);
    const { status, body } = await call("GET", `/v1/views/${view}?${query}`);
    if (status !== 200) throw new Error(JSON.stringify(body));
    for (const { user, clicks: count } of body.rows) counts.set(user, (counts.get(user) ?? 0) + count);
    cursor = body.cursor;
  } while (cursor);
  return counts;
}
