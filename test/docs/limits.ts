/**
 * docs/limits.md: its table, made of src/base/limits.ts, where each limit stands under a comment with its
 * reason. Which error meets whoever goes beyond one is said here.
 */
import type { ErrorCode } from "../../src/base/error-codes.ts";
import * as limits from "../../src/base/limits.ts";

export const limitsDocument = "docs/limits.md";

/** What becomes of what is beyond a limit. One that is not here divides work, and is met by nobody. */
export const outcomes: Readonly<Record<string, ErrorCode | "rejected record" | "letter">> = {
  bodyBytesMax: "BODY_TOO_LARGE",
  definitionBytesMax: "BODY_TOO_LARGE",
  partBytesMax: "rejected record",
  recordDepthMax: "rejected record",
  frameRowBytesMax: "FRAME_TOO_LARGE",
  madeTextMax: "SQL_EVALUATION_FAILED",
  keyBytesMax: "letter",
  accumulatorStringBytesMax: "letter",
  cellStringBytesMax: "letter",
  columnsMax: "STREAM_INVALID",
  pathPartsMax: "STREAM_INVALID",
  retentionBytesMax: "STREAM_INVALID",
  maxParallelism: "STREAM_INVALID",
  streamsMax: "LIMIT_REACHED",
  jobsMax: "LIMIT_REACHED",
  sqlObjectsMax: "LIMIT_REACHED",
  accessTokensMax: "LIMIT_REACHED",
  accessTokenScopesMax: "TOKEN_INVALID",
  accessTextMax: "UNAUTHORIZED",
  wrongTokensBurst: "RATE_EXCEEDED",
  wrongTokensPerSecond: "RATE_EXCEEDED",
  jwtKeysBytesMax: "KEYS_UNAVAILABLE",
  jwtSkewMs: "UNAUTHORIZED",
  keyColumnsMax: "JOB_INVALID",
  aggregatesMax: "JOB_INVALID",
  sourcesMax: "JOB_INVALID",
  stepsMax: "JOB_INVALID",
  stepSinksMax: "JOB_INVALID",
  stepInputsMax: "JOB_INVALID",
  stagePartitionsMax: "JOB_INVALID",
  slicesPerWindowMax: "JOB_INVALID",
  expressionNodesMax: "JOB_INVALID",
  expressionDepthMax: "JOB_INVALID",
  programRegistersMax: "JOB_INVALID",
  producerIdMax: "REQUEST_INVALID",
  producerSequencesKept: "PRODUCER_SEQUENCE_TOO_OLD",
  producerTableBytesMax: "PRODUCERS_TOO_MANY",
  liveProducersMax: "PRODUCERS_TOO_MANY",
  appendDeadlineMs: "APPEND_EXPIRED",
  backlogBytesMax: "BACKLOG_FULL",
  pageBudgetBytes: "JOB_PAGE_BUDGET",
  pageRowsMax: "QUERY_INVALID",
  queryTimeoutMsMax: "QUERY_INVALID",
  sqlTextMax: "BODY_TOO_LARGE",
  sqlDepthMax: "SQL_SYNTAX",
  sqlChainMax: "SQL_SYNTAX",
  queryRowsMax: "QUERY_INVALID",
  queryBytesMax: "QUERY_INVALID",
  changingLimitMax: "SQL_NOT_SUPPORTED",
};

const begin = "<!-- limits: written by npm run lists -->";
const end = "<!-- end -->";

/** The document with its table brought up to date; throws where it has no place for it. */
export function withLimits(text: string, source: string): string {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${limitsDocument} has no place for its table`);
  return `${text.slice(0, from)}${begin}\n\n${limitsTable(source)}\n\n${text.slice(to)}`;
}

/** Throws where a limit has no reason, or an outcome no limit. */
export function limitsTable(source: string): string {
  const reasons = reasonsOf(source);
  const values = new Map(Object.entries(limits).filter(([name]) => !/^[KMG]iB$/.test(name)));
  const unexplained = [...values.keys()].find((name) => !reasons.has(name));
  if (unexplained !== undefined) throw new Error(`${unexplained} has no reason in a comment above it`);
  const names = [...reasons.keys()].filter((name) => values.has(name));
  const unknown = Object.keys(outcomes).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`there is no limit ${unknown}`);
  const rows = names
    .map((name) => {
      return { name, reason: reasons.get(name), outcome: outcomes[name] };
    })
    .sort((left, right) => Number(left.outcome === undefined) - Number(right.outcome === undefined));
  return [
    "| Limit | Value | Why | Beyond it |",
    "| --- | --- | --- | --- |",
    ...rows.map(({ name, reason, outcome }) => {
      const value = formatLimit(name, values.get(name) ?? Number.NaN);
      const isCode = outcome !== undefined && /^[A-Z_]+$/.test(outcome);
      return `| \`${name}\` | ${value} | ${reason} | ${isCode ? `\`${outcome}\`` : (outcome ?? "")} |`;
    }),
  ].join("\n");
}

/** By name, the comment above each constant; of several under one comment that is the reason of all. */
function reasonsOf(source: string): Map<string, string> {
  const reasons = new Map<string, string>();
  for (const [, comment = "", constants = ""] of source.matchAll(
    /\/\*\*([\s\S]*?)\*\/\n((?:export const \w+ =[^;]*;\n)+)/g,
  )) {
    const reason = comment.replaceAll(/\s*\n\s*\*?\s*/g, " ").trim();
    for (const [, name = ""] of constants.matchAll(/export const (\w+)/g)) reasons.set(name, reason);
  }
  return reasons;
}

function formatLimit(name: string, value: number): string {
  if (/Ms/.test(name)) return formatTime(value);
  if (!/bytes/i.test(name)) return value.toLocaleString("en-US");
  for (const [unit, size] of [
    ["GiB", limits.GiB],
    ["MiB", limits.MiB],
    ["KiB", limits.KiB],
  ] as const) {
    if (value % size === 0) return `${value / size} ${unit}`;
  }
  return `${value.toLocaleString("en-US")} bytes`;
}

function formatTime(ms: number): string {
  if (ms % 86_400_000 === 0) return `${ms / 86_400_000} d`;
  return ms % 1000 === 0 ? `${ms / 1000} s` : `${ms} ms`;
}
