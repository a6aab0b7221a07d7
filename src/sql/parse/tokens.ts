/**
 * From text to tokens: words, quoted names, literals, and symbols, each with its place.
 *
 * Comments are passed over; a hint, which looks like one, is a token at its beginning and its end.
 */
import { notSupported, type SourceText, syntaxError } from "./syntax-error.ts";

export type TokenKind =
  | "word"
  | "quoted"
  | "string"
  | "unicode"
  | "bytes"
  | "number"
  | "symbol"
  | "hint"
  | "hint end"
  | "end";

export interface Token {
  readonly kind: TokenKind;
  /** A name or word as it was written, a literal's value, a symbol. */
  readonly text: string;
  /** A word in upper case, a symbol as it is; empty for everything else. */
  readonly word: string;
  /** In UTF-16 units of the text. */
  readonly start: number;
  readonly end: number;
}

const pattern = new RegExp(
  [
    "(?<space>\\s+|(?:--|//)[^\\n]*)",
    "(?<hint>/\\*\\+)",
    "(?<comment>/\\*)",
    "(?<hintEnd>\\*/)",
    "(?<prefixed>(?:[xXnNeE]|[uU]&|_[A-Za-z][\\w.:-]*)(?='))",
    "(?<word>[\\p{L}_$][\\p{L}\\p{N}_$]*)",
    "(?<number>(?:\\d+(?:\\.\\d*)?|\\.\\d+)(?:[eE][+-]?\\d+)?)",
    "(?<quote>['\"`])",
    "(?<symbol><=>|<>|!=|<=|>=|\\|\\||=>|->|[()[\\]{}.,;=<>+\\-*/%|?:^])",
  ].join("|"),
  "uy",
);

/** Returns the tokens of a text, the end last. Throws `SQL_SYNTAX`. */
export function tokenize(source: SourceText): Token[] {
  const { text } = source;
  const tokens: Token[] = [];
  for (let at = 0; at < text.length; ) {
    pattern.lastIndex = at;
    const groups = pattern.exec(text)?.groups;
    if (!groups) {
      const found = String.fromCodePoint(text.codePointAt(at) ?? 0);
      throw syntaxError(source, { start: at, end: at + found.length }, `Nothing begins with ${found} here`);
    }
    const token = groups.comment ? undefined : readToken(source, at, groups);
    if (token) tokens.push(token);
    at = groups.comment ? endOfComment(source, at) : (token?.end ?? pattern.lastIndex);
  }
  tokens.push({ kind: "end", text: "", word: "", start: text.length, end: text.length });
  return tokens;
}

type Groups = Readonly<Record<string, string | undefined>>;

function readToken(source: SourceText, start: number, groups: Groups): Token | undefined {
  const { space, hint, hintEnd, prefixed, word, number, quote, symbol } = groups;
  if (space) return undefined;
  const plain = (kind: TokenKind, text: string, upper = ""): Token => {
    return { kind, text, word: upper, start, end: start + text.length };
  };
  if (hint) return plain("hint", hint);
  if (hintEnd) return plain("hint end", hintEnd);
  if (word) return plain("word", word, word.toUpperCase());
  if (number) return plain("number", number);
  if (symbol) return plain("symbol", symbol, symbol);
  if (prefixed) return readPrefixed(source, start, prefixed);
  return readQuoted(source, start, quote as string);
}

/** Character sets whose literals are texts as others are: all of Unicode. */
const unicodeSets: ReadonlySet<string> = new Set(["UTF8", "UTF-8", "UTF16", "UTF-16"]);

/** `X'ff'`, `U&'…'`, `E'…'`, `N'…'`, `_utf8'…'`. */
function readPrefixed(source: SourceText, start: number, prefix: string): Token {
  const letter = prefix.toUpperCase();
  if (letter === "E") return readEscaped(source, start);
  const kind = letter === "X" ? "bytes" : letter === "U&" ? "unicode" : "string";
  const token = { ...readQuoted(source, start + prefix.length, "'"), kind, start } as const;
  if (kind === "bytes" && !/^(?:[\da-f]{2})*$/i.test(token.text)) {
    throw syntaxError(source, token, "A literal of bytes has pairs of the digits 0 to 9 and A to F");
  }
  if (letter.startsWith("_") && !unicodeSets.has(letter.slice(1))) {
    throw notSupported(source, token, `a text in ${prefix.slice(1)}; leave ${prefix} out, texts are Unicode`);
  }
  return token;
}

const escaped = /'(?:[^'\\]|\\[\s\S]|'')*'/y;
const escapes = /\\(?:([0-7]{1,3})|x([\dA-Fa-f]{1,2})|u([\dA-Fa-f]{4})|U([\dA-Fa-f]{8})|([\s\S]))|''/gu;
const controls: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

/** `E'\\n'`: escapes as in C. */
function readEscaped(source: SourceText, start: number): Token {
  escaped.lastIndex = start + 1;
  const found = escaped.exec(source.text)?.[0];
  if (found === undefined) {
    throw syntaxError(source, { start, end: start + 2 }, "The text that begins here has no closing '");
  }
  const end = start + 1 + found.length;
  const text = found.slice(1, -1).replaceAll(escapes, (whole, octal, hex, short, long, other) => {
    if (whole === "''") return "'";
    if (other !== undefined) return controls[other] ?? other;
    const code = octal === undefined ? Number.parseInt(hex ?? short ?? long, 16) : Number.parseInt(octal, 8);
    if (code <= 0x10_ffff) return String.fromCodePoint(code);
    throw syntaxError(source, { start, end }, `${whole} is no character of Unicode`);
  });
  return { kind: "string", text, word: "", start, end };
}

/** A quote within quotes is written twice. */
function readQuoted(source: SourceText, start: number, quote: string): Token {
  const { text } = source;
  let end = start + 1;
  for (;;) {
    const next = text.indexOf(quote, end);
    if (next === -1) {
      const what = quote === "'" ? "The text" : "The quoted name";
      throw syntaxError(
        source,
        { start, end: start + 1 },
        `${what} that begins here has no closing ${quote}`,
      );
    }
    end = next + 1;
    if (text[end] !== quote) break;
    end++;
  }
  const value = text.slice(start + 1, end - 1).replaceAll(quote + quote, quote);
  return { kind: quote === "'" ? "string" : "quoted", text: value, word: "", start, end };
}

function endOfComment(source: SourceText, start: number): number {
  const end = source.text.indexOf("*/", start + 2);
  if (end !== -1) return end + 2;
  throw syntaxError(source, { start, end: start + 2 }, "The comment that begins here has no closing */");
}
