/**
 * Functions at the end of paths: `$.prices.max()`, `$.tags.length()`.
 */
import {
  isJsonArray,
  isJsonNumber,
  isJsonObject,
  type JsonNode,
  jsonDouble,
  jsonNumber,
} from "./json-node.ts";

type Result = { readonly node: JsonNode } | { readonly problem: string };

/** Of numbers, of which there is one at least. */
const ofNumbers: Readonly<Record<string, (numbers: readonly number[]) => number>> = {
  sum: (numbers) => sumOf(numbers),
  avg: (numbers) => sumOf(numbers) / numbers.length,
  min: (numbers) => numbers.reduce((least, each) => Math.min(least, each)),
  max: (numbers) => numbers.reduce((most, each) => Math.max(most, each)),
  stddev: (numbers) => {
    const mean = sumOf(numbers) / numbers.length;
    return Math.sqrt(sumOf(numbers.map((each) => each * each)) / numbers.length - mean * mean);
  },
};

/** Calls a function of a node; what else is given counts as if it were in the node. */
export function callPathFunction(name: string, node: JsonNode, given: readonly JsonNode[]): Result {
  const calculate = Object.hasOwn(ofNumbers, name) ? ofNumbers[name] : undefined;
  if (calculate) {
    const numbers = [node, ...given].flatMap((each) => (isJsonArray(each) ? each : [])).filter(isJsonNumber);
    const loose = given.filter(isJsonNumber);
    const all = [...numbers, ...loose].map(({ number }) => Number(number));
    if (all.length === 0) return { problem: `The path calculates ${name}() of no numbers` };
    return { node: jsonDouble(calculate(all)) };
  }
  switch (name) {
    case "length":
    case "size":
      return { node: lengthOf(given[0] ?? node) };
    case "keys":
      return { node: isJsonObject(node) ? [...node.keys()] : null };
    case "first":
      return elementOf(node, 0);
    case "last":
      return elementOf(node, -1);
    case "index":
      return elementOf(node, given[0] && isJsonNumber(given[0]) ? Number(given[0].number) : 0);
    case "append":
      return { node: isJsonArray(node) ? [...node, ...given] : node };
    case "concat": {
      const texts = [node, ...given].flat();
      return { node: texts.filter((each) => typeof each === "string").join("") };
    }
    default:
      return { problem: `A path has no function ${name}()` };
  }
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0);
}

function lengthOf(node: JsonNode): JsonNode {
  if (isJsonArray(node)) return jsonNumber(String(node.length));
  return isJsonObject(node) ? jsonNumber(String(node.size)) : null;
}

function elementOf(node: JsonNode, place: number): Result {
  const element = isJsonArray(node) ? node.at(place) : undefined;
  return element === undefined
    ? { problem: "The path asks for an element that is not there" }
    : { node: element };
}
