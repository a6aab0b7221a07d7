/**
 * Numbers in state.
 */

/** Eight bytes: a double, big-endian, so that what is not negative is ordered as its bytes are. */
export const counterCodec = Object.freeze({
  encode: (value: number): Uint8Array => sequenceKey(value),
  decode: (bytes: Uint8Array): number =>
    new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getFloat64(0),
});

/** The key of what is kept by a number. */
export function sequenceKey(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  return bytes;
}
