/**
 * What a path leads to in a JSON document.
 *
 * Strict paths have a problem where a step that leads to one place at most leads to none; behind a step that
 * leads to several (`[*]`, `..`) what is missing is left out. Lax paths have no problems: they lead to
 * nothing.
 */
import { isFilterTrue } from "./json-filter.ts";
import { isJsonArray, isJsonObject, type JsonArray, type JsonNode, type JsonObject } from "./json-node.ts";
import {
  isDefinitePath,
  isDefiniteStep,
  type JsonFilter,
  type JsonOperand,
  type JsonPath,
  type JsonPathStep,
} from "./json-path.ts";
import { callPathFunction } from "./json-path-functions.ts";

/** The problem is a sentence without full stop. */
export type JsonReading = { readonly node: JsonNode } | { readonly problem: string };

/** Reads the node, or the list of nodes, to which a path leads; nothing is null in a lax path. */
export function readJsonPath(path: JsonPath, root: JsonNode, isLax: boolean): JsonReading {
  const reading = read(path, { root, item: root, isLax, requiresAll: false });
  if (!isLax || !("problem" in reading)) return reading;
  return { node: isDefinitePath(path) ? null : [] };
}

interface Circumstances {
  readonly root: JsonNode;
  /** What `@` is. */
  readonly item: JsonNode;
  readonly isLax: boolean;
  /** What is missing is a problem everywhere. */
  readonly requiresAll: boolean;
}

function read(path: JsonPath, circumstances: Circumstances): JsonReading {
  const last = path.steps.at(-1);
  if (path.steps[0]?.step === "scan" && last?.step === "function") {
    // A function behind `..` is of all that is found.
    const found = read({ ...path, steps: path.steps.slice(0, -1) }, circumstances);
    return "problem" in found ? found : call(last.name, found.node, last.given, circumstances);
  }
  const walk = new JsonPathWalk(path, circumstances);
  const problem = walk.run();
  if (problem !== undefined) return { problem };
  if (!isDefinitePath(path)) return { node: walk.found };
  const [node] = walk.found;
  return node === undefined ? { problem: "No results for path" } : { node };
}

function call(
  name: string,
  node: JsonNode,
  given: readonly JsonOperand[],
  circumstances: Circumstances,
): JsonReading {
  const values = given.map((operand) => operandOf(operand, circumstances) ?? null);
  return callPathFunction(name, node, values);
}

/** Returns the node of an operand; undefined where it is a pattern, or a path that leads nowhere. */
function operandOf(operand: JsonOperand, circumstances: Circumstances): JsonNode | undefined {
  if ("node" in operand) return operand.node;
  if ("pattern" in operand) return undefined;
  const reading = read(operand.path, circumstances);
  return "node" in reading ? reading.node : undefined;
}

/** The problem that ends a walk, or undefined. */
type Problem = string | undefined;

class JsonPathWalk {
  readonly found: JsonNode[] = [];
  readonly #path: JsonPath;
  readonly #steps: readonly JsonPathStep[];
  readonly #circumstances: Circumstances;
  /** The first step that may lead to several places. */
  readonly #indefinite: number;

  constructor(path: JsonPath, circumstances: Circumstances) {
    this.#path = path;
    this.#steps = path.steps;
    this.#circumstances = circumstances;
    const at = path.steps.findIndex((step, index) => !isDefiniteStep(step, index === path.steps.length - 1));
    this.#indefinite = at < 0 ? path.steps.length : at;
  }

  run(): Problem {
    const { root, item } = this.#circumstances;
    return this.#visit(0, this.#path.from === "$" ? root : item);
  }

  /** Goes on with a node from a step; behind the last it is found. */
  #visit(at: number, node: JsonNode): Problem {
    const step = this.#steps[at];
    if (!step) {
      this.found.push(node);
      return undefined;
    }
    switch (step.step) {
      case "properties":
        return this.#properties(at, step.names, node);
      case "indexes":
        return isJsonArray(node) ? this.#elements(at, step.indexes, node) : this.#misfit(at, "an array");
      case "slice":
        if (!isJsonArray(node)) return this.#misfit(at, "an array");
        return this.#elements(at, placesOfSlice(step, node.length), node);
      case "wildcard":
        return this.#each(at, node);
      case "scan":
        this.#scan(at + 1, node);
        return undefined;
      case "filter":
        return this.#filter(at, step.filter, node);
      case "function": {
        const result = call(step.name, node, step.given, this.#circumstances);
        return "problem" in result ? result.problem : this.#visit(at + 1, result.node);
      }
    }
  }

  #isLast(at: number): boolean {
    return at === this.#steps.length - 1;
  }

  /** A step that does not fit what is there. */
  #misfit(at: number, expected: string): Problem {
    if (this.#indefinite < at || this.#circumstances.isLax) return undefined;
    return `The path expects ${expected}, and there is none`;
  }

  #properties(at: number, names: readonly string[], node: JsonNode): Problem {
    if (!isJsonObject(node)) return this.#misfit(at, "an object");
    if (names.length > 1 && this.#isLast(at)) {
      const there = names.filter((name) => node.has(name));
      return this.#visit(at + 1, new Map(there.map((name) => [name, node.get(name) ?? null])));
    }
    for (const name of names) {
      const problem = this.#property(at, name, node);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  #property(at: number, name: string, node: JsonObject): Problem {
    const value = node.get(name);
    if (value !== undefined) return this.#visit(at + 1, value);
    const { isLax, requiresAll } = this.#circumstances;
    const isRequired = requiresAll || (!this.#isLast(at) && this.#indefinite > at);
    return isRequired && !isLax ? `No results for path: there is no ${name}` : undefined;
  }

  /** Places below 0 are counted from the end; where there is nothing, nothing is found. */
  #elements(at: number, places: Iterable<number>, node: JsonArray): Problem {
    for (const place of places) {
      const element = node.at(place);
      const problem = element === undefined ? undefined : this.#visit(at + 1, element);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  #each(at: number, node: JsonNode): Problem {
    for (const part of partsOf(node)) {
      const problem = this.#visit(at + 1, part);
      if (problem !== undefined && this.#circumstances.requiresAll) return problem;
    }
    return undefined;
  }

  #filter(at: number, filter: JsonFilter, node: JsonNode): Problem {
    if (!isJsonArray(node) && !isJsonObject(node)) return this.#misfit(at, "an object or array");
    for (const part of isJsonArray(node) ? node : [node]) {
      const problem = this.#accepts(filter, part) ? this.#visit(at + 1, part) : undefined;
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  #accepts(filter: JsonFilter, item: JsonNode): boolean {
    const circumstances = { ...this.#circumstances, item, requiresAll: false };
    return isFilterTrue(filter, {
      valueOf: (operand) => operandOf(operand, circumstances),
      exists: (path) => "node" in read(path, { ...circumstances, isLax: false, requiresAll: true }),
    });
  }

  /**
   * Tries a step on a node and on all below it. An array that fits a step which is not the last gives all its
   * elements, whichever the step names: that is how paths are read elsewhere.
   */
  #scan(at: number, node: JsonNode): void {
    const step = this.#steps[at];
    if (step && this.#isScanned(step, node)) {
      if (!isJsonArray(node) || this.#isLast(at)) this.#visit(at, node);
      else for (const element of node) this.#visit(at + 1, element);
    }
    for (const part of partsOf(node)) this.#scan(at, part);
  }

  #isScanned(step: JsonPathStep, node: JsonNode): boolean {
    switch (step.step) {
      case "properties":
        return isJsonObject(node) && (step.names.length > 1 || step.names.every((name) => node.has(name)));
      case "indexes":
      case "slice":
        return isJsonArray(node);
      case "wildcard":
        return isJsonArray(node) || isJsonObject(node);
      case "filter":
        return this.#accepts(step.filter, node);
      default:
        return false;
    }
  }
}

function partsOf(node: JsonNode): Iterable<JsonNode> {
  if (isJsonArray(node)) return node;
  return isJsonObject(node) ? node.values() : [];
}

/** A slice that begins below 0 and says its end is read as places, one by one. */
function* placesOfSlice(
  { from, to }: { readonly from?: number; readonly to?: number },
  length: number,
): Iterable<number> {
  const start = from === undefined ? 0 : to === undefined && from < 0 ? Math.max(0, length + from) : from;
  const end = to === undefined ? length : from === undefined && to < 0 ? length + to : Math.min(length, to);
  for (let place = Math.max(start, -length); place < end; place++) yield place;
}
