/**
 * Java's named sets of characters as JavaScript's: what lies between the brackets of a class with the flag v.
 */
const sets: Readonly<Record<string, string>> = Object.freeze({
  d: "0-9",
  w: "A-Za-z0-9_",
  s: "\\t\\n\\v\\f\\r ",
  h: " \\t\\xa0\\u1680\\u180e\\u2000-\\u200a\\u202f\\u205f\\u3000",
  v: "\\n\\v\\f\\r\\x85\\u2028\\u2029",
});

/** What `\d`, `\W` and the like stand for; undefined for other letters. */
export function escapedSet(letter: string): string | undefined {
  const set = sets[letter.toLowerCase()];
  return set && `[${letter === letter.toLowerCase() ? "" : "^"}${set}]`;
}

export const lineEnds = "\\n\\r\\x85\\u2028\\u2029";

/** What is part of a word at `\b`: in any script. */
export const wordSet = "[\\p{L}\\p{Nd}_]";

const asciiProperties: Readonly<Record<string, string>> = Object.freeze({
  Lower: "a-z",
  Upper: "A-Z",
  ASCII: "\\x00-\\x7f",
  Alpha: "A-Za-z",
  Digit: "0-9",
  Alnum: "A-Za-z0-9",
  Punct: "\\x21-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\x7e",
  Graph: "\\x21-\\x7e",
  Print: "\\x20-\\x7e",
  Blank: " \\t",
  Cntrl: "\\x00-\\x1f\\x7f",
  XDigit: "0-9A-Fa-f",
  Space: "\\t\\n\\v\\f\\r ",
  L1: "\\x00-\\xff",
  javaLowerCase: "\\p{Lowercase}",
  javaUpperCase: "\\p{Uppercase}",
  javaAlphabetic: "\\p{Alphabetic}",
  javaLetter: "\\p{L}",
  javaDigit: "\\p{Nd}",
  javaLetterOrDigit: "\\p{L}\\p{Nd}",
  javaWhitespace: "\\t-\\r\\x1c-\\x20\\u1680\\u2000-\\u2006\\u2008-\\u200a\\u2028\\u2029\\u205f\\u3000",
  IsDigit: "\\p{Nd}",
  IsLetter: "\\p{L}",
  IsPunctuation: "\\p{P}",
  IsControl: "\\p{Cc}",
  IsTitlecase: "\\p{Lt}",
});

/**
 * What `\p{name}` stands for: a set of ASCII, a category, or with `Is` also a script or property. Throws a
 * SyntaxError for others.
 */
export function propertySet(name: string, isNegated: boolean): string {
  const known = asciiProperties[name];
  if (known) return `[${isNegated ? "^" : ""}${known}]`;
  const [, key = "", value = ""] = /^(\w+)=(\w+)$/.exec(name) ?? [];
  const isScript = ["sc", "script"].includes(key.toLowerCase());
  const isCategory = ["gc", "general_category"].includes(key.toLowerCase());
  const plain = name.replace(/^Is/, "");
  const candidates = isScript
    ? [`Script=${value}`]
    : isCategory
      ? [`General_Category=${value}`]
      : [
          `General_Category=${plain}`,
          ...(plain === name ? [] : [capitalized(plain), `Script=${capitalized(plain)}`]),
        ];
  const found = candidates.find(isProperty);
  if (found === undefined) throw new SyntaxError(`there are no characters named ${name}`);
  return `\\${isNegated ? "P" : "p"}{${found}}`;
}

function capitalized(name: string): string {
  return name.toLowerCase().replaceAll(/(?:^|_)[a-z]/g, (start) => start.toUpperCase());
}

function isProperty(property: string): boolean {
  try {
    return new RegExp(`\\p{${property}}`, "v").source !== "";
  } catch {
    return false;
  }
}
