/**
 * The patterns of LIKE and SIMILAR TO.
 */
import { JavaPattern } from "./java-pattern.ts";

export type TextTest = (text: string) => boolean;

/** Throws a SyntaxError where the escape is not one character. Without one there is none. */
function escapeOf(escaping: string | undefined): string | undefined {
  if (escaping === undefined || (escaping.length === 1 && escaping !== "\0")) return escaping;
  throw new SyntaxError(`an escape is one character, and not '${escaping}'`);
}

/**
 * LIKE: % is any text, _ one character that ends no line. What is between two % is looked for from the left,
 * which is enough: no way is tried twice.
 */
export function compileLike(pattern: string, escaping?: string): TextTest {
  const parts = likeParts(pattern, escapeOf(escaping));
  const [first = "", ...rest] = parts;
  const last = rest.pop();
  if (last === undefined) {
    const whole = new RegExp(`^${first}$`, "u");
    return (text) => whole.test(text);
  }
  const searches = [
    new RegExp(first, "uy"),
    ...rest.filter((part) => part !== "").map((part) => new RegExp(part, "gu")),
    new RegExp(`${last}$`, "gu"),
  ];
  return (text) => {
    let from = 0;
    for (const search of searches) {
      search.lastIndex = from;
      if (!search.test(text)) return false;
      from = search.lastIndex;
    }
    return true;
  };
}

/** What stands between the %, as regular expressions. */
function likeParts(pattern: string, escaping: string | undefined): string[] {
  const characters = [...pattern];
  const parts = [""];
  const add = (source: string) => parts.push(`${parts.pop() ?? ""}${source}`);
  for (let index = 0; index < characters.length; index++) {
    const character = characters[index] ?? "";
    if (character === escaping) {
      const next = characters[++index];
      if (next === undefined || (next !== "_" && next !== "%" && next !== escaping)) {
        throw new SyntaxError(`an escape is followed by _, % or itself, and not so in '${pattern}'`);
      }
      add(literal(next));
    } else if (character === "%") parts.push("");
    else add(character === "_" ? "[^\\n\\r\\x85\\u2028\\u2029]" : literal(character));
  }
  return parts;
}

function literal(character: string): string {
  return /[\^$\\.*+?()[\]{}|/]/.test(character) ? `\\${character}` : character;
}

const specials = "_%|*+?()[]{}^-";
const specialsOfJava = "[]()|^-+*?{}$\\.";

const characterSets: Readonly<Record<string, string>> = Object.freeze({
  "[:ALPHA:]": "\\p{Alpha}",
  "[:UPPER:]": "\\p{Upper}",
  "[:LOWER:]": "\\p{Lower}",
  "[:DIGIT:]": "\\d",
  "[:SPACE:]": " ",
  "[:WHITESPACE:]": "\\s",
  "[:ALNUM:]": "\\p{Alnum}",
});

/** SIMILAR TO: LIKE's % and _, and regular expressions with classes of characters. */
export function compileSimilar(pattern: string, escaping?: string): TextTest {
  const compiled = new JavaPattern(new SimilarPattern(pattern, escapeOf(escaping)).toJava());
  return (text) => compiled.matches(text);
}

class SimilarPattern {
  readonly #text: string;
  readonly #escaping: string | undefined;
  #at = 0;

  constructor(text: string, escaping: string | undefined) {
    this.#text = text;
    this.#escaping = escaping;
  }

  toJava(): string {
    let java = "";
    while (this.#at < this.#text.length) {
      const character = this.#text[this.#at++] ?? "";
      if (character === this.#escaping) java += this.#escaped();
      else if (character === "_") java += ".";
      else if (character === "%") java += "(?s:.*)";
      else if (character === "[") java += this.#class();
      else if (character === "]") throw this.#invalid();
      else java += character === "\\" || character === "$" ? `\\${character}` : character;
    }
    return java;
  }

  #escaped(): string {
    const next = this.#text[this.#at++];
    if (next === undefined || (!specials.includes(next) && next !== this.#escaping)) throw this.#invalid();
    return specialsOfJava.includes(next) ? `\\${next}` : next;
  }

  /** Within it only - and ^ are special; sets have names. */
  #class(): string {
    let java = "[";
    for (;;) {
      const rest = this.#text.slice(this.#at);
      const named = Object.keys(characterSets).find((name) => rest.toUpperCase().startsWith(name));
      const character = this.#text[this.#at];
      if (character === undefined) throw this.#invalid();
      this.#at += named?.length ?? 1;
      if (named !== undefined) java += characterSets[named];
      else if (character === "]") return `${java}]`;
      else if (character === this.#escaping) java += this.#escaped();
      else if (character === "-" || character === "^") java += character;
      else if (specials.includes(character)) throw this.#invalid();
      else java += character;
    }
  }

  #invalid(): SyntaxError {
    return new SyntaxError(`'${this.#text}' is no pattern of SIMILAR TO`);
  }
}
