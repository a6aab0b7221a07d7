/**
 * The audit log over HTTP: who did what as an administrator, newest first.
 */
import * as z from "zod";
import { EngineError } from "../base/errors.ts";
import { pageParameters, readPageQuery } from "./view-query.ts";

const auditEntrySchema = z
  .object({
    number: z.int(),
    time: z.string().meta({ format: "date-time" }),
    tokenId: z.string().meta({ description: "`default` is MILLRACE_TOKEN." }),
    tokenName: z.string(),
    action: z.string().meta({ description: "A method with its address, or a statement's kind." }),
    target: z.string().meta({ description: "The stream, job, savepoint, token or table." }),
    status: z.int().meta({ description: "What was answered." }),
  })
  .meta({ id: "AuditEntry" });

export type AuditEntry = z.output<typeof auditEntrySchema>;

/** An entry before it is written. */
export type AuditedAction = Omit<AuditEntry, "number" | "time">;

export const auditAnswerSchema = z.object({
  entries: z.array(auditEntrySchema),
  cursor: z.string().optional().meta({ description: "Asks for the next page; absent on the last." }),
});

export type AuditAnswer = z.output<typeof auditAnswerSchema>;

/** A cursor is the number of the last entry of the page before. */
export const auditParameters = pageParameters;

/** Reads a page's parameters; throws QUERY_INVALID naming the parameter. */
export function readAuditQuery(parameters: URLSearchParams): {
  readonly limit: number;
  readonly before: number | undefined;
} {
  const { limit, cursor } = readPageQuery(parameters);
  if (cursor === undefined) return { limit, before: undefined };
  if (/^[1-9]\d{0,14}$/.test(cursor)) return { limit, before: Number(cursor) };
  const message = `cursor: found "${cursor}", expected the one of an answer.`;
  throw new EngineError("QUERY_INVALID", { message });
}
