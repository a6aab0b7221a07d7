/**
 * The connectors that a table may have, and the options of each.
 */

import { EngineError } from "../../base/errors.ts";
import { maxParallelism } from "../../base/limits.ts";
import { suggestName } from "../../base/suggest-name.ts";
import { parseDuration } from "../bind/session-options.ts";
import { generatorOfTable, rowsPerSecondMax } from "./generator-of-table.ts";
import { checkMetadata } from "./metadata-columns.ts";
import type { TableDefinition } from "./table-definition.ts";
import { forever } from "./view-retention.ts";

interface OptionFacts {
  readonly help: string;
  readonly isRequired?: true;
  /** What is expected, where `value` is not it. */
  readonly check: (value: string) => string | undefined;
}

export interface ConnectorFacts {
  readonly help: string;
  readonly canRead: boolean;
  readonly canWrite: boolean;
  readonly options: Readonly<Record<string, OptionFacts>>;
  /** Options of single columns, such as `fields.id.kind`: throws SQL_INVALID where one is wrong. */
  readonly checkFields?: (table: TableDefinition) => unknown;
}

function duration(value: string): string | undefined {
  return parseDuration(value) === undefined ? "a duration such as 10 s, 5 min, 1 d" : undefined;
}

function wholeNumber(from: number, to: number) {
  return (value: string) => {
    const number = Number(value);
    return Number.isInteger(number) && number >= from && number <= to
      ? undefined
      : `a number from ${from} to ${to}`;
  };
}

function oneOf(...values: readonly string[]) {
  return (value: string) => (values.includes(value) ? undefined : values.join(" or "));
}

function resourceName(value: string): string | undefined {
  return /^[A-Za-z_][A-Za-z0-9_-]{0,62}$/.test(value)
    ? undefined
    : "a letter or _, then up to 62 letters, digits, _ or -";
}

const stream: OptionFacts = Object.freeze({
  help: "The name of the stream; the table's own where it is left out.",
  check: resourceName,
});

const retention: OptionFacts = Object.freeze({
  help: "How long events are kept to be read again.",
  check: duration,
});

const format: OptionFacts = Object.freeze({
  help: "How records are written; json is all there is so far.",
  check: oneOf("json"),
});

export const connectors: Readonly<Record<string, ConnectorFacts>> = Object.freeze({
  http: {
    help: "A stream: events come by POST /v1/streams/{stream}/events, or by INSERT INTO.",
    canRead: true,
    canWrite: true,
    options: {
      stream,
      shards: { help: "Partitions of the stream.", check: wholeNumber(1, maxParallelism) },
      "idle-timeout": {
        help: "A shard without events for so long holds no watermark back.",
        check: duration,
      },
      idle: {
        help: "What event time does without events: wait, or advance with the clock.",
        check: oneOf("wait", "advance"),
      },
      retention,
      "wait-for-producers": {
        help: "Whether watermarks wait for named producers.",
        check: oneOf("true", "false"),
      },
      "dead-letters": {
        help: "What becomes of rejected, late and bad rows: keep them for a replay, or count alone.",
        check: oneOf("keep", "count"),
      },
      format,
    },
  },
  view: {
    help: "Keeps the last row of each PRIMARY KEY, to be queried from anywhere.",
    canRead: true,
    canWrite: true,
    options: {
      retention: {
        help: "How long a row is kept after its last change: a duration, or forever.",
        check: (value) => (value === forever ? undefined : duration(value)),
      },
    },
  },
  datagen: {
    help: "A stream whose rows are made up, while a job reads them; 'fields.NAME.…' says what of.",
    canRead: true,
    canWrite: false,
    options: {
      stream,
      "rows-per-second": {
        help: `How many rows are made in a second; else ${rowsPerSecondMax}, or as many as 2 MiB hold.`,
        check: wholeNumber(1, rowsPerSecondMax),
      },
      "number-of-rows": {
        help: "How many rows there are; without end where it is left out.",
        check: wholeNumber(1, Number.MAX_SAFE_INTEGER),
      },
      retention,
    },
    checkFields: generatorOfTable,
  },
  blackhole: { help: "Takes all rows and keeps none.", canRead: false, canWrite: true, options: {} },
  print: {
    help: "Shows rows in the log of the worker, the first hundred of each request.",
    canRead: false,
    canWrite: true,
    options: {},
  },
});

/** Throws SQL_INVALID where a table's connector or one of its options is not known, or has no such value. */
export function checkConnector(table: TableDefinition): void {
  const { name, options } = table;
  const { connector, ...given } = options;
  if (connector === undefined) {
    throw refusal(`${name} has no connector; write WITH ('connector' = 'http') for a stream of events`);
  }
  const facts = connectors[connector];
  if (!facts) {
    const suggestion = suggestName(connector, Object.keys(connectors));
    throw refusal(
      `There is no connector '${connector}'${suggestion}; there are ${Object.keys(connectors).join(", ")}`,
    );
  }
  for (const [key, value] of Object.entries(given)) {
    if (facts.checkFields && key.startsWith("fields.")) continue;
    const option = facts.options[key];
    if (!option) {
      const known = Object.keys(facts.options);
      const others = known.length > 0 ? `it has ${known.join(", ")}` : "it has none";
      throw refusal(
        `The connector '${connector}' has no option '${key}'${suggestName(key, known)}; ${others}`,
      );
    }
    const expected = option.check(value);
    if (expected !== undefined) throw refusal(`'${key}' is '${value}', expected ${expected}`);
  }
  facts.checkFields?.(table);
  checkMetadata(table);
}

function refusal(message: string): EngineError {
  return new EngineError("SQL_INVALID", { message: `${message}.` });
}
