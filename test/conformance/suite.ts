/**
 * Cases with results from the real Flink: `shared/conformance`, which is not part of the product.
 */
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";

/** Where the cases lie unless another folder is named. */
export const conformanceFolder = fileURLToPath(new URL("../../../shared/conformance/", import.meta.url));

export type Outcome =
  | { readonly outcome: "passed" }
  | { readonly outcome: "failed"; readonly why: string }
  /** It needs what is built later, which is named. */
  | { readonly outcome: "later"; readonly why: string }
  /** Millrace does it otherwise, and why. */
  | { readonly outcome: "different by design"; readonly why: string };

export interface Case {
  /** The same as long as the case is. */
  readonly id: string;
  readonly title: string;
  run(): Outcome;
}

/** The cases of one file. */
export interface Suite {
  readonly file: string;
  /** The share of its cases that pass, of those that are not for later or different by design. */
  readonly required: number;
  read(content: unknown): Case[];
}

/** A short name for what a case is made of. */
export function idOf(...parts: readonly string[]): string {
  return createHash("sha256").update(parts.join("\0")).digest("hex").slice(0, 10);
}

/** A title of one line that is not too long. */
export function titleOf(...parts: readonly string[]): string {
  const title = parts.join(" ").replaceAll(/\s+/g, " ");
  return title.length <= 160 ? title : `${title.slice(0, 159)}…`;
}
