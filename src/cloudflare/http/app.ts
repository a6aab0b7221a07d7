/**
 * The routes of the API but for the events' one: they read a request, call the host and answer.
 */
import { type Context, Hono } from "hono";
import { EngineError } from "../../base/errors.ts";
import type { RpcResult } from "../../engine/partition-types.ts";
import { setWatermark } from "../../host/ingest/set-watermark.ts";
import { readLetters } from "../../host/query/read-letters.ts";
import { readSavedState } from "../../host/query/read-saved-state.ts";
import type { SplitAnswer } from "../../protocol/answers.ts";
import { readJobDefinition } from "../../protocol/job-spec.ts";
import { resourceNameSchema } from "../../protocol/names.ts";
import { readBody } from "../../protocol/read-body.ts";
import {
  readSavedStateQuery,
  readSavepointBody,
  readSavepointNumber,
} from "../../protocol/savepoint-body.ts";
import { readShardSplit, readStageSplit } from "../../protocol/split-body.ts";
import { readStreamDefinition } from "../../protocol/stream-spec.ts";
import { readPageQuery, readViewQuery } from "../../protocol/view-query.ts";
import { readWatermark } from "../../protocol/watermark-body.ts";
import type { Environment } from "../environment.ts";
import { isolate } from "../isolate.ts";
import { kernelModule } from "../load-kernel.ts";
import { blobsOf } from "../savepoint-blobs.ts";
import { jsonBody } from "./json-body.ts";
import { answer, problemOf } from "./problem.ts";
import { getChanges } from "./routes/changes.ts";
import { Serving } from "./serving.ts";
import { postSql } from "./sql-route.ts";

type AppEnvironment = { Bindings: Environment };
type Call = Context<AppEnvironment>;

export const app = new Hono<AppEnvironment>({ strict: false })
  .get("/v1/health", (call) => call.json({ status: "ok" }))
  .get("/v1/streams", (call) => list(call, "streams"))
  .put("/v1/streams/:name", putStream)
  .get("/v1/streams/:name", async (call) =>
    answer(await servingOf(call).coordinator((rpc) => rpc.stream(nameOf(call)))),
  )
  .delete("/v1/streams/:name", async (call) =>
    gone(await servingOf(call).coordinator((rpc) => rpc.deleteStream(nameOf(call)))),
  )
  .post("/v1/streams/:name/watermark", postWatermark)
  .get("/v1/streams/:name/letters", streamLetters)
  .post("/v1/streams/:name/splits", postShardSplit)
  .get("/v1/streams/:name/splits", async (call) =>
    splitsOf(await servingOf(call).coordinator((rpc) => rpc.splitsOfStream(nameOf(call)))),
  )
  .get("/v1/jobs", (call) => list(call, "jobs"))
  .put("/v1/jobs/:name", putJob)
  .get("/v1/jobs/:name", async (call) =>
    answer(await servingOf(call).coordinator((rpc) => rpc.job(nameOf(call)))),
  )
  .delete("/v1/jobs/:name", async (call) =>
    gone(await servingOf(call).coordinator((rpc) => rpc.deleteJob(nameOf(call)))),
  )
  .post("/v1/jobs/:name/pause", (call) => setJobState(call, "paused"))
  .post("/v1/jobs/:name/resume", (call) => setJobState(call, "running"))
  .get("/v1/jobs/:name/letters", jobLetters)
  .post("/v1/jobs/:name/splits", postStageSplit)
  .get("/v1/jobs/:name/splits", async (call) =>
    splitsOf(await servingOf(call).coordinator((rpc) => rpc.splitsOfJob(nameOf(call)))),
  )
  .post("/v1/jobs/:name/savepoints", postSavepoint)
  .get("/v1/jobs/:name/savepoints", async (call) => {
    const found = await servingOf(call).coordinator((rpc) => rpc.savepoints(nameOf(call)));
    return answer(found.ok ? { ok: true, value: { savepoints: found.value } } : found);
  })
  .get("/v1/savepoints/:name", async (call) => {
    const savepoint = readSavepointNumber(nameOf(call));
    return answer(await servingOf(call).coordinator((rpc) => rpc.savepoint(savepoint)));
  })
  .get("/v1/savepoints/:name/state", savedState)
  .delete("/v1/savepoints/:name", async (call) => {
    const savepoint = readSavepointNumber(nameOf(call));
    return gone(await servingOf(call).coordinator((rpc) => rpc.deleteSavepoint(savepoint)));
  })
  .post("/v1/sql", (call) => postSql(call.req.raw, servingOf(call)))
  .get("/v1/views/:name", async (call) => {
    const query = readViewQuery(new URL(call.req.url).searchParams);
    return answer(await servingOf(call).views.read(nameOf(call), query));
  })
  .get("/v1/views/:name/changes", (call) => getChanges(call.req.raw, nameOf(call), servingOf(call)))
  .notFound((call) => {
    const { method, path } = call.req;
    const message = `There is no ${method} ${path}.`;
    return problemOf(new EngineError("NOT_FOUND", { message }), path);
  })
  .onError((thrown, call) => problemOf(thrown, `${call.req.method} ${call.req.path}`));

async function putStream(call: Call): Promise<Response> {
  const name = readBody(resourceNameSchema, nameOf(call), "STREAM_INVALID", "name");
  const definition = readStreamDefinition(await jsonBody(call.req.raw));
  const result = await servingOf(call).coordinator((rpc) => rpc.putStream(name, definition));
  return result.ok ? created(result.value) : answer(result);
}

async function putJob(call: Call): Promise<Response> {
  const name = readBody(resourceNameSchema, nameOf(call), "JOB_INVALID", "name");
  const definition = readJobDefinition(await jsonBody(call.req.raw));
  const result = await servingOf(call).coordinator((rpc) => rpc.putJob(name, definition));
  return result.ok ? created(result.value) : answer(result);
}

async function setJobState(call: Call, state: "running" | "paused"): Promise<Response> {
  return answer(await servingOf(call).coordinator((rpc) => rpc.setJobState(nameOf(call), state)));
}

/** 201 where the savepoint is complete, 202 where it is still being taken. */
async function postSavepoint(call: Call): Promise<Response> {
  const hasBody = call.req.raw.body !== null;
  const wish = readSavepointBody(hasBody ? await jsonBody(call.req.raw) : {});
  return begun(await servingOf(call).coordinator((rpc) => rpc.createSavepoint(nameOf(call), wish)));
}

async function postShardSplit(call: Call): Promise<Response> {
  const { shard, keyGroup } = readShardSplit(await jsonBody(call.req.raw));
  return begun(await servingOf(call).coordinator((rpc) => rpc.splitStream(nameOf(call), shard, keyGroup)));
}

async function postStageSplit(call: Call): Promise<Response> {
  const { stage, partition, keyGroup } = readStageSplit(await jsonBody(call.req.raw));
  return begun(
    await servingOf(call).coordinator((rpc) => rpc.splitStage(nameOf(call), stage, partition, keyGroup)),
  );
}

/** 201 where the operation is complete, 202 where it goes on. */
function begun(result: RpcResult<{ readonly state: "running" | "done" | "failed" }>): Response {
  if (!result.ok) return answer(result);
  return Response.json(result.value, { status: result.value.state === "done" ? 201 : 202 });
}

function splitsOf(found: RpcResult<readonly SplitAnswer[]>): Response {
  return answer(found.ok ? { ok: true, value: { splits: found.value } } : found);
}

async function savedState(call: Call): Promise<Response> {
  const savepoint = readSavepointNumber(nameOf(call));
  const query = readSavedStateQuery(new URL(call.req.url).searchParams);
  const blobs = blobsOf(call.env);
  if (!blobs) throw new EngineError("SAVEPOINTS_NOT_SET", { message: "This Worker keeps no savepoints." });
  return answer(await readSavedState({ blobs, module: kernelModule }, savepoint, query));
}

async function list(call: Call, kind: "streams" | "jobs"): Promise<Response> {
  const serving = servingOf(call);
  const result =
    kind === "streams"
      ? await serving.coordinator((rpc) => rpc.streams())
      : await serving.coordinator((rpc) => rpc.jobs());
  return result.ok ? call.json({ [kind]: result.value }) : answer(result);
}

async function postWatermark(call: Call): Promise<Response> {
  const watermark = readWatermark(await jsonBody(call.req.raw));
  const { clock, shards, askStreamFacts } = servingOf(call);
  const ports = { clock, shards, facts: isolate.streamFacts, askFacts: askStreamFacts };
  return answer(await setWatermark(ports, nameOf(call), watermark));
}

async function streamLetters(call: Call): Promise<Response> {
  const query = readPageQuery(new URL(call.req.url).searchParams);
  const serving = servingOf(call);
  const facts = await serving.askStreamFacts(nameOf(call));
  return facts.ok
    ? answer(await readLetters(serving, { ...facts.value, job: undefined }, query))
    : answer(facts);
}

async function jobLetters(call: Call): Promise<Response> {
  const query = readPageQuery(new URL(call.req.url).searchParams);
  const serving = servingOf(call);
  const facts = await serving.coordinator((rpc) => rpc.jobFacts(nameOf(call)));
  return facts.ok ? answer(await readLetters(serving, facts.value, query)) : answer(facts);
}

/** 201 where the request made something, 200 where it was there already. */
function created({ isNew, answer: body }: { readonly isNew: boolean; readonly answer: unknown }): Response {
  return Response.json(body, { status: isNew ? 201 : 200 });
}

function gone(result: Parameters<typeof answer>[0]): Response {
  return result.ok ? new Response(null, { status: 204 }) : answer(result);
}

function servingOf(call: Call): Serving {
  return new Serving(call.env);
}

function nameOf(call: Call): string {
  return call.req.param("name") ?? "";
}
