/**
 * Rows to shards by key group: a counting sort, stable.
 *
 *   hashes           u64 per row; its top ten bits are the row's key group
 *   rows             SELECTION of `count` rows
 *   shardByKeyGroup  u16[1024], each below shardCount
 *   starts           u32[shardCount + 1]  written: shard s owns target[starts[s] .. starts[s + 1]]
 *   target           u32[count]           written: the rows, shard by shard
 */
const KEY_GROUP_SHIFT: u64 = 54;

// @ts-ignore: decorator
@inline
function shardOf(hashes: usize, row: usize, shardByKeyGroup: usize): usize {
  const keyGroup = <usize>(load<u64>(hashes + (row << 3)) >> KEY_GROUP_SHIFT);
  return <usize>load<u16>(shardByKeyGroup + (keyGroup << 1));
}

export function rowsRoute(
  hashes: usize, rows: usize, count: u32, shardByKeyGroup: usize, shardCount: u32,
  starts: usize, target: usize,
): void {
  memory.fill(starts, 0, (<usize>shardCount + 1) << 2);
  for (let i: u32 = 0; i < count; i++) {
    const row = rows ? <usize>load<u32>(rows + (<usize>i << 2)) : <usize>i;
    const counter = starts + (shardOf(hashes, row, shardByKeyGroup) << 2);
    store<u32>(counter, load<u32>(counter) + 1);
  }
  // Each counter becomes the end of its shard's rows. Placing them from the last row down moves it to their
  // start, and keeps their order.
  let end: u32 = 0;
  for (let shard: u32 = 0; shard <= shardCount; shard++) {
    const counter = starts + (<usize>shard << 2);
    end += load<u32>(counter);
    store<u32>(counter, end);
  }
  for (let i: u32 = count; i > 0; i--) {
    const row = rows ? <usize>load<u32>(rows + (<usize>(i - 1) << 2)) : <usize>(i - 1);
    const counter = starts + (shardOf(hashes, row, shardByKeyGroup) << 2);
    const place = load<u32>(counter) - 1;
    store<u32>(counter, place);
    store<u32>(target + (<usize>place << 2), <u32>row);
  }
}
