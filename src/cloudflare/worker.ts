/**
 * The Worker: routes HTTP to the Durable Objects it exports.
 *
 * The public methods of a Durable Object are its RPC surface, so what is not meant to be called is #private.
 */
import { DurableObject } from "cloudflare:workers";
import { Hono } from "hono";

export class Coordinator extends DurableObject {}

export class Shard extends DurableObject {}

const app = new Hono();

app.get("/v1/health", (context) => context.json({ status: "ok" }));

export default app;
