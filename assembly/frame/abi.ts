/**
 * Numbers of the frame's sections that both sides of the Wasm border share; same rules as `assembly/abi.ts`.
 */

/** A column's section: encoding, flags and length (`section.ts`). */
export const FRAME_SECTION_HEADER_BYTES = 6;

/** What `frameColumnDecode` found wrong; 0 is nothing. */
export const FRAME_ERROR_ENCODING = 1;
export const FRAME_ERROR_NULLS = 2;
export const FRAME_ERROR_INTEGERS = 3;
export const FRAME_ERROR_DOUBLES = 4;
export const FRAME_ERROR_STRINGS = 5;
export const FRAME_ERROR_LENGTHS = 6;
export const FRAME_ERROR_NUMBERS = 7;
export const FRAME_ERROR_WORDS = 8;
export const FRAME_ERROR_REST = 9;
