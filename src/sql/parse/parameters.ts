/**
 * Values that a text leaves open: `?`, taken in their order, or `:name`. Each stands for a literal, so what
 * is bound and planned has no parameters in it.
 */
import { EngineError } from "../../base/errors.ts";
import { type SourceText, type Span, statementError } from "./syntax-error.ts";
import type { Literal } from "./syntax-tree.ts";

export type ParameterValue = null | boolean | number | string;

/** In order for `?`, by name for `:name`. */
export type ParameterValues = readonly ParameterValue[] | Readonly<Record<string, ParameterValue>>;

export class Parameters {
  readonly #values: ParameterValues;
  readonly #used = new Set<string>();
  /** How many `?` were read. */
  #places = 0;

  constructor(values: ParameterValues = []) {
    this.#values = values;
  }

  /** The literal for the next `?`, or for a name. Throws SQL_INVALID where it has no value. */
  literal(source: SourceText, span: Span, name?: string): Literal {
    const isListed = Array.isArray(this.#values);
    const key = name ?? String(this.#places++);
    const isGiven = isListed === (name === undefined) && Object.hasOwn(this.#values, key);
    if (!isGiven) {
      const what = name === undefined ? `parameter ${this.#places}` : `the parameter :${name}`;
      const where = name === undefined ? "as a list" : "by name";
      throw statementError(source, span, `There is no value for ${what}; \`parameters\` has them ${where}`);
    }
    this.#used.add(key);
    return literalOf((this.#values as Readonly<Record<string, ParameterValue>>)[key] ?? null, span);
  }

  /** Throws SQL_INVALID where a value was given that nothing took. */
  checkUsed(): void {
    const left = Object.keys(this.#values).filter((key) => !this.#used.has(key));
    if (left.length === 0) return;
    const message = Array.isArray(this.#values)
      ? `The parameters are ${this.#values.length}, and the text has ${this.#places} times ?.`
      : `Nothing in the text is a parameter ${left.map((key) => `:${key}`).join(", ")}.`;
    throw new EngineError("SQL_INVALID", { message });
  }
}

/** A number is one as it would be written: 1 an INT, 1.5 a DECIMAL, 1e30 a DOUBLE. */
function literalOf(value: ParameterValue, { start, end }: Span): Literal {
  const at = { kind: "literal", start, end } as const;
  if (value === null) return { ...at, type: "null", text: "NULL" };
  if (typeof value === "boolean") return { ...at, type: "boolean", text: value ? "TRUE" : "FALSE" };
  if (typeof value === "string") return { ...at, type: "string", text: value };
  return { ...at, type: "number", text: String(value) };
}
