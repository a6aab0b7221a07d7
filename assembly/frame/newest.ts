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
  let newest: i64 = i64.MIN_VALUE;
  if (rows == 0) {
    for (let end = lanes + ((<usize>count) << 3); lanes < end; lanes += 8) {
      newest = max(newest, load<i64>(lanes));
    }
    return newest;
  }
  for (let end = rows + ((<usize>count) << 2); rows < end; rows += 4) {
    newest = max(newest, load<i64>(lanes + ((<usize>load<u32>(rows)) << 3)));
  }
  return newest;
}
