/**
 * What the further steps of a job read: the results of an earlier step, or of several as one; the rows that
 * came too late for one, as `by-shop.late`; or what the job itself reads, as `source`.
 */
import * as z from "zod";
import { stepInputsMax } from "../base/limits.ts";
import { suggestName } from "../base/suggest-name.ts";

/** The name by which a step reads what its job reads. */
export const sourceInput = "source";

const lateSuffix = ".late";

/** One of the inputs of a step. `step` is 0 for the job's own, then as they are listed. */
export type StepInput =
  | { readonly of: "source" }
  | { readonly of: "results" | "late"; readonly step: number };

interface NamedStep {
  readonly uid?: string | undefined;
  readonly window?: object | undefined;
}

/** A job, as far as its steps read each other. */
export interface LinkedSteps extends NamedStep {
  readonly steps?:
    | readonly (NamedStep & { readonly input?: string | readonly string[] | undefined })[]
    | undefined;
}

export const stepInputSchema = z.union(
  [z.string(), z.array(z.string())],
  'expected the name of an earlier step, or several such as ["by-shop", "by-city"]',
);

/** The names of a job's steps in order, its own first: a step's `uid`, else its place. */
export function stepNamesOf({ uid, steps = [] }: LinkedSteps): string[] {
  return [{ uid }, ...steps].map((step, index) => step.uid ?? `step-${index}`);
}

/** What each further step of a job reads; the job was checked by `checkInputs`. */
export function stepInputsOf(job: LinkedSteps): (readonly StepInput[])[] {
  const names = stepNamesOf(job);
  return (job.steps ?? []).map(({ input }, before) =>
    [input ?? names[before] ?? ""].flat().map((name) => inputOf(name, names)),
  );
}

/** How an input is called in messages. */
export function nameOfInput(input: StepInput, names: readonly string[]): string {
  if (input.of === "source") return sourceInput;
  return `${names[input.step]}${input.of === "late" ? lateSuffix : ""}`;
}

function inputOf(name: string, names: readonly string[]): StepInput {
  if (name === sourceInput) return { of: "source" };
  const isLate = name.endsWith(lateSuffix);
  const step = names.indexOf(isLate ? name.slice(0, -lateSuffix.length) : name);
  return { of: isLate ? "late" : "results", step };
}

/** Refuses inputs that are no earlier steps, or that nothing comes from, and a name that `source` hides. */
export function checkInputs(job: LinkedSteps, context: z.RefinementCtx): void {
  const names = stepNamesOf(job);
  const all: readonly LinkedSteps[] = [job, ...(job.steps ?? [])];
  const refuse = (path: (string | number)[], message: string) =>
    context.addIssue({ code: "custom", path, message });
  const hidden = names.indexOf(sourceInput);
  if (hidden >= 0) {
    const path = hidden === 0 ? ["uid"] : ["steps", hidden - 1, "uid"];
    refuse(path, `expected another uid: "${sourceInput}" is what the job reads`);
  }
  for (const [index, { input }] of (job.steps ?? []).entries()) {
    if (input === undefined) continue;
    const listed = [input].flat();
    const place = ["steps", index, "input"];
    if (listed.length === 0 || listed.length > stepInputsMax) {
      refuse(place, `expected 1 to ${stepInputsMax} inputs`);
    }
    if (new Set(listed).size < listed.length) refuse(place, "expected each input once");
    listed.forEach((name, at) => {
      const why = whyNot(inputOf(name, names), index + 1, names, all);
      if (why !== undefined) refuse(typeof input === "string" ? place : [...place, at], why(name));
    });
  }
}

function whyNot(
  input: StepInput,
  reader: number,
  names: readonly string[],
  steps: readonly NamedStep[],
): ((name: string) => string) | undefined {
  if (input.of === "source") return undefined;
  const { step } = input;
  if (step < 0) {
    const known = [sourceInput, ...names.slice(0, reader)];
    const list = known.map((name) => `"${name}"`).join(", ");
    return (name) => `expected one of ${list}, or a step's late rows${suggestName(name, known)}`;
  }
  if (step >= reader) {
    const what = step === reader ? "this step itself" : `step ${step}, behind this one`;
    return () => `expected an earlier step, not ${what}: list "${names[step]}" before its readers`;
  }
  if (input.of === "late" && !steps[step]?.window) {
    return () => `expected a step with a window: nothing comes too late for "${names[step]}"; read it itself`;
  }
  return undefined;
}
