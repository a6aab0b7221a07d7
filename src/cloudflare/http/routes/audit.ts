/**
 * The audit log: what administrators did, newest first.
 */
import { auditAnswerSchema, auditParameters, readAuditQuery } from "../../../protocol/audit.ts";
import { answer } from "../answer.ts";
import { json, resource, route } from "../route.ts";

export const audit = resource("Audit", "What administrators did.", [
  route(
    {
      method: "get",
      path: "/v1/audit",
      scope: "admin",
      summary: "Read the audit log",
      description:
        "Newest first. It holds who did what, when and with which outcome; no secrets and no bodies.",
      query: auditParameters,
      answers: { 200: json("A page of it.", auditAnswerSchema) },
      problems: ["QUERY_INVALID", "PARTITION_UNAVAILABLE"],
    },
    async ({ serving, query }) => {
      const { limit, before } = readAuditQuery(query);
      return answer(await serving.coordinator((rpc) => rpc.auditPage(limit, before)));
    },
  ),
]);
