/**
 * What a bench is: a question, and a run that answers it with figures, ratios and checks.
 *
 * A bench proves its answer: everything it measured is checked against another engine, a slow reference or a
 * recorded checksum. A failed check fails the run; a missed target is told, not hidden, and fails nothing.
 */

export interface Bench {
  /** As given to `npm run bench -- NAME`. */
  readonly name: string;
  readonly question: string;
  run(context: BenchContext): Promise<BenchOutcome>;
}

export interface BenchContext {
  /** A tiny run that proves that the bench still works; its figures mean nothing. */
  readonly isSmoke: boolean;
  /** Rounds that were asked for, where they are to be few: for a first look. */
  readonly roundsMax: number;
  /** Tells the person who waits what is being done. */
  note(text: string): void;
}

export interface BenchOutcome {
  /** What another run needs to be comparable: sizes, seeds, window, batch sizes. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  readonly figures: readonly Figure[];
  readonly ratios: readonly Ratio[];
  readonly checks: readonly Check[];
}

/** One measured number. `values` are the raw samples, in the figure's unit. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly values?: readonly number[];
  /** Only for what no machine changes, such as bytes. */
  readonly target?: Target;
}

/** Two figures of one run against each other; ratios outlive a change of machine, figures do not. */
export interface Ratio {
  readonly name: string;
  readonly value: number;
  readonly target?: Target;
}

export type Target = { readonly atLeast: number } | { readonly atMost: number };

export interface Check {
  readonly name: string;
  readonly found: string;
  readonly expected: string;
}

/** An outcome with all that is needed to read it later; the form of the files in `bench/results`. */
export interface BenchResult extends BenchOutcome {
  readonly name: string;
  readonly question: string;
  readonly isSmoke: boolean;
  readonly at: string;
  /** With `+` where the working tree differed from the commit. */
  readonly commit: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memoryGiB: number };
  readonly versions: Readonly<Record<string, string>>;
}

export function isMet({ value, target }: Figure | Ratio): boolean {
  if (!target) return true;
  return "atLeast" in target ? value >= target.atLeast : value <= target.atMost;
}

export function passes({ found, expected }: Check): boolean {
  return found === expected;
}

/** Prints a target, such as `≥ 1.8`. */
export function formatTarget(target: Target | undefined): string {
  if (!target) return "";
  return "atLeast" in target ? `≥ ${formatNumber(target.atLeast)}` : `≤ ${formatNumber(target.atMost)}`;
}

/** Prints three significant digits, with thousands set apart. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const rounded = value === 0 ? 0 : Number(value.toPrecision(3));
  const text = Math.abs(rounded) >= 1000 ? rounded.toFixed(0) : String(rounded);
  return text.replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, " ");
}
