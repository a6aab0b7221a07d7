/**
 * What EXPLAIN says of state that only grows: which it is, and how to let go of it.
 */
import type { DataflowDefinition, OperatorDefinition } from "../../protocol/dataflow.ts";
import type { JobDefinition } from "../../protocol/job-spec.ts";

/** Returns a part of EXPLAIN's text; empty where all state ends. */
export function adviceOnDataflow({ stages }: DataflowDefinition): string {
  const lines = stages.flatMap(({ uid, operators }, stage) => {
    const kept = operators.map(keptForever).find((each) => each !== undefined);
    return kept === undefined
      ? []
      : [`Stage ${stage} "${uid}" keeps ${kept} forever: that grows with every new one.`];
  });
  const canEnd = stages.some(({ operators }) => operators.some((each) => isEndless(each)));
  return advice(lines, canEnd);
}

/** The same of a declarative job. */
export function adviceOnJob({ key, window, retentionMs }: JobDefinition): string {
  if (window || retentionMs !== null || key.length === 0) return "";
  return advice(
    [`The job keeps a result for each ${key.join(", ")} forever: that grows with every new one.`],
    true,
  );
}

function advice(lines: readonly string[], canEnd: boolean): string {
  if (lines.length === 0) return "";
  const remedy =
    "Where old ones change no more: SET 'table.exec.state.ttl' = '7 d', or the hint STATE_TTL('t' = '7 d').";
  return `\n\n== State ==\n${[...lines, ...(canEnd ? [remedy] : [])].join("\n")}`;
}

/** What an operator keeps of each key or row without end. */
function keptForever(operator: OperatorDefinition): string | undefined {
  if (isEndless(operator)) return "the aggregates of each key";
  switch (operator.operator) {
    case "set":
      return "each row of both sides";
    case "materialize":
      return "the rows of each key";
    default:
      return undefined;
  }
}

/** A GROUP BY without a window, whose state has no time to live. */
function isEndless(operator: OperatorDefinition): boolean {
  if (operator.operator !== "group aggregate") return false;
  return operator.key.length > 0 && operator.ttlMs === undefined;
}
