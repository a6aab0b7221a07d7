/**
 * The character sets that every Java has: UTF-8, UTF-16, ISO-8859-1 and US-ASCII.
 */
import { encodeUtf8 } from "../../base/utf8.ts";
import { evaluationError } from "../scalar-function.ts";
import { decodeLikeJava } from "../values/utf8.ts";

interface CharacterSet {
  readonly names: readonly string[];
  readonly encode: (text: string) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => string;
}

/** One byte for each character; what has none is written as a question mark. */
function singleBytes(names: readonly string[], codeMax: number): CharacterSet {
  return {
    names,
    encode: (text) =>
      Uint8Array.from([...text], (character) => {
        const code = character.codePointAt(0) ?? 0;
        return code <= codeMax ? code : 0x3f;
      }),
    decode: (bytes) =>
      Array.from(bytes, (byte) => (byte <= codeMax ? String.fromCharCode(byte) : "\ufffd")).join(""),
  };
}

/** Half a character is none. */
function encodeUtf16(text: string, isLittle: boolean): Uint8Array {
  const whole = text.toWellFormed();
  const view = new DataView(new ArrayBuffer(whole.length * 2));
  for (let index = 0; index < whole.length; index++) {
    view.setUint16(index * 2, whole.charCodeAt(index), isLittle);
  }
  return new Uint8Array(view.buffer);
}

/** Half a character and what is there instead of the other half are one that is none. */
function decodeUtf16(bytes: Uint8Array, isLittle: boolean): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const unitAt = (index: number) => (index + 2 <= bytes.length ? view.getUint16(index, isLittle) : undefined);
  const characters: string[] = [];
  for (let index = 0; index < bytes.length; index += 2) {
    const unit = unitAt(index) ?? 0xdc00;
    const isHigh = unit >= 0xd800 && unit <= 0xdbff;
    if (isHigh) index += 2;
    const character = String.fromCharCode(unit, ...(isHigh ? [unitAt(index) ?? 0] : []));
    characters.push(character.isWellFormed() ? character : "\ufffd");
  }
  return characters.join("");
}

function utf16(names: readonly string[], isLittle: boolean): CharacterSet {
  return {
    names,
    encode: (text) => encodeUtf16(text, isLittle),
    decode: (bytes) => decodeUtf16(bytes, isLittle),
  };
}

const characterSets: readonly CharacterSet[] = [
  { names: ["utf-8", "utf8", "unicode-1-1-utf-8"], encode: encodeUtf8, decode: decodeLikeJava },
  utf16(["utf-16be", "utf_16be", "unicodebigunmarked", "x-utf-16be"], false),
  utf16(["utf-16le", "utf_16le", "unicodelittleunmarked", "x-utf-16le"], true),
  {
    // The order of the bytes is said by the first two; the larger one first where it is not.
    names: ["utf-16", "utf_16", "utf16", "unicode", "unicodebig"],
    encode: (text) => (text === "" ? new Uint8Array() : encodeUtf16(`\ufeff${text}`, false)),
    decode: (bytes) => {
      const isLittle = bytes[0] === 0xff && bytes[1] === 0xfe;
      const isMarked = isLittle || (bytes[0] === 0xfe && bytes[1] === 0xff);
      return decodeUtf16(isMarked ? bytes.subarray(2) : bytes, isLittle);
    },
  },
  singleBytes(["iso-8859-1", "iso8859_1", "iso8859-1", "iso_8859-1", "8859_1", "latin1", "l1"], 0xff),
  singleBytes(["us-ascii", "ascii", "iso646-us", "ascii7", "646"], 0x7f),
];

function charsetOf(name: string): CharacterSet {
  const found = characterSets.find(({ names }) => names.includes(name.toLowerCase()));
  if (found) return found;
  const known = characterSets.map(({ names }) => names[0]?.toUpperCase()).join(", ");
  throw evaluationError(`There is no character set ${name}; there are ${known}.`);
}

/** Writes text in a character set of that name. */
export function encodeCharset(text: string, name: string): Uint8Array {
  return charsetOf(name).encode(text);
}

/** Reads text of a character set of that name; what is none in it becomes U+FFFD. */
export function decodeCharset(bytes: Uint8Array, name: string): string {
  return charsetOf(name).decode(bytes);
}
