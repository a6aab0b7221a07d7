/**
 * Reads paths into JSON: `$.store.book[?(@.price < 10)].title`.
 */
import { type JsonNode, jsonNumber } from "./json-node.ts";
import type { JsonFilter, JsonOperand, JsonPath, JsonPathStep } from "./json-path.ts";
import { parseJsonAt } from "./json-text.ts";

/** Returns undefined where `text` is no path. A path without `$` begins with a name. */
export function parseJsonPath(text: string): JsonPath | undefined {
  const trimmed = text.trim();
  if (trimmed === "") return undefined;
  const whole = /^[$@]/.test(trimmed) ? trimmed : `$.${trimmed}`;
  try {
    return new JsonPathReader(whole).whole();
  } catch (thrown) {
    if (thrown instanceof NoJsonPath) return undefined;
    throw thrown;
  }
}

/** Thrown and caught in this file only. */
class NoJsonPath extends Error {}

/** Deeper filters and lists are no path, as they would exhaust the stack. */
const depthMax = 100;

/** Ends of a path within a filter or among arguments. */
const ends = " \t\r\n)<>=!~&|,";

const operators: ReadonlySet<string> = new Set(
  "== === != !== < <= > >= =~ in nin subsetof anyof noneof size empty contains all".split(" "),
);

class JsonPathReader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): JsonPath {
    const path = this.#path(false);
    if (this.#at < this.#text.length) throw new NoJsonPath();
    return path;
  }

  #path(isWithin: boolean): JsonPath {
    const from = this.#accept("@") ? "@" : "$";
    if (from === "$") this.#expect("$");
    const steps: JsonPathStep[] = [];
    if (!this.#isEnd(isWithin) && !this.#comes(".") && !this.#comes("[")) throw new NoJsonPath();
    while (!this.#isEnd(isWithin)) {
      if (this.#accept("..")) steps.push({ step: "scan" });
      else this.#accept(".");
      steps.push(this.#step(isWithin));
    }
    return { from, steps };
  }

  #isEnd(isWithin: boolean): boolean {
    const next = this.#text[this.#at];
    return next === undefined || (isWithin && ends.includes(next));
  }

  #step(isWithin: boolean): JsonPathStep {
    if (this.#comes("[")) return this.#bracket();
    if (this.#accept("*")) return { step: "wildcard" };
    const start = this.#at;
    while (!this.#isEnd(isWithin) && !/[.[(]/.test(this.#text[this.#at] ?? "")) this.#at++;
    const name = this.#text.slice(start, this.#at);
    if (name === "" || name.includes(" ")) throw new NoJsonPath();
    if (!this.#accept("(")) return { step: "properties", names: [name] };
    return { step: "function", name, given: this.#list(")", () => this.#operand()) };
  }

  #bracket(): JsonPathStep {
    this.#expect("[");
    this.#skipBlanks();
    const next = this.#text[this.#at] ?? "";
    if (next === "'" || next === '"') {
      const names = this.#list("]", () => this.#quoted());
      return { step: "properties", names };
    }
    if (this.#accept("*")) {
      this.#expect("]");
      return { step: "wildcard" };
    }
    if (this.#accept("?")) return this.#filterStep();
    return this.#places();
  }

  /** `[1]`, `[0, -1]`, `[2:]`, `[:2]`, `[1:3]`. */
  #places(): JsonPathStep {
    const match = this.#match(/([\d\s,:-]+)\]/y);
    const [, places = ""] = match ?? [];
    const parts = places.split(places.includes(":") ? ":" : ",").map((part) => part.trim());
    if (!parts.every((part) => /^-?\d+$|^$/.test(part))) throw new NoJsonPath();
    if (!places.includes(":")) {
      if (parts.includes("")) throw new NoJsonPath();
      return { step: "indexes", indexes: parts.map(Number) };
    }
    const [from = "", to = ""] = parts;
    if (from === "" && to === "") throw new NoJsonPath();
    return {
      step: "slice",
      ...(from !== "" && { from: Number(from) }),
      ...(to !== "" && { to: Number(to) }),
    };
  }

  #filterStep(): JsonPathStep {
    this.#expect("(");
    const filter = this.#nested(() => this.#any());
    this.#expect(")");
    this.#expect("]");
    return { step: "filter", filter };
  }

  #any(): JsonFilter {
    const parts = [this.#all()];
    while (this.#accept("||")) parts.push(this.#all());
    return parts.length === 1 && parts[0] ? parts[0] : { test: "or", parts };
  }

  #all(): JsonFilter {
    const parts = [this.#test()];
    while (this.#accept("&&")) parts.push(this.#test());
    return parts.length === 1 && parts[0] ? parts[0] : { test: "and", parts };
  }

  #test(): JsonFilter {
    if (this.#accept("!")) return { test: "not", part: this.#nested(() => this.#test()) };
    if (this.#accept("(")) {
      const inner = this.#nested(() => this.#any());
      this.#expect(")");
      return inner;
    }
    const left = this.#operand();
    const [operator] = this.#match(/[<>=~!]+|[a-zA-Z]+/y) ?? [];
    if (operator === undefined) {
      if (!("path" in left)) throw new NoJsonPath();
      return { test: "exists", path: left.path };
    }
    if (!operators.has(operator.toLowerCase())) throw new NoJsonPath();
    return { test: "compare", operator: operator.toLowerCase(), left, right: this.#operand() };
  }

  #operand(): JsonOperand {
    this.#skipBlanks();
    if (this.#comes("$") || this.#comes("@")) return { path: this.#path(true) };
    if (this.#comes("/")) return { pattern: this.#pattern() };
    return { node: this.#literal() };
  }

  /** `/text/i`: all of a text must match. */
  #pattern(): RegExp {
    const [, source = "", flags = ""] = this.#match(/\/((?:[^/\\]|\\[\s\S])*)\/([a-zA-Z]*)/y) ?? [];
    try {
      return new RegExp(`^(?:${source})$`, [..."imsu"].filter((flag) => flags.includes(flag)).join(""));
    } catch {
      throw new NoJsonPath();
    }
  }

  /** Like JSON, and text may stand in single quotes. */
  #literal(): JsonNode {
    this.#skipBlanks();
    const next = this.#text[this.#at] ?? "";
    if (next === "'" || next === '"') return this.#quoted();
    if (this.#accept("[")) return this.#list("]", () => this.#literal());
    const [digits] = this.#match(/-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y) ?? [];
    if (digits !== undefined) return jsonNumber(digits);
    const read = parseJsonAt(this.#text, this.#at);
    if (!read) throw new NoJsonPath();
    this.#at = read.end;
    return read.node;
  }

  #quoted(): string {
    this.#skipBlanks();
    const [, inDouble, inSingle] = this.#match(/"((?:[^"\\]|\\[\s\S])*)"|'((?:[^'\\]|\\[\s\S])*)'/y) ?? [];
    const inner = inDouble ?? inSingle;
    if (inner === undefined) throw new NoJsonPath();
    return inner.replaceAll(/\\(?:u([\da-fA-F]{4})|([\s\S]))/g, (_all, digits, letter) => {
      if (digits !== undefined) return String.fromCharCode(Number.parseInt(digits, 16));
      return { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" }[letter as string] ?? letter;
    });
  }

  /** Items with commas between; none where the list ends at once. */
  #list<T>(end: string, item: () => T): T[] {
    if (this.#accept(end)) return [];
    const items = [this.#nested(item)];
    while (this.#accept(",")) items.push(this.#nested(item));
    this.#expect(end);
    return items;
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > depthMax) throw new NoJsonPath();
    const result = read();
    this.#depth--;
    return result;
  }

  #comes(sign: string): boolean {
    return this.#text.startsWith(sign, this.#at);
  }

  /** Skips spaces before a sign, but not before those that join steps. */
  #accept(sign: string): boolean {
    const before = this.#at;
    if (!sign.startsWith(".")) this.#skipBlanks();
    const isThere = this.#comes(sign);
    this.#at = isThere ? this.#at + sign.length : before;
    return isThere;
  }

  #expect(sign: string): void {
    if (!this.#accept(sign)) throw new NoJsonPath();
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    this.#skipBlanks();
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (!match) return undefined;
    this.#at += match[0].length;
    return match;
  }

  #skipBlanks(): void {
    while (/\s/.test(this.#text[this.#at] ?? "")) this.#at++;
  }
}
