/**
 * The bytes that JSON gives a meaning, and white space.
 *
 * Whether a line feed is white space depends on the format: in NDJSON it ends the record. Input is followed
 * by a line feed and zeros, and a zero is nowhere part of JSON, so no reader needs to compare with the end.
 */
export const QUOTE: u32 = 0x22;
export const BACKSLASH: u32 = 0x5c;
export const COMMA: u32 = 0x2c;
export const COLON: u32 = 0x3a;
export const MINUS: u32 = 0x2d;
export const PLUS: u32 = 0x2b;
export const POINT: u32 = 0x2e;
export const SLASH: u32 = 0x2f;
export const ZERO: u32 = 0x30;
export const LINE_FEED: u32 = 0x0a;
export const BRACE_OPEN: u32 = 0x7b;
export const BRACE_CLOSE: u32 = 0x7d;
export const BRACKET_OPEN: u32 = 0x5b;
export const BRACKET_CLOSE: u32 = 0x5d;
export const LOWER_E: u32 = 0x65;
export const LOWER_N: u32 = 0x6e;

/** "null", "true" and "fals" as the u32 that a load gives. */
export const NULL_WORD: u32 = 0x6c6c756e;
export const TRUE_WORD: u32 = 0x65757274;
export const FALS_WORD: u32 = 0x736c6166;

let lineFeedIsSpace: bool = false;

export function lineFeedIsSpaceSet(isSpace: bool): void {
  lineFeedIsSpace = isSpace;
}

/** Returns the address of the first byte at or behind `at` that is no white space. */
@inline
export function spaceSkip(at: usize): usize {
  return <u32>load<u8>(at) > 0x20 ? at : spaceSkipRun(at);
}

function spaceSkipRun(at: usize): usize {
  while (true) {
    const byte = <u32>load<u8>(at);
    if (byte != 0x20 && byte != 0x09 && byte != 0x0d && !(byte == LINE_FEED && lineFeedIsSpace)) return at;
    at++;
  }
}

@inline
export function isDigit(byte: u32): bool {
  return byte - ZERO < 10;
}

/** True for the bytes that go on with a number: a point or an exponent. */
@inline
export function isNumberTail(byte: u32): bool {
  return byte == POINT || (byte | 0x20) == LOWER_E;
}
