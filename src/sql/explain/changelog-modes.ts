/**
 * Which kinds of rows go where in a dataflow: inferred from its sources on, operator by operator.
 *
 * A kind that is left out never comes; one that is named may.
 */
import type {
  DataflowDefinition,
  DataflowStage,
  OperatorDefinition,
  OperatorInput,
} from "../../protocol/dataflow.ts";

/** As Flink writes them. */
export type ChangeKind = "I" | "UB" | "UA" | "D";

/** In the order in which they are written. */
export type ChangelogMode = readonly ChangeKind[];

const allKinds: ChangelogMode = Object.freeze(["I", "UB", "UA", "D"] as const);
const onlyComes: ChangelogMode = Object.freeze(["I"] as const);

export interface StageModes {
  readonly ports: readonly ChangelogMode[];
  readonly operators: readonly ChangelogMode[];
}

/** Returns the modes of each stage. */
export function changelogModesOf({ stages }: Pick<DataflowDefinition, "stages">): StageModes[] {
  const made: StageModes[] = [];
  for (const stage of stages) {
    const ports = portModes(stage, made);
    const operators: ChangelogMode[] = [];
    for (const operator of stage.operators) {
      const inputs = operator.inputs.map((of) => modeAt(of, { ports, operators }));
      operators.push(modeOf(operator, together(inputs)));
    }
    made.push({ ports, operators });
  }
  return made;
}

/** The mode of what comes in by a port, or of what an operator makes. */
export function modeAt(of: OperatorInput, { ports, operators }: StageModes): ChangelogMode {
  return ("port" in of ? ports[of.port] : operators[of.operator]) ?? [];
}

function portModes({ source, inputs = [] }: DataflowStage, before: readonly StageModes[]): ChangelogMode[] {
  if (source) return [source.kindColumn === undefined ? onlyComes : allKinds];
  return inputs.map(({ stage, operator }) => {
    const from = before[stage];
    return from ? modeAt(operator, from) : [];
  });
}

function together(modes: readonly ChangelogMode[]): ChangelogMode {
  return allKinds.filter((kind) => modes.some((mode) => mode.includes(kind)));
}

function modeOf(operator: OperatorDefinition, input: ChangelogMode): ChangelogMode {
  switch (operator.operator) {
    case "group aggregate": {
      // A key alone is there or not: it does not change.
      const { aggregates, sendsUpdateBefore, isRetracting } = operator;
      const changes: ChangelogMode = sendsUpdateBefore ? ["UB", "UA"] : ["UA"];
      return ["I", ...(aggregates.length === 0 ? [] : changes), ...(isRetracting ? ["D" as const] : [])];
    }
    case "window aggregate":
      return operator.latenessMs > 0 ? allKinds : onlyComes;
    case "local aggregate":
    case "sort":
      return onlyComes;
    case "set":
      return ["I", "D"];
    case "limit":
      return operator.isRetracting ? ["I", "D"] : onlyComes;
    case "materialize":
      return ["I", "UA", "D"];
    case "drop update before":
      return input.filter((kind) => kind !== "UB");
    default:
      return input;
  }
}
