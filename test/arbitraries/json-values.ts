/** Texts of JSON values, of all shapes that a decoder may stumble over. */
import type { Column } from "../../src/columnar/schema.ts";
import type { Random } from "./random.ts";

/** The words of texts. */
export function words(...texts: readonly string[]): string[] {
  return texts.flatMap((text) => text.split(" "));
}

const boundaries = [
  2n ** 31n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n,
  10n ** 15n,
  10n ** 16n,
  10n ** 18n,
  10n ** 19n,
];
const oddNumbers = [
  ...words(
    "0 -0 0.0 -0.0 1e3 5.0 1.5e1 1E+2 1e-2 0e999999999999 1e400 -1e400 1e308 1.8e308 5e-324 2e-324",
    "3e-324",
  ),
  ...words("1.7976931348623157e308 1.7976931348623159e308 2.2250738585072011e-308 2.2250738585072014e-308"),
  ...words(
    "9007199254740993 9007199254740993.0 1e22 1e23 123456789012345678901234567890 0.1",
    "0.30000000000000004",
  ),
  ...words(
    "1e-400 1e99999999999999999999 1e-99999999999999999999 8640000000000000 8640000000000001",
    "-8640000000000001",
  ),
];
const notNumbers = "01 -01 00 - -. .5 5. 1e 1e+ +1 1.e1 1.5.2 0x1 1_000 Infinity NaN 1e5.5 --1".split(" ");
const characters = [
  "a",
  "Z",
  "0",
  " ",
  "~",
  "é",
  "ß",
  "ключ",
  "漢字",
  "😀",
  "\u007f",
  "\u0080",
  "\u2028",
  "\uffff",
];
const escapes = [
  "\\n",
  "\\t",
  '\\"',
  "\\\\",
  "\\/",
  "\\b",
  "\\f",
  "\\r",
  "\\u0041",
  "\\u00e9",
  "\\u20AC",
  "\\u0000",
];
const surrogates = [
  "\\ud83d\\ude00",
  "\\ud83d",
  "\\ude00",
  "\\ud83d\\u0041",
  "\\ud83dx",
  "\\uD83D\\uD83D\\uDE00",
];
const notEscapes = ["\\x", "\\u12", "\\u12g4", "\\", "\\U0041", "\t", "\u0001"];
const wrongTimes = [
  ...words("2024-02-30 2023-02-29 2024-13-01 2024-00-10 2024-01-00 2024/01-02 24-01-01 2024-1-1 2024-01-01T"),
  ...words("2024-01-01T24:00 2024-01-01T00:60 2024-01-01T00:00:60 2024-01-01T00:00:00. 2024-01-01T00:00+01"),
  ...words(
    "2024-01-01T00:00:00+0100 2024-01-01T00:00+24:00 2024-01-01_00:00 2024-01-01T1:00",
    "20240101T000000Z",
  ),
  "2024-01-01  00:00",
  "2024-01-01 00:00 Z",
  "2024-01-01T00:00:00,5Z",
];

/** A number in one of many spellings; with `mayBeBad` also what is no JSON number. */
export function numberText(random: Random, mayBeBad: boolean): string {
  if (mayBeBad && random.chance(0.05)) return random.pick(notNumbers);
  switch (random.below(10)) {
    case 0:
      return random.pick(oddNumbers);
    case 1:
      return `${random.pick(boundaries) + BigInt(random.between(-2, 2))}`.replace(/^/, () => sign(random));
    case 2:
      return doubleText(random);
    case 3:
      return midpointText(random);
    case 4:
      return sign(random) + digits(random, 1, 30) + fraction(random, 30) + exponent(random, 330);
    case 5:
      return sign(random) + digits(random, 1, 19);
    case 6:
      return sign(random) + digits(random, 1, 6) + fraction(random, 6) + exponent(random, 8);
    case 7:
      return `${1_700_000_000_000 + random.below(2 ** 31)}`;
    default:
      return `${sign(random)}${random.below(100_000) / random.pick([1, 10, 100, 1000])}`;
  }
}

function sign(random: Random): string {
  return random.chance(0.3) ? "-" : "";
}

/** A whole number without leading zeros. */
function digits(random: Random, min: number, max: number): string {
  const count = random.between(min, max);
  const text = Array.from({ length: count }, () => random.pick("0123456789".split(""))).join("");
  return text.replace(/^0+(?=\d)/, "") || "0";
}

function fraction(random: Random, max: number): string {
  if (random.chance(0.4)) return "";
  const zeros = random.chance(0.2) ? "0".repeat(random.below(max)) : "";
  return `.${zeros}${random.below(10)}${random.chance(0.5) ? digits(random, 1, max) : ""}`;
}

function exponent(random: Random, max: number): string {
  if (random.chance(0.6)) return "";
  return `${random.pick(["e", "E", "e+", "e-", "E-"])}${random.chance(0.1) ? "0" : ""}${random.below(max)}`;
}

/** Any finite double, as JavaScript prints it or with more or fewer digits. */
function doubleText(random: Random): string {
  const value = randomDouble(random);
  return random.pick([
    () => `${value}`.replace("e+", "e"),
    () => value.toExponential(random.between(0, 20)),
    () => value.toPrecision(random.between(1, 25)),
  ])();
}

function randomDouble(random: Random): number {
  const view = new DataView(new ArrayBuffer(8));
  while (true) {
    view.setBigUint64(0, random.bits64());
    if (random.chance(0.1)) view.setUint16(0, view.getUint16(0) & 0x801f);
    if (Number.isFinite(view.getFloat64(0))) return view.getFloat64(0);
  }
}

/** The exact midpoint of two neighboring doubles, or a number a little above or below it. */
function midpointText(random: Random): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Math.abs(randomDouble(random)));
  const bits = view.getBigUint64(0);
  const fractionBits = bits & (2n ** 52n - 1n);
  const biased = Number(bits >> 52n);
  const significand = 2n * (biased === 0 ? fractionBits : fractionBits + 2n ** 52n) + 1n;
  const binary = Math.max(biased, 1) - 1076;
  if (binary >= 0) {
    return `${significand * 2n ** BigInt(binary) + BigInt(random.between(-1, 1))}`;
  }
  // m / 2^n = m × 5^n / 10^n
  const decimal = `${significand * 5n ** BigInt(-binary)}`;
  const cut = random.chance(0.3) ? decimal.slice(0, random.between(17, decimal.length)) : decimal;
  const tail = random.pick(["", "0", "1", "0000000000000001"]);
  return `${cut}${tail}e${binary + (decimal.length - cut.length) - tail.length}`;
}

/** A JSON string with its quotes. `plain` is what it may begin with. */
export function stringText(random: Random, mayBeBad: boolean): string {
  let text = "";
  const count = random.chance(0.1) ? random.below(60) : random.below(8);
  for (let index = 0; index < count; index++) {
    const kind = random.below(20);
    if (kind < 12)
      text += `${random.pick(characters)}${"x".repeat(random.chance(0.1) ? random.below(40) : 0)}`;
    else if (kind < 16) text += random.pick(escapes);
    else if (kind < 18) text += random.pick(surrogates);
    else if (mayBeBad && random.chance(0.1)) text += random.pick(notEscapes);
  }
  return `"${text}"`;
}

/** The text as a JSON string, some of its characters as escapes. */
export function quoted(random: Random, text: string): string {
  const plain = JSON.stringify(text).slice(1, -1);
  if (!random.chance(0.1)) return `"${plain}"`;
  const units = Array.from({ length: text.length }, (_, index) => text.charCodeAt(index));
  return `"${units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("")}"`;
}

/** A value for a column; `oddity` is the probability that it does not fit or has an unusual form. */
export function valueText(random: Random, column: Column, oddity: number, mayBeBad: boolean): string {
  const { type, nullable } = column;
  if (random.chance(nullable ? 0.1 : oddity / 4)) return "null";
  const isOdd = random.chance(oddity);
  if (isOdd && random.chance(0.2)) return anyText(random, 0, mayBeBad);
  switch (type.name) {
    case "BOOLEAN":
      return random.pick(["true", "false"]);
    case "STRING":
      return stringText(random, mayBeBad);
    case "BYTES":
      return bytesText(random, isOdd);
    case "DATE":
      return quoted(random, isOdd ? random.pick(wrongTimes) : dayText(random));
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
      if (random.chance(0.3)) return isOdd ? numberText(random, mayBeBad) : `${random.below(2 ** 41)}`;
      return quoted(random, isOdd ? random.pick(wrongTimes) : timeText(random));
    case "DOUBLE":
      return random.chance(0.5) ? numberText(random, mayBeBad) : `${random.below(100_000) / 100}`;
    case "DECIMAL": {
      const number = isOdd ? numberText(random, mayBeBad) : decimalText(random, type.precision, type.scale);
      return random.chance(0.2) ? quoted(random, number) : number;
    }
    default: {
      const max = type.name === "INT" ? 9 : 18;
      const number = isOdd ? numberText(random, mayBeBad) : sign(random) + digits(random, 1, max);
      return random.chance(type.name === "BIGINT" || isOdd ? 0.1 : 0) ? quoted(random, number) : number;
    }
  }
}

function decimalText(random: Random, precision: number, scale: number): string {
  const whole = precision > scale ? digits(random, 1, precision - scale) : "0";
  const places = Array.from({ length: random.below(scale + 1) }, () => random.below(10)).join("");
  const zeros = places && random.chance(0.1) ? "0".repeat(random.below(5)) : "";
  return sign(random) + whole + (places ? `.${places}` : "") + zeros;
}

function bytesText(random: Random, isOdd: boolean): string {
  const bytes = Uint8Array.from({ length: random.below(20) }, () => random.below(256));
  const text = Buffer.from(bytes).toString(isOdd ? "base64url" : "base64");
  return `"${random.chance(0.1) ? text.replaceAll("/", "\\/") : text}"`;
}

function two(random: Random, count: number): string {
  return `${random.below(count)}`.padStart(2, "0");
}

function dayText(random: Random): string {
  const year = random.chance(0.9)
    ? `${random.between(1960, 2040)}`
    : `${random.below(10_000)}`.padStart(4, "0");
  const separator = random.pick(["-", "-", "/"]);
  const month = `${random.between(1, 12)}`.padStart(2, "0");
  const day = `${random.between(1, random.chance(0.1) ? 31 : 28)}`.padStart(2, "0");
  return `${year}${separator}${month}${separator}${day}`;
}

function timeText(random: Random): string {
  const seconds = random.chance(0.7) ? `:${two(random, 60)}` : "";
  const millis = seconds && random.chance(0.5) ? `.${digits(random, 1, random.pick([1, 3, 9]))}` : "";
  const zone = random.pick(["", "", "Z", "z", `+${two(random, 24)}:${two(random, 60)}`, "-08:00"]);
  const separator = random.pick(["T", "T", " ", "t"]);
  return `${dayText(random)}${separator}${two(random, 24)}:${two(random, 60)}${seconds}${millis}${zone}`;
}

/** Any value, up to a few levels deep and at times very deep. */
export function anyText(random: Random, depth: number, mayBeBad: boolean): string {
  switch (depth > 3 ? random.below(4) : random.below(7)) {
    case 0:
      return stringText(random, mayBeBad);
    case 1:
      return numberText(random, mayBeBad);
    case 2:
      return random.pick(["true", "false", "null"]);
    case 3:
      return mayBeBad && random.chance(0.1) ? random.pick(["nul", "True", "undefined", "", "'a'"]) : "[]";
    case 4: {
      const items = Array.from({ length: random.below(4) }, () => anyText(random, depth + 1, mayBeBad));
      return `[${items.join(random.pick([",", " , "]))}]`;
    }
    case 5: {
      const fields = Array.from({ length: random.below(4) }, () => {
        const name = stringText(random, mayBeBad) + random.pick([":", " : "]);
        return name + anyText(random, depth + 1, mayBeBad);
      });
      return `{${fields.join(random.pick([",", ", "]))}}`;
    }
    default: {
      if (!random.chance(0.1)) return "{}";
      const levels = random.between(60, 66);
      return "[".repeat(levels) + "]".repeat(levels);
    }
  }
}
