/**
 * Paths into JSON, in the dialect that Flink's users write: that of Jayway's JsonPath, which is older than
 * RFC 9535 and differs from it in filters, functions, and in that a definite path gives one value, no list.
 * Libraries for JavaScript speak other dialects, and hold numbers that lose digits.
 */
import type { JsonNode } from "./json-node.ts";

export interface JsonPath {
  /** From the document (`$`), or from what a filter looks at (`@`). */
  readonly from: "$" | "@";
  readonly steps: readonly JsonPathStep[];
}

export type JsonPathStep =
  | { readonly step: "properties"; readonly names: readonly string[] }
  | { readonly step: "indexes"; readonly indexes: readonly number[] }
  | { readonly step: "slice"; readonly from?: number; readonly to?: number }
  | { readonly step: "wildcard" }
  /** `..`: the next step is tried everywhere below. */
  | { readonly step: "scan" }
  | { readonly step: "filter"; readonly filter: JsonFilter }
  | { readonly step: "function"; readonly name: string; readonly given: readonly JsonOperand[] };

export type JsonFilter =
  | { readonly test: "and" | "or"; readonly parts: readonly JsonFilter[] }
  | { readonly test: "not"; readonly part: JsonFilter }
  | { readonly test: "exists"; readonly path: JsonPath }
  | {
      readonly test: "compare";
      /** In lower case: `==`, `=~`, `in`. */
      readonly operator: string;
      readonly left: JsonOperand;
      readonly right: JsonOperand;
    };

export type JsonOperand =
  | { readonly path: JsonPath }
  | { readonly node: JsonNode }
  | { readonly pattern: RegExp };

/** True where a path leads to one place at most; others give the list of what they lead to. */
export function isDefinitePath({ steps }: JsonPath): boolean {
  return steps.every((step, index) => isDefiniteStep(step, index === steps.length - 1));
}

/** Several names are definite where they come last: they are one object then. */
export function isDefiniteStep(step: JsonPathStep, isLast: boolean): boolean {
  if (step.step === "properties") return step.names.length === 1 || isLast;
  return step.step === "function" || (step.step === "indexes" && step.indexes.length === 1);
}
