/**
 * Whether the server is up.
 */
import * as z from "zod";
import { json, resource, route } from "../route.ts";

export const health = resource("Health", "Whether the server is up.", [
  route(
    {
      method: "get",
      path: "/v1/health",
      scope: "none",
      summary: "Is the server up",
      answers: { 200: json("It is.", z.object({ status: z.literal("ok") })) },
      problems: [],
    },
    () => Response.json({ status: "ok" }),
  ),
]);
