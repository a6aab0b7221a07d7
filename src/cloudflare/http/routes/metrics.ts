/**
 * What an operator's Prometheus reads.
 */
import * as z from "zod";
import { metricsOfSurvey } from "../../../host/metrics/metrics-of-survey.ts";
import { answer } from "../answer.ts";
import { resource, route } from "../route.ts";

const mediaType = "text/plain; version=0.0.4; charset=utf-8";

export const metrics = resource("Metrics", "What streams, partitions and tasks do.", [
  route(
    {
      method: "get",
      path: "/metrics",
      scope: "metrics",
      summary: "Metrics of all streams and jobs",
      description: "In the text format of Prometheus. A partition that does not answer in time is missing.",
      answers: { 200: { description: "The metrics.", content: { "text/plain": z.string() } } },
      problems: ["PARTITION_UNAVAILABLE"],
    },
    async ({ serving }) => {
      const found = await serving.coordinator((rpc) => rpc.survey());
      if (!found.ok) return answer(found);
      return new Response(metricsOfSurvey(found.value), { headers: { "content-type": mediaType } });
    },
  ),
]);
