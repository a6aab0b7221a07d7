/**
 * The shard of rows that no key sends anywhere: a producer's go to one, so that a retry meets what it sent,
 * also when shards were split meanwhile.
 */
import { encodeUtf8 } from "../../base/utf8.ts";
import { encodeKey, hashKey, keyGroupOf } from "../../columnar/key-encoding.ts";
import { kindOf } from "../../columnar/schema.ts";
import { type KeyGroupRange, shardOfKeyGroup } from "../../engine/shard-map.ts";

export function shardOfProducer(tokenId: string, producer: string, ranges: readonly KeyGroupRange[]): number {
  if (ranges.length === 1) return 0;
  const text = kindOf({ name: "STRING" });
  const name = [tokenId, producer].map(encodeUtf8);
  const { bytes, nulls } = encodeKey([text, text], name);
  return shardOfKeyGroup(keyGroupOf(hashKey(bytes, nulls)), ranges);
}
