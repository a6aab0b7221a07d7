/**
 * JSON as text, read and written as Jackson does: what follows the first value is not looked at, keys are
 * written in order, and characters beyond ASCII as they are.
 */
import { isJsonArray, isJsonNumber, isJsonObject, type JsonNode, jsonNumber } from "./json-node.ts";

/** Deeper JSON is refused, as it would exhaust the stack. */
const depthMax = 1000;

/** Longer numbers are refused, as they would take too long. */
const numberLengthMax = 1000;

const escapes: Readonly<Record<string, string>> = Object.freeze({
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
});

const letters: ReadonlyMap<string, string> = new Map(
  Object.entries(escapes).map(([letter, character]) => [character, letter]),
);

/** Reads the first value in `text`; undefined where that is no JSON. */
export function parseJsonText(text: string): JsonNode | undefined {
  const reader = new JsonTextReader(text, 0);
  const node = reader.value();
  return node === undefined || reader.isTorn() ? undefined : node;
}

/** Reads the value that begins at a place of `text`, and says where it ends. */
export function parseJsonAt(text: string, at: number): { node: JsonNode; end: number } | undefined {
  const reader = new JsonTextReader(text, at);
  const node = reader.value();
  return node === undefined ? undefined : { node, end: reader.at };
}

/** Writes JSON without spaces. */
export function writeJsonText(node: JsonNode): string {
  if (isJsonNumber(node)) return node.number;
  if (isJsonArray(node)) return `[${node.map(writeJsonText).join(",")}]`;
  if (isJsonObject(node)) return writeJsonObject([...node].map(([key, part]) => [key, writeJsonText(part)]));
  return typeof node === "string" ? quoteJson(node) : String(node);
}

/** Writes an object of keys and texts that are JSON. */
export function writeJsonObject(parts: readonly (readonly [key: string, json: string])[]): string {
  const sorted = [...new Map(parts)].sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${sorted.map(([key, json]) => `${quoteJson(key)}:${json}`).join(",")}}`;
}

/** Writes a string: quotes, backslashes and control characters are escaped. */
export function quoteJson(text: string): string {
  const escaped = text.replaceAll(/[^ !#-[\]-\uffff]/g, (character) => {
    return `\\${letters.get(character) ?? hexadecimal(character, true)}`;
  });
  return `"${escaped}"`;
}

/** Like `quoteJson`, with `/` and what is beyond ASCII escaped too, and other control characters not. */
export function quoteJsonAscii(text: string): string {
  const escaped = text.replaceAll(/["\\/\b\f\n\r\t]|[^\0-\x7f]/g, (character) => {
    return `\\${letters.get(character) ?? hexadecimal(character, false)}`;
  });
  return `"${escaped}"`;
}

function hexadecimal(character: string, isUpper: boolean): string {
  const digits = character.charCodeAt(0).toString(16).padStart(4, "0");
  return `u${isUpper ? digits.toUpperCase() : digits}`;
}

/** Resolves the escapes of a string without its quotes; undefined where one is none. */
export function unescapeJson(text: string): string | undefined {
  let isValid = true;
  const resolved = text.replaceAll(/\\(?:u([\da-fA-F]{4})|([\s\S]))/g, (_all, digits, letter) => {
    if (digits !== undefined) return String.fromCharCode(Number.parseInt(digits, 16));
    const character = escapes[letter as string];
    if (character === undefined) isValid = false;
    return character ?? "";
  });
  return isValid ? resolved : undefined;
}

class JsonTextReader {
  readonly #text: string;
  readonly #number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
  readonly #blanks = /[ \t\r\n]*/y;
  #depth = 0;
  #isNumber = false;
  at: number;

  constructor(text: string, at: number) {
    this.#text = text;
    this.at = at;
  }

  /** True where the value that was read goes on as something else: `12a`, `truely`. */
  isTorn(): boolean {
    const next = this.#text[this.at];
    return next !== undefined && this.#isNumber && !" \t\r\n".includes(next);
  }

  value(): JsonNode | undefined {
    this.#skipBlanks();
    this.#isNumber = false;
    switch (this.#text[this.at]) {
      case "{":
        return this.#nested(() => this.#object());
      case "[":
        return this.#nested(() => this.#array());
      case '"':
        return this.#string();
      case "t":
        return this.#word("true", true);
      case "f":
        return this.#word("false", false);
      case "n":
        return this.#word("null", null);
      default:
        return this.#digits();
    }
  }

  #nested(read: () => JsonNode | undefined): JsonNode | undefined {
    if (++this.#depth > depthMax) return undefined;
    this.at++;
    const node = read();
    this.#depth--;
    this.#isNumber = false;
    return node;
  }

  #object(): JsonNode | undefined {
    const parts = new Map<string, JsonNode>();
    if (this.#accept("}")) return parts;
    for (;;) {
      this.#skipBlanks();
      const key = this.#text[this.at] === '"' ? this.#string() : undefined;
      if (key === undefined || !this.#accept(":")) return undefined;
      const part = this.value();
      if (part === undefined) return undefined;
      parts.set(key, part);
      if (this.#accept("}")) return parts;
      if (!this.#accept(",")) return undefined;
    }
  }

  #array(): JsonNode | undefined {
    const parts: JsonNode[] = [];
    if (this.#accept("]")) return parts;
    for (;;) {
      const part = this.value();
      if (part === undefined) return undefined;
      parts.push(part);
      if (this.#accept("]")) return parts;
      if (!this.#accept(",")) return undefined;
    }
  }

  #string(): string | undefined {
    const start = ++this.at;
    let hasEscapes = false;
    for (;;) {
      const character = this.#text[this.at];
      if (character === undefined || character < " ") return undefined;
      if (character === '"') break;
      if (character === "\\") hasEscapes = true;
      this.at += character === "\\" ? 2 : 1;
    }
    const inner = this.#text.slice(start, this.at++);
    return hasEscapes ? unescapeJson(inner) : inner;
  }

  #word<T>(word: string, meaning: T): T | undefined {
    if (!this.#text.startsWith(word, this.at)) return undefined;
    this.at += word.length;
    return /[\w$]/.test(this.#text[this.at] ?? "") ? undefined : meaning;
  }

  #digits(): JsonNode | undefined {
    this.#number.lastIndex = this.at;
    const [digits] = this.#number.exec(this.#text) ?? [];
    if (digits === undefined || digits.length > numberLengthMax) return undefined;
    this.at += digits.length;
    this.#isNumber = true;
    return jsonNumber(digits);
  }

  #accept(sign: string): boolean {
    this.#skipBlanks();
    const isThere = this.#text[this.at] === sign;
    if (isThere) this.at++;
    return isThere;
  }

  #skipBlanks(): void {
    this.#blanks.lastIndex = this.at;
    this.at += this.#blanks.exec(this.#text)?.[0].length ?? 0;
  }
}
