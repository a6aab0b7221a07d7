/**
 * Bytes as disks, networks and defects leave them: changed, cut, longer, or with lengths that lie.
 */
import type { Random } from "../arbitraries/random.ts";

/** Numbers that decoders take for lengths and counts. */
const lengths = [0, 1, 0x7f, 0xff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

type Damage = (bytes: Uint8Array, random: Random) => Uint8Array;

const damages: readonly Damage[] = [
  (bytes, random) => changed(bytes, random, (byte) => byte ^ (1 << random.below(8))),
  (bytes, random) => changed(bytes, random, (byte) => byte ^ (1 << random.below(8))),
  (bytes, random) => changed(bytes, random, () => random.below(256)),
  (bytes, random) => bytes.slice(0, random.below(bytes.length + 1)),
  (bytes, random) => bytes.slice(random.below(bytes.length + 1)),
  (bytes, random) =>
    joined(
      bytes,
      Uint8Array.from({ length: random.between(1, 9) }, () => random.below(256)),
    ),
  (bytes, random) => joined(bytes, bytes.subarray(random.below(bytes.length + 1))),
  (bytes, random) => {
    const copy = bytes.slice();
    const start = random.below(bytes.length + 1);
    return copy.fill(random.pick([0, 0xff]), start, start + random.between(1, 64));
  },
  (bytes, random) => {
    const copy = bytes.slice();
    const from = random.below(bytes.length + 1);
    copy.copyWithin(random.below(bytes.length + 1), from, from + random.between(1, 32));
    return copy;
  },
  (bytes, random) => {
    if (bytes.length < 4) return bytes;
    const copy = bytes.slice();
    // Fields lie near the beginning of what they are about.
    const end = random.chance(0.5) ? Math.min(bytes.length, 128) : bytes.length;
    new DataView(copy.buffer).setUint32(random.below(end - 3), random.pick(lengths), true);
    return copy;
  },
];

/** Returns a damaged copy, which may happen to be the same. */
export function damageBytes(bytes: Uint8Array, random: Random): Uint8Array {
  let damaged = bytes;
  for (let times = random.pick([1, 1, 1, 2, 4]); times > 0; times--) {
    damaged = random.pick(damages)(damaged, random);
  }
  return damaged;
}

function changed(bytes: Uint8Array, random: Random, change: (byte: number) => number): Uint8Array {
  const copy = bytes.slice();
  const at = random.below(Math.max(copy.length, 1));
  if (copy.length > 0) copy[at] = change(copy[at] as number);
  return copy;
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(one.length + other.length);
  bytes.set(one);
  bytes.set(other, one.length);
  return bytes;
}
