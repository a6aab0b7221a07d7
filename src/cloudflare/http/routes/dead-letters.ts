/**
 * The routes of a stream's dead letters: read, and replay.
 */
import { type Context, Hono } from "hono";
import { replayLetters } from "../../../host/ingest/replay-letters.ts";
import { readDeadLetters } from "../../../host/query/read-letters.ts";
import { readDeadLetterQuery, readReplay } from "../../../protocol/dead-letters.ts";
import type { Environment } from "../../environment.ts";
import { isolate } from "../../isolate.ts";
import { jsonBody } from "../json-body.ts";
import { answer } from "../problem.ts";
import { Serving } from "../serving.ts";

type Call = Context<{ Bindings: Environment }>;

export const deadLetterRoutes = new Hono<{ Bindings: Environment }>().get("/", read).post("/replay", replay);

async function read(call: Call): Promise<Response> {
  const query = readDeadLetterQuery(new URL(call.req.url).searchParams);
  const serving = new Serving(call.env);
  const facts = await serving.askStreamFacts(call.req.param("name") ?? "");
  return facts.ok ? answer(await readDeadLetters(serving, facts.value, query)) : answer(facts);
}

async function replay(call: Call): Promise<Response> {
  const wish = readReplay(await jsonBody(call.req.raw));
  const { clock, shards, askStreamFacts } = new Serving(call.env);
  const ports = { clock, shards, encoders: isolate.encoders, askFacts: askStreamFacts };
  return answer(await replayLetters(ports, call.req.param("name") ?? "", wish));
}
