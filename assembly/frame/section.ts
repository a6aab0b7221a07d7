/**
 * A column's section in the body of a frame (version 1; the frame around it: `src/kernel/frame-codec.ts`).
 *
 *   OFFSET  SIZE  FIELD
 *        0     1  encoding       SECTION_*
 *        1     1  flags          bit 0: null bits follow; other bits zero
 *        2     4  length         bytes behind this field
 *        6     -  null bits      where flagged: ceil(rows / 8) bytes, lowest bit first, 1 = present
 *        -     -  values         of the n present rows only, by encoding; no bytes behind them
 *
 *   SECTION_NULLS       any kind  nothing: no row is present (or there is no row); never flagged
 *   SECTION_INTEGERS    I64       INTEGERS
 *   SECTION_DECIMALS    F64       scale u8 (0..9), INTEGERS of m; a value is the double nearest m / 10^scale
 *   SECTION_DOUBLES     F64       INTEGERS of the doubles' bits; NaN is the canonical one
 *   SECTION_STRINGS     BYTES     STRINGS
 *   SECTION_DICTIONARY  BYTES     count u32 (1..n), STRINGS of so many words, INTEGERS: each row's word
 *
 * INTEGERS of n > 0 values, all arithmetic modulo 2^64:
 *        0     1  form           bits 0..6: width in bits, 0..56 or 64; bit 7: deltas
 *        1     8  base           the value that is added to each; with deltas: the first value
 *        9     8  step           only with deltas: what is added to each difference
 *        -     -  ceil(count * width / 8) bytes, lowest bit first: value - base for the n values, or, with
 *                 deltas, value - value before - step for the n - 1 values behind the first
 *
 * STRINGS of n > 0 values:
 *        0     1  form           0 plain, 1 numbers
 *        1     1  prefix length
 *        2     -  prefix         what all values begin with
 *     plain:      INTEGERS of the lengths behind the prefix, then those bytes, value after value
 *     numbers:    digits u8 (0, 1..18), INTEGERS of what follows the prefix: a number in decimal, without
 *                 leading zeros (digits 0), or with leading zeros to that many digits
 *
 * Null bits behind the last row are zero, words count from 0. A writer chooses the encoding that is smaller;
 * a reader takes any. A reader checks every length against the section before it uses it.
 */
export const SECTION_NULLS: u32 = 0;
export const SECTION_INTEGERS: u32 = 1;
export const SECTION_DECIMALS: u32 = 2;
export const SECTION_DOUBLES: u32 = 3;
export const SECTION_STRINGS: u32 = 4;
export const SECTION_DICTIONARY: u32 = 5;

export const SECTION_HAS_NULLS: u32 = 1;

export const STRINGS_PLAIN: u32 = 0;
export const STRINGS_NUMBERS: u32 = 1;
export const PREFIX_BYTES_MAX: u32 = 255;
export const DIGITS_MAX: u32 = 18;
export const DECIMAL_SCALE_MAX: i32 = 9;
