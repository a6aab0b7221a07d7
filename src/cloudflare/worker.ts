/**
 * The Worker: routes HTTP to the Durable Objects that it exports.
 *
 * The hot route is taken first; everything else goes through the router. Each lets its callers in.
 */
import { admit } from "./access/admit.ts";
import { checkServer } from "./access/check-server.ts";
import { withCors } from "./access/cors.ts";
import type { Environment } from "./environment.ts";
import { app } from "./http/app.ts";
import { problemOf } from "./http/problem.ts";
import { answerTraced } from "./http/request-log.ts";
import { eventsStreamOf, postEvents } from "./http/routes/events.ts";
import { Serving } from "./http/serving.ts";
import { PlatformWallClock } from "./platform-wall-clock.ts";

export { Coordinator } from "./coordinator-object.ts";
export { Hub } from "./hub-object.ts";
export { Shard } from "./shard-object.ts";

export default {
  fetch: withCors(async (request, env, ctx) => {
    return await answerTraced(request, new PlatformWallClock(), env.MILLRACE_LOG, async (requestId) => {
      try {
        checkServer(request, env);
        const stream = eventsStreamOf(request);
        if (stream === undefined) return await app.fetch(request, env, ctx);
        const admitted = await admit(request, env, [`ingest:${stream}`]);
        return await postEvents(admitted, stream, new Serving(env));
      } catch (thrown) {
        return problemOf(thrown, `${request.method} ${new URL(request.url).pathname}`, requestId);
      }
    });
  }),
} satisfies ExportedHandler<Environment>;
