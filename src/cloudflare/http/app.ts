/**
 * The API: its resources, mounted one beside the other, and what is answered where there is no route.
 */
import { Hono } from "hono";
import { EngineError } from "../../base/errors.ts";
import type { AppEnvironment, Resource } from "./route.ts";
import { audit } from "./routes/audit.ts";
import { changes } from "./routes/changes.ts";
import { events } from "./routes/events.ts";
import { health } from "./routes/health.ts";
import { jobs } from "./routes/jobs.ts";
import { letters } from "./routes/letters.ts";
import { metrics } from "./routes/metrics.ts";
import { withDescription } from "./routes/openapi.ts";
import { savepoints } from "./routes/savepoints.ts";
import { splits } from "./routes/splits.ts";
import { sql } from "./routes/sql.ts";
import { streams } from "./routes/streams.ts";
import { tokens } from "./routes/tokens.ts";
import { views } from "./routes/views.ts";

/** In the order of the API's description. */
export const resources: readonly Resource[] = withDescription([
  streams,
  events,
  jobs,
  views,
  changes,
  letters,
  savepoints,
  splits,
  sql,
  tokens,
  audit,
  metrics,
  health,
]);

export const app = resources
  .reduce((whole, { app: part }) => whole.route("/", part), new Hono<AppEnvironment>({ strict: false }))
  .notFound((call) => {
    const { method, path } = call.req;
    throw new EngineError("NOT_FOUND", { message: `There is no ${method} ${path}.` });
  })
  // The Worker makes an answer of it.
  .onError((thrown) => {
    throw thrown;
  });
