/**
 * All aggregate functions that are there without being created.
 */
import type { AggregateFunction } from "../aggregate-function.ts";
import { approximateCountFunctions } from "./approximate-count.ts";
import { countFunctions } from "./count.ts";
import { extremeFunctions } from "./extreme.ts";
import { firstAndLastFunctions } from "./first-and-last.ts";
import { jsonAggregates } from "./json.ts";
import { listingFunctions } from "./listing.ts";
import { percentileFunctions } from "./percentile.ts";
import { sumFunctions } from "./sum.ts";
import { varianceFunctions } from "./variance.ts";

const aggregates: ReadonlyMap<string, AggregateFunction> = new Map(
  [
    approximateCountFunctions,
    countFunctions,
    extremeFunctions,
    firstAndLastFunctions,
    jsonAggregates,
    listingFunctions,
    percentileFunctions,
    sumFunctions,
    varianceFunctions,
  ].flatMap((family) => family.map((each): [string, AggregateFunction] => [each.name, each])),
);

/** Returns the aggregate of that name, in upper case. */
export function findAggregate(name: string): AggregateFunction | undefined {
  return aggregates.get(name);
}

export function aggregateNames(): string[] {
  return [...aggregates.keys()];
}
