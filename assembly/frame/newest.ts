/**
 * The largest of some rows' integers: the newest event time, from which a frame's watermark is made.
 */

/**
 * max(lanes[rows[i]]) for i in 0..count; `rows` 0 means the rows 0..count-1.
 *
 *   lanes  i64 per row, none of them null
 *   rows   u32[count], or 0
 *
 * `count` is at least one.
 */
export function lanesMaxI64(lanes: usize, rows: usize, count: u32): i64 {
  // Two maxima side by side: neither waits for the other.
  let newest: i64 = i64.MIN_VALUE;
  let other: i64 = i64.MIN_VALUE;
  if (rows == 0) {
    const end = lanes + ((<usize>count) << 3);
    for (; lanes + 16 <= end; lanes += 16) {
      newest = max(newest, load<i64>(lanes));
      other = max(other, load<i64>(lanes, 8));
    }
    return max(other, lanes < end ? max(newest, load<i64>(lanes)) : newest);
  }
  const end = rows + ((<usize>count) << 2);
  for (; rows + 8 <= end; rows += 8) {
    newest = max(newest, load<i64>(lanes + ((<usize>load<u32>(rows)) << 3)));
    other = max(other, load<i64>(lanes + ((<usize>load<u32>(rows, 4)) << 3)));
  }
  if (rows < end) newest = max(newest, load<i64>(lanes + ((<usize>load<u32>(rows)) << 3)));
  return max(newest, other);
}
