/**
 * What is wrong with the record being read.
 *
 * A reader is given an address and returns the address behind what it read, or 0 where it could not; then
 * this holds what was expected (JSON_EXPECTED_*) and where. One record is read at a time, so there is one
 * fault.
 */
let expected: u32 = 0;
let position: usize = 0;

/** Notes the fault and returns 0, for the reader to return. */
export function fail(what: u32, at: usize): usize {
  expected = what;
  position = at;
  return 0;
}

export function faultExpected(): u32 {
  return expected;
}

export function faultPosition(): usize {
  return position;
}
