/**
 * What a PUT of a stream means, given what is there.
 *
 * Shards keep frames of every schema version and read a missing column as null, so only nullable columns at
 * the end can be added. Everything else would change the meaning of what is already logged.
 */
import { type Column, formatType } from "../../columnar/schema.ts";
import { type StreamBody, type StreamDefinition, streamBodyOf } from "../../protocol/stream-spec.ts";

export type StreamChange =
  | { readonly kind: "Create" }
  | { readonly kind: "Keep" }
  | { readonly kind: "AddColumns" }
  /** `message` says what differs, and what a stream could gain. */
  | { readonly kind: "Refuse"; readonly message: string };

/** Decides what `wanted` asks for where `existing` is stored. */
export function decideStreamChange(
  existing: StreamDefinition | undefined,
  wanted: StreamDefinition,
): StreamChange {
  if (!existing) return { kind: "Create" };
  const [was, wish] = [existing, wanted].map((each) => streamBodyOf(withWaiting(each, existing))) as [
    StreamBody,
    StreamBody,
  ];
  for (const field of [
    "eventTime",
    "idleTimeout",
    "idle",
    "distributionKey",
    "shards",
    "retention",
    "deadLetters",
  ] as const) {
    const [before, after] = [canonical(was[field] ?? null), canonical(wish[field] ?? null)];
    if (before !== after) return refuse(`${field} is ${before} and cannot become ${after}`);
  }
  if (canonical(existing.generator ?? null) !== canonical(wanted.generator ?? null)) {
    return refuse("how its rows are made cannot change");
  }
  for (const [index, column] of existing.columns.entries()) {
    const other = wanted.columns[index];
    if (!other) return refuse(`column "${column.name}" is missing`);
    if (canonical(column) !== canonical(other)) {
      return refuse(`column ${index + 1} is ${describe(column)} and cannot become ${describe(other)}`);
    }
  }
  const added = wanted.columns.slice(existing.columns.length);
  const required = added.find((column) => !column.nullable);
  if (required) return refuse(`new column "${required.name}" is not nullable`);
  return { kind: added.length === 0 ? "Keep" : "AddColumns" };
}

/**
 * The definition with what it says of waiting for producers, or else what the stream does that there is. A
 * new one waits.
 */
export function withWaiting(
  definition: StreamDefinition,
  existing: StreamDefinition | undefined,
): StreamDefinition {
  const waitForProducers = existing ? (existing.eventTime.waitForProducers ?? false) : true;
  return { ...definition, eventTime: { waitForProducers, ...definition.eventTime } };
}

function refuse(difference: string): StreamChange {
  const limits = "It can only gain nullable columns at the end.";
  return { kind: "Refuse", message: `The stream exists with another definition: ${difference}. ${limits}` };
}

function describe({ name, type, nullable, path }: Column): string {
  const from = path ? ` at ${path.join(".")}` : "";
  return `"${name}" ${formatType(type)}${nullable ? "" : " NOT NULL"}${from}`;
}

/** JSON with fields in a fixed order, so that equal definitions are equal text. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part) =>
    part !== null && typeof part === "object" && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([left], [right]) => (left < right ? -1 : 1)))
      : part,
  );
}
