/**
 * Single values: as they lie in lanes, and as JSON.
 */

/** A value as it lies in memory: bigint for I64 (and for wide sums), number for F64, bytes for BYTES, or null. */
export type LaneValue = bigint | number | Uint8Array | null;
