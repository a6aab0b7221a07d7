/**
 * Metrics in the text format of Prometheus, version 0.0.4.
 *
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/
 */

/** A counter only grows, but for a restart; a gauge goes up and down. */
export interface Metric<Name extends string = string> {
  readonly name: Name;
  readonly type: "counter" | "gauge";
  /** One line: what it is, with its unit. */
  readonly help: string;
}

export type Labels = Readonly<Record<string, string | number>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** Gathers samples, and writes those of one metric together, as the format wants. */
export class Exposition<Name extends string> {
  readonly #metrics: readonly Metric<Name>[];
  readonly #samples = new Map<Name, Sample[]>();

  /** `metrics` are all that there may be, in the order in which they are written. */
  constructor(metrics: readonly Metric<Name>[]) {
    this.#metrics = metrics;
  }

  /** Adds a sample; none where the value is not known. */
  add(name: Name, labels: Labels, value: number | undefined): void {
    if (value === undefined) return;
    const samples = this.#samples.get(name) ?? [];
    this.#samples.set(name, samples);
    samples.push({ labels, value });
  }

  /** The whole text; metrics without samples are left out. */
  text(): string {
    const lines: string[] = [];
    for (const { name, type, help } of this.#metrics) {
      const samples = this.#samples.get(name);
      if (!samples) continue;
      lines.push(`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`);
      for (const { labels, value } of samples) lines.push(`${name}${labelText(labels)} ${valueText(value)}`);
    }
    return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
  }
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escapeLabel(String(value))}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}

function valueText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? "+Inf" : "-Inf";
}
