/**
 * Values that nobody asked for: checked as JSON and skipped.
 *
 * Containers are walked without recursion: their kinds are bits of one u64, which is why the depth ends at
 * 64.
 */
import {
  JSON_DEPTH_MAX, JSON_EXPECTED_COLON, JSON_EXPECTED_COMMA_OR_BRACE, JSON_EXPECTED_COMMA_OR_BRACKET,
  JSON_EXPECTED_DEPTH, JSON_EXPECTED_NAME, JSON_EXPECTED_VALUE,
} from "./abi";
import {
  BRACE_CLOSE, BRACE_OPEN, BRACKET_CLOSE, BRACKET_OPEN, COLON, COMMA, FALS_WORD, isDigit, LOWER_E, MINUS,
  NULL_WORD, QUOTE, spaceSkip, TRUE_WORD,
} from "./characters";
import { fail } from "./fault";
import { numberSkip } from "./numbers";
import { stringSkip } from "./strings";

/** Returns the address behind the value at `at`, which lies in `depth` containers; 0 where it is no JSON. */
@inline
export function valueSkip(at: usize, depth: u32): usize {
  const byte = <u32>load<u8>(at);
  if (byte == QUOTE) return stringSkip(at);
  if (isDigit(byte) || byte == MINUS) return numberSkip(at);
  return valueSkipOther(at, depth);
}

function valueSkipOther(at: usize, depth: u32): usize {
  const byte = <u32>load<u8>(at);
  return byte == BRACE_OPEN || byte == BRACKET_OPEN ? containerSkip(at, depth) : literalSkip(at);
}

function literalSkip(at: usize): usize {
  const word = load<u32>(at);
  if (word == TRUE_WORD || word == NULL_WORD) return at + 4;
  if (word == FALS_WORD && <u32>load<u8>(at, 4) == LOWER_E) return at + 5;
  return fail(JSON_EXPECTED_VALUE, at);
}

function scalarSkip(at: usize): usize {
  const byte = <u32>load<u8>(at);
  if (byte == QUOTE) return stringSkip(at);
  if (isDigit(byte) || byte == MINUS) return numberSkip(at);
  return literalSkip(at);
}

/** Skips a field's name and its colon; returns the address of its value. */
function nameSkip(at: usize): usize {
  if (<u32>load<u8>(at) != QUOTE) return fail(JSON_EXPECTED_NAME, at);
  const next = stringSkip(at);
  return next ? colonSkip(next) : 0;
}

/** Skips the colon behind a name; returns the address of the value. */
export function colonSkip(at: usize): usize {
  const colon = spaceSkip(at);
  if (<u32>load<u8>(colon) != COLON) return fail(JSON_EXPECTED_COLON, colon);
  return spaceSkip(colon + 1);
}

function containerSkip(at: usize, depth: u32): usize {
  let kinds: u64 = 0;
  let open: u32 = 0;
  while (true) {
    const byte = <u32>load<u8>(at);
    if (byte == BRACE_OPEN || byte == BRACKET_OPEN) {
      if (depth + open >= <u32>JSON_DEPTH_MAX) return fail(JSON_EXPECTED_DEPTH, at);
      open++;
      kinds = (kinds << 1) | u64(byte == BRACE_OPEN);
      at = spaceSkip(at + 1);
      // Each closing bracket is two above its opening one.
      if (<u32>load<u8>(at) != byte + 2) {
        if (byte == BRACE_OPEN) at = nameSkip(at);
        if (!at) return 0;
        continue;
      }
    } else {
      at = scalarSkip(at);
      if (!at) return 0;
      at = spaceSkip(at);
    }
    while (true) {
      const next = <u32>load<u8>(at);
      const isObject = <bool>(kinds & 1);
      if (next == COMMA) {
        at = spaceSkip(at + 1);
        if (isObject) at = nameSkip(at);
        if (!at) return 0;
        break;
      }
      if (next != (isObject ? BRACE_CLOSE : BRACKET_CLOSE)) {
        return fail(isObject ? JSON_EXPECTED_COMMA_OR_BRACE : JSON_EXPECTED_COMMA_OR_BRACKET, at);
      }
      kinds >>= 1;
      open--;
      at++;
      if (open == 0) return at;
      at = spaceSkip(at);
    }
  }
}
