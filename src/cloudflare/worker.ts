/**
 * The Worker: lets callers in, and routes HTTP to the Durable Objects that it exports.
 *
 * The hot route is taken first; everything else goes through the router.
 */
import { authorize } from "./auth.ts";
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
  async fetch(request, env, ctx) {
    return await answerTraced(request, new PlatformWallClock(), env.MILLRACE_LOG, async (requestId) => {
      try {
        await authorize(request, env);
        const stream = eventsStreamOf(request);
        if (stream !== undefined) return await postEvents(request, stream, new Serving(env));
        return await app.fetch(request, env, ctx);
      } catch (thrown) {
        return problemOf(thrown, `${request.method} ${new URL(request.url).pathname}`, requestId);
      }
    });
  },
} satisfies ExportedHandler<Environment>;
