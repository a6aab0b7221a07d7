/**
 * Regular expressions of Java as those of JavaScript with the flag v.
 *
 * Flags within a pattern, what a line end is, `$` before the last line end, classes within classes,
 * possessive and atomic groups, names of character sets: what differs is written out. Group n of Java is
 * named `gn`.
 * Not there: `\G`, `\X`, `\N{name}`, blocks (`\p{InGreek}`), flags d and U. Two things stay as they are in
 * JavaScript: a group within what is repeated forgets what it matched the time before, and a reference to a
 * group that took no part is to empty text.
 */
import { escapedSet, lineEnds, propertySet, wordSet } from "./character-sets.ts";
import { literal, withoutQuotes } from "./literal-characters.ts";

export interface TranslatedPattern {
  readonly source: string;
  readonly groupCount: number;
}

/** Throws a SyntaxError where Java takes no such pattern, or where it is not known here. */
export function translateJavaPattern(pattern: string): TranslatedPattern {
  return new Translator(withoutQuotes(pattern)).translate();
}

interface Flags {
  readonly i: boolean;
  readonly m: boolean;
  readonly s: boolean;
  /** Upper and lower case beyond ASCII are alike, too. */
  readonly u: boolean;
  readonly x: boolean;
}

/** Before the last line end, or at the end. */
const lastEnd = `(?:(?=(?:\\r\\n|(?<!\\r)\\n|[\\r\\x85\\u2028\\u2029])?$))`;
const lineStart = `(?:^|(?<=\\r\\n|[\\n\\x85\\u2028\\u2029]|\\r(?!\\n))(?!$))`;
const lineEnd = `(?:(?=\\r\\n|[\\r\\x85\\u2028\\u2029]|(?<!\\r)\\n|$))`;
const wordEdge = `(?:(?<=${wordSet})(?!${wordSet})|(?<!${wordSet})(?=${wordSet}))`;
const noWordEdge = `(?:(?<=${wordSet})(?=${wordSet})|(?<!${wordSet})(?!${wordSet}))`;

const positions: Readonly<Record<string, string>> = Object.freeze({
  b: wordEdge,
  B: noWordEdge,
  A: "(?:^)",
  z: "(?:$)",
  Z: lastEnd,
});

const controls: Readonly<Record<string, string>> = Object.freeze({
  t: "\t",
  n: "\n",
  r: "\r",
  f: "\f",
  a: "\x07",
  e: "\x1b",
});

class Translator {
  readonly #characters: readonly string[];
  #at = 0;
  #flags: Flags = { i: false, m: false, s: false, u: false, x: false };
  #groupCount = 0;
  #atomicCount = 0;
  readonly #names = new Map<string, number>();

  constructor(pattern: string) {
    this.#characters = [...pattern];
  }

  translate(): TranslatedPattern {
    const source = this.#alternatives();
    if (this.#at < this.#characters.length) throw new SyntaxError("a ) closes no group");
    return { source, groupCount: this.#groupCount };
  }

  /** The flags that a group sets end with it. */
  #alternatives(): string {
    const outer = this.#flags;
    return this.#inner(outer.i, outer);
  }

  /** `isInsensitive`: what is around it in the translation. */
  #inner(isInsensitive: boolean, outer: Flags): string {
    const branches: string[] = [];
    do branches.push(this.#sequence(isInsensitive));
    while (this.#accept("|"));
    this.#flags = outer;
    return branches.join("|");
  }

  /** Runs of parts that are read with other flags than what is around them are groups. */
  #sequence(isInsensitive: boolean): string {
    const runs: { readonly i: boolean; text: string }[] = [];
    for (;;) {
      this.#skipComments();
      const next = this.#peek();
      if (next === undefined || next === "|" || next === ")") break;
      const { i } = this.#flags;
      const part = this.#quantified(this.#atom());
      const last = runs.at(-1);
      if (last?.i === i) last.text += part;
      else runs.push({ i, text: part });
    }
    return runs
      .map(({ i, text }) => (i === isInsensitive || text === "" ? text : `(?${i ? "i" : "-i"}:${text})`))
      .join("");
  }

  #quantified(atom: string): string {
    this.#skipComments();
    const quantifier = this.#quantifier();
    if (quantifier === undefined) return atom;
    if (atom === "") throw new SyntaxError(`${quantifier} repeats nothing`);
    const isPossessive = this.#accept("+");
    const repeated = `${atom}${quantifier}${!isPossessive && this.#accept("?") ? "?" : ""}`;
    // A further number repeats the nothing behind.
    while (this.#peek() === "{") this.#quantifier();
    return isPossessive ? this.#atomic(repeated) : repeated;
  }

  #quantifier(): string | undefined {
    const next = this.#peek();
    if (next === "*" || next === "+" || next === "?") return this.#take();
    if (next !== "{") return undefined;
    const digits = this.#characters.slice(this.#at, this.#at + 24).join("");
    const match = /^\{\d{1,10}(?:,\d{0,10})?\}/.exec(digits);
    if (!match) throw new SyntaxError("{ begins no number of repetitions");
    this.#at += match[0].length;
    return match[0];
  }

  /** What has matched once is not given back. */
  #atomic(text: string): string {
    const name = `a${++this.#atomicCount}`;
    return `(?:(?=(?<${name}>${text}))\\k<${name}>)`;
  }

  #atom(): string {
    const character = this.#take();
    switch (character) {
      case "[":
        return this.#class();
      case "(":
        return this.#group();
      case ".":
        return this.#flags.s ? "[^]" : `[^${lineEnds}]`;
      case "^":
        return this.#flags.m ? lineStart : "(?:^)";
      case "$":
        return this.#flags.m ? lineEnd : lastEnd;
      case "\\":
        return this.#escape();
      case "*":
      case "+":
      case "?":
      case "{":
        throw new SyntaxError(`${character} repeats nothing`);
      default:
        return this.#literal(character);
    }
  }

  /** Only ASCII has upper and lower case unless said. */
  #literal(character: string): string {
    const hasCase = !this.#flags.i || this.#flags.u || character <= "\x7f";
    return hasCase ? literal(character) : `(?-i:${character})`;
  }

  #group(): string {
    if (!this.#accept("?")) return this.#capture();
    if (this.#accept("<")) {
      if (this.#accept("=")) return `(?:(?<=${this.#closed()}))`;
      if (this.#accept("!")) return `(?:(?<!${this.#closed()}))`;
      const name = this.#name();
      if (this.#names.has(name)) throw new SyntaxError(`two groups are named ${name}`);
      this.#names.set(name, this.#groupCount + 1);
      return this.#capture();
    }
    if (this.#accept("=")) return `(?:(?=${this.#closed()}))`;
    if (this.#accept("!")) return `(?:(?!${this.#closed()}))`;
    if (this.#accept(">")) return this.#atomic(this.#closed());
    return this.#flagged();
  }

  #capture(): string {
    const number = ++this.#groupCount;
    return `(?<g${number}>${this.#closed()})`;
  }

  /** `(?i)` is for the rest of the group it is in, `(?i:...)` for its own. */
  #flagged(): string {
    const outer = this.#flags;
    let [flags, isSet] = [outer, true];
    for (;;) {
      const next = this.#take();
      if (next === "-" && isSet) isSet = false;
      else if (next in flags) flags = { ...flags, [next]: isSet };
      else if (next === ")") {
        this.#flags = flags;
        return "";
      } else if (next === ":") {
        this.#flags = flags;
        const inner = this.#inner(outer.i, outer);
        this.#expect(")");
        return `(?:${inner})`;
      } else throw new SyntaxError(`there is no flag ${next}`);
    }
  }

  #closed(): string {
    const text = this.#alternatives();
    this.#expect(")");
    return text;
  }

  #escape(): string {
    const letter = this.#peek() ?? "";
    const set = this.#escapedSet();
    if (set !== undefined) return set;
    const position = positions[letter];
    if (position) {
      this.#at++;
      return position;
    }
    if (letter === "R") {
      this.#at++;
      return `(?:\\r\\n|[${escapedSet("v")}])`;
    }
    if (letter === "k") {
      this.#at++;
      this.#expect("<");
      const number = this.#names.get(this.#name());
      if (number === undefined) throw new SyntaxError("a reference is to no group");
      return `\\k<g${number}>`;
    }
    return /[1-9]/.test(letter) ? this.#reference() : this.#literal(this.#escapedCharacter());
  }

  /** A number is as long as there are so many groups. To a group that is not there nothing is equal. */
  #reference(): string {
    let number = Number(this.#take());
    while (/^\d$/.test(this.#peek() ?? "") && number * 10 + Number(this.#peek()) <= this.#groupCount) {
      number = number * 10 + Number(this.#take());
    }
    return number <= this.#groupCount ? `\\k<g${number}>` : "(?:(?!))";
  }

  /** `\d`, `\p{L}` and the like; undefined where no set is named. */
  #escapedSet(): string | undefined {
    const letter = this.#peek() ?? "";
    const set = escapedSet(letter);
    if (set !== undefined) this.#at++;
    if (set !== undefined || (letter !== "p" && letter !== "P")) return set;
    this.#at++;
    const name = this.#accept("{") ? this.#until("}") : this.#take();
    return propertySet(name, letter === "P");
  }

  #escapedCharacter(): string {
    const letter = this.#take();
    const control = controls[letter];
    if (control !== undefined) return control;
    switch (letter) {
      case "x":
        return this.#accept("{") ? this.#coded(this.#until("}"), 16) : this.#coded(this.#digits(2), 16);
      case "u":
        return this.#unicode();
      case "0":
        return this.#octal();
      case "c":
        return String.fromCodePoint((this.#take().codePointAt(0) ?? 0) ^ 64);
      default:
        if (/[A-Za-z]/.test(letter)) throw new SyntaxError(`\\${letter} is not known`);
        return letter;
    }
  }

  /** Two halves are one character. */
  #unicode(): string {
    const first = this.#digits(4);
    const isHigh = /^d[89ab]/i.test(first);
    const next = this.#characters.slice(this.#at, this.#at + 6).join("");
    if (!isHigh || !/^\\ud[c-f]/i.test(next)) return this.#coded(first, 16);
    this.#at += 2;
    return String.fromCharCode(Number.parseInt(first, 16), Number.parseInt(this.#digits(4), 16));
  }

  /** One to three digits, at most 377. */
  #octal(): string {
    const rest = this.#characters.slice(this.#at, this.#at + 3).join("");
    const match = /^(?:[0-3][0-7]{0,2}|[0-7]{1,2})/.exec(rest);
    if (!match) throw new SyntaxError("\\0 has no octal number");
    this.#at += match[0].length;
    return this.#coded(match[0], 8);
  }

  #digits(count: number): string {
    const digits = this.#characters.slice(this.#at, this.#at + count).join("");
    this.#at += count;
    if (digits.length !== count) throw new SyntaxError("a hexadecimal number is too short");
    return digits;
  }

  #coded(digits: string, base: number): string {
    const isNumber = base === 8 ? /^[0-7]+$/.test(digits) : /^[\da-fA-F]+$/.test(digits);
    const code = Number.parseInt(digits, base);
    if (!isNumber || code > 0x10ffff) throw new SyntaxError(`${digits} is no character`);
    return String.fromCodePoint(code);
  }

  /** The first ] stands for itself; && is what all sides have. */
  #class(): string {
    const start = this.#accept("^") ? "[^" : "[";
    const sides: string[] = [];
    let side = "";
    for (let isFirst = true; ; isFirst = false) {
      this.#skipComments();
      const next = this.#peek();
      if (next === undefined) throw new SyntaxError("a class of characters has no ]");
      if (next === "]" && !isFirst) break;
      if (next === "&" && this.#characters[this.#at + 1] === "&") {
        while (this.#accept("&"));
        if (side !== "") sides.push(side);
        side = "";
      } else side += this.#classPart();
    }
    this.#at++;
    if (sides.length === 0) return `${start}${side}]`;
    if (side !== "") sides.push(side);
    return `${start}${sides.map((each) => `[${each}]`).join("&&")}]`;
  }

  #classPart(): string {
    if (this.#accept("[")) return this.#class();
    const low = this.#classCharacter();
    if (low.set !== undefined) return low.set;
    const after = this.#characters[this.#at + 1];
    if (this.#peek() !== "-" || after === "]" || after === "[" || after === undefined)
      return literal(low.text);
    this.#at++;
    const high = this.#classCharacter();
    if (high.set !== undefined) throw new SyntaxError("a range ends with a character");
    return `${literal(low.text)}-${literal(high.text)}`;
  }

  #classCharacter(): { readonly set?: string; readonly text: string } {
    if (!this.#accept("\\")) return { text: this.#take() };
    const set = this.#escapedSet();
    return set === undefined ? { text: this.#escapedCharacter() } : { set, text: "" };
  }

  #name(): string {
    const name = this.#until(">");
    if (!/^[A-Za-z][A-Za-z0-9]*$/.test(name)) throw new SyntaxError(`${name} is no name of a group`);
    return name;
  }

  #until(end: string): string {
    let text = "";
    for (let next = this.#take(); next !== end; next = this.#take()) text += next;
    return text;
  }

  #skipComments(): void {
    while (this.#flags.x) {
      if (/^[ \t\n\v\f\r]$/.test(this.#peek() ?? "")) this.#at++;
      else if (this.#accept("#")) {
        while (!/^[\n\r\x85\u2028\u2029]$/.test(this.#peek() ?? "\n")) this.#at++;
      } else return;
    }
  }

  #peek(): string | undefined {
    return this.#characters[this.#at];
  }

  #take(): string {
    const character = this.#characters[this.#at++];
    if (character === undefined) throw new SyntaxError("a regular expression ends too early");
    return character;
  }

  #accept(character: string): boolean {
    const isNext = this.#peek() === character;
    if (isNext) this.#at++;
    return isNext;
  }

  #expect(character: string): void {
    if (!this.#accept(character)) throw new SyntaxError(`a ${character} is missing`);
  }
}
