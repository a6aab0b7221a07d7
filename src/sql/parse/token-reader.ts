/**
 * Reads tokens one after the other, and knows at any place what could have stood there.
 *
 * Every question whether a word comes next notes that word as expected. So an error names all that the
 * grammar has asked for at the farthest place that it came to.
 */
import { sqlChainMax, sqlDepthMax, sqlTextMax } from "../../base/limits.ts";
import { suggestName } from "../../base/suggest-name.ts";
import type { Parameters } from "./parameters.ts";
import { isReserved } from "./reserved-words.ts";
import { notSupported, type SourceText, type Span, syntaxError } from "./syntax-error.ts";
import type { Expression, Identifier, Literal, QualifiedName, Query } from "./syntax-tree.ts";
import { type Token, type TokenKind, tokenize } from "./tokens.ts";

/** Rules that refer to each other in circles. */
export interface Grammar {
  expression(reader: TokenReader): Expression;
  /** Without comparisons and logic in it, unless in parentheses. */
  operand(reader: TokenReader): Expression;
  query(reader: TokenReader): Query;
}

/** Words that begin a clause behind what may have an alias. */
const clauseWords: ReadonlySet<string> = new Set(
  "FROM WHERE GROUP HAVING WINDOW ORDER LIMIT OFFSET UNION EXCEPT INTERSECT JOIN INNER CROSS".split(" "),
);

/** What could have stood somewhere is told up to so many. */
const expectedMax = 8;

export class TokenReader {
  readonly source: SourceText;
  readonly #tokens: readonly Token[];
  readonly #grammar: Grammar;
  readonly #parameters: Parameters;
  #at = 0;
  #depth = 0;
  /** What was asked for at the farthest place. */
  #expectedAt = 0;
  readonly #expected = new Set<string>();

  /** Throws `SQL_SYNTAX` for a text that is too long, or has something in it that is no token. */
  constructor(text: string, grammar: Grammar, parameters: Parameters) {
    this.source = { text };
    if (text.length > sqlTextMax) {
      const span = { start: sqlTextMax, end: text.length };
      throw syntaxError(this.source, span, `A text has at most ${sqlTextMax} characters`);
    }
    this.#tokens = tokenize(this.source);
    this.#grammar = grammar;
    this.#parameters = parameters;
  }

  get token(): Token {
    return this.peek(0);
  }

  /** A token further on; behind the last comes the end again and again. */
  peek(distance: number): Token {
    return (this.#tokens[this.#at + distance] ?? this.#tokens.at(-1)) as Token;
  }

  get isAtEnd(): boolean {
    return this.token.kind === "end";
  }

  /** Notes that something could stand here. */
  want(what: string): void {
    if (this.#at < this.#expectedAt) return;
    if (this.#at > this.#expectedAt) this.#expected.clear();
    this.#expectedAt = this.#at;
    this.#expected.add(what);
  }

  /** True where one of these words or symbols comes next. */
  is(...words: readonly string[]): boolean {
    if (words.includes(this.token.word)) return true;
    for (const word of words) this.want(word);
    return false;
  }

  /** True where these words follow each other from here on; asks for nothing. */
  comes(...words: readonly string[]): boolean {
    return words.every((word, distance) => this.peek(distance).word === word);
  }

  /** Takes these words where all of them come. */
  accept(...words: readonly string[]): boolean {
    if (!this.comes(...words)) {
      if (words[0] !== undefined && this.token.word !== words[0]) this.want(words[0]);
      return false;
    }
    this.#at += words.length;
    return true;
  }

  /** Takes one of these words, if one comes. */
  acceptOneOf<Word extends string>(...words: readonly Word[]): Word | undefined {
    const found = words.find((word) => this.is(word));
    if (found !== undefined) this.#at++;
    return found;
  }

  expect(...words: readonly string[]): true {
    for (const word of words) if (!this.accept(word)) this.fail();
    return true;
  }

  expectOneOf<Word extends string>(...words: readonly Word[]): Word {
    return this.acceptOneOf(...words) ?? this.fail();
  }

  /** Takes a token of a kind; `what` says in an error what it would be. */
  expectKind(kind: TokenKind, what: string): Token {
    const { token } = this;
    if (token.kind !== kind) this.fail(what);
    this.#at++;
    return token;
  }

  /** Takes whatever comes. */
  take(): Token {
    const { token } = this;
    this.#at++;
    return token;
  }

  string(): string {
    return this.expectKind("string", "a text in quotes").text;
  }

  /** A number without sign or fraction. */
  wholeNumber(what = "a whole number"): number {
    const { token } = this;
    if (token.kind !== "number" || !/^\d{1,15}$/.test(token.text)) this.fail(what);
    this.#at++;
    return Number(token.text);
  }

  /** True where a name comes that need not be quoted, or is. */
  get isIdentifier(): boolean {
    const { kind, word } = this.token;
    return kind === "quoted" || (kind === "word" && !isReserved(word));
  }

  identifier(what = "a name"): Identifier {
    if (!this.isIdentifier) this.fail(what);
    return this.#takeIdentifier();
  }

  /** A name behind a dot, where no word has another meaning. */
  member(): Identifier {
    const { kind } = this.token;
    if (kind !== "quoted" && kind !== "word") this.fail("a name");
    return this.#takeIdentifier();
  }

  #takeIdentifier(): Identifier {
    const { kind, text, start, end } = this.take();
    return { name: text, isQuoted: kind === "quoted", start, end };
  }

  name(what = "a name"): QualifiedName {
    const { start } = this.token;
    const parts = [this.identifier(what)];
    while (this.accept(".")) parts.push(this.member());
    return { parts, ...this.since(start) };
  }

  expression(): Expression {
    return this.nested(() => this.#grammar.expression(this));
  }

  operand(): Expression {
    return this.nested(() => this.#grammar.operand(this));
  }

  query(): Query {
    return this.nested(() => this.#grammar.query(this));
  }

  /** The literal that `?` or `:name`, which comes, stands for. */
  parameter(): Literal {
    const { start, word } = this.take();
    const name = word === "?" ? undefined : this.take().text;
    return this.#parameters.literal(this.source, this.since(start), name);
  }

  /** One or more, with commas between. */
  list<Item>(item: () => Item): Item[] {
    const items = [item()];
    while (this.accept(",")) items.push(item());
    return items;
  }

  parenthesized<Value>(content: () => Value): Value {
    this.expect("(");
    const value = content();
    this.expect(")");
    return value;
  }

  /** Names in parentheses. */
  identifiers(): Identifier[] {
    return this.parenthesized(() => this.list(() => this.identifier()));
  }

  /** Refuses what lies deeper in itself than a stack should be. */
  nested<Value>(work: () => Value): Value {
    if (++this.#depth > sqlDepthMax) {
      throw syntaxError(this.source, this.token, `Nothing may lie more than ${sqlDepthMax} levels deep`);
    }
    const value = work();
    this.#depth--;
    return value;
  }

  /** Refuses a chain that whoever goes through its tree would be too deep in. */
  checkChain(length: number): void {
    if (length <= sqlChainMax) return;
    const message = `At most ${sqlChainMax} operators, joins or queries may follow each other`;
    throw syntaxError(this.source, this.token, message);
  }

  /** The place from `start` up to the last token that was taken. */
  since(start: number): Span {
    return { start, end: this.#tokens[this.#at - 1]?.end ?? start };
  }

  /** Fails at the farthest place with all that could have stood there. */
  fail(what?: string): never {
    if (what !== undefined) this.want(what);
    const isFarther = this.#expectedAt >= this.#at;
    const token = this.#tokens[Math.max(this.#at, this.#expectedAt)] as Token;
    const expected = isFarther ? [...this.#expected] : [];
    const message = `Found ${told(token)}${expectation(token, expected)}`;
    throw syntaxError(
      this.source,
      token,
      `${message}${misspelt(this.#tokens[this.#tokens.indexOf(token) - 1])}`,
    );
  }

  /** Fails at a place that the grammar allows, for a reason of its own. */
  refuse(span: Span, message: string): never {
    throw syntaxError(this.source, span, message);
  }

  /** Refuses what Flink knows and Millrace does not. */
  notSupported(span: Span, what: string): never {
    throw notSupported(this.source, span, what);
  }
}

/** A word that begins a clause, misspelt, was taken for a name: the place is the one behind it. */
function misspelt(before: Token | undefined): string {
  if (before?.kind !== "word" || isReserved(before.word)) return "";
  const near = suggestName(before.word, [...clauseWords]);
  return near === "" ? "" : `${near.slice(0, -1)} instead of ${before.text}?`;
}

function told({ kind, text }: Token): string {
  const short = text.length > 30 ? `${text.slice(0, 30)}…` : text;
  if (kind === "end") return "the end";
  if (kind === "string") return `the text '${short}'`;
  return kind === "word" && isReserved(text.toUpperCase()) ? `the reserved word ${short}` : short;
}

function expectation({ kind, text }: Token, expected: readonly string[]): string {
  if (expected.length === 0) return "";
  const words = expected.filter((each) => /^[A-Z_]+$/.test(each));
  const near = kind === "word" ? suggestName(text.toUpperCase(), words) : "";
  const named = expected.filter((each) => /^[a-z]/.test(each));
  const shown = [...named, ...expected.filter((each) => !named.includes(each))].slice(0, expectedMax);
  const last = expected.length > shown.length ? "…" : shown.pop();
  return `, expected ${shown.length > 0 ? `${shown.join(", ")} or ` : ""}${last}${near}`;
}
