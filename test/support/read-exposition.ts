/**
 * Reads the text format of Prometheus as strictly as its description: each metric's help and type before its
 * samples, all of them together, no sample twice.
 */

export interface ReadSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface ReadMetric {
  readonly type: string;
  readonly help: string;
  readonly samples: readonly ReadSample[];
}

const name = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const headLine = new RegExp(`^# (HELP|TYPE) (${name}) (.*)$`);
const sampleLine = new RegExp(`^(${name})(?:\\{(.*)\\})? (\\S+)$`);
const labelPair = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\"n])*)"(?:,|$)/;

/** Returns the metrics of a text by their names; throws where it is none. */
export function readExposition(text: string): Map<string, ReadMetric> {
  const found = new Map<string, { type: string; help: string; samples: ReadSample[] }>();
  if (text !== "" && !text.endsWith("\n")) throw new Error("the last line does not end");
  let current: string | undefined;
  let help: string | undefined;
  for (const line of text.split("\n").slice(0, -1)) {
    const [, kind, headed = "", words = ""] = headLine.exec(line) ?? [];
    if (kind === "HELP") {
      help = words;
      current = undefined;
    } else if (kind === "TYPE") {
      if (found.has(headed)) throw new Error(`${headed} comes twice`);
      found.set(headed, { type: words, help: help ?? "", samples: [] });
      current = headed;
    } else {
      const [, sampled, labels = "", value = ""] = sampleLine.exec(line) ?? [];
      if (sampled === undefined) throw new Error(`no sample: ${line}`);
      if (sampled !== current) throw new Error(`a sample of ${sampled} behind the head of ${current}`);
      found.get(sampled)?.samples.push({ labels: readLabels(labels), value: readValue(value) });
    }
  }
  for (const [metric, { samples }] of found) {
    const places = samples.map(({ labels }) => JSON.stringify(Object.entries(labels).sort()));
    if (new Set(places).size !== places.length) throw new Error(`a sample of ${metric} comes twice`);
  }
  return found;
}

function readLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (let rest = text; rest !== ""; ) {
    const [all, label, value] = labelPair.exec(rest) ?? [];
    if (all === undefined || label === undefined || value === undefined) throw new Error(`no label: ${rest}`);
    labels[label] = value.replace(/\\(.)/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped));
    rest = rest.slice(all.length);
  }
  return labels;
}

function readValue(text: string): number {
  if (text === "+Inf") return Number.POSITIVE_INFINITY;
  if (text === "-Inf") return Number.NEGATIVE_INFINITY;
  const value = Number(text);
  if (Number.isNaN(value) && text !== "NaN") throw new Error(`no number: ${text}`);
  return value;
}
