/** XXH64 is the published algorithm, in the kernel and in TypeScript: state on disk is found by it. */
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import createXxhash from "xxhash-wasm";
import { xxhash64 } from "../../../src/columnar/xxhash64.ts";
import { Kernel } from "../../../src/kernel/kernel.ts";
import { kernelBuilds } from "../../support/kernels.ts";

let published: (bytes: Uint8Array, seed: bigint) => bigint;

beforeAll(async () => {
  published = (await createXxhash()).h64Raw;
});

/** The generator of the algorithm's own sanity test. */
function sanityBytes(length: number): Uint8Array {
  let generator = 2654435761n;
  return Uint8Array.from({ length }, () => {
    const byte = Number(generator >> 56n);
    generator = BigInt.asUintN(64, generator * 11400714785074694797n);
    return byte;
  });
}

const sanity: readonly (readonly [number, bigint, bigint])[] = [
  [0, 0n, 0xef46db3751d8e999n],
  [0, 2654435761n, 0xac75fda2929b17efn],
  [1, 0n, 0xe934a84adb052768n],
  [1, 2654435761n, 0x5014607643a9b4c3n],
  [4, 0n, 0x9136a0dca57457een],
  [14, 0n, 0x8282dcc4994e35c8n],
  [14, 2654435761n, 0xc3bd6bf63deb6df0n],
  [222, 0n, 0xb641ae8cb691c174n],
  [222, 2654435761n, 0x20cb8ab7ae10c14an],
];

const text = (value: string) => new TextEncoder().encode(value);
const seeds = fc.oneof(fc.constantFrom(0n, 1n, 2n ** 64n - 1n), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
const inputs = fc.oneof(fc.uint8Array({ maxLength: 70 }), fc.uint8Array({ minLength: 200, maxLength: 2000 }));

describe("in TypeScript", () => {
  test.each(sanity)("the published vector of %d bytes, seed %d", (length, seed, hash) => {
    expect(xxhash64(sanityBytes(length), seed)).toBe(hash);
  });

  test("the well-known hash of a word", () => {
    expect(xxhash64(text("xxhash"), 0n)).toBe(0x32dd38952c4bc720n);
    expect(xxhash64(text("xxhash"), 20141025n)).toBe(0xb559b98d844e0635n);
  });

  test("any bytes and seed", () => {
    fc.assert(fc.property(inputs, seeds, (bytes, seed) => xxhash64(bytes, seed) === published(bytes, seed)));
  });
});

describe.each(kernelBuilds)("%s kernel", (_, module) => {
  const kernel = new Kernel(module);
  const block = kernel.memory.allocate(4096);
  const hash = (bytes: Uint8Array, seed: bigint, shift = 0) => {
    kernel.memory.bytes.fill(0xee, block, block + 4096);
    kernel.memory.bytes.set(bytes, block + shift);
    return BigInt.asUintN(64, kernel.exports.hashBytes(block + shift, bytes.length, seed));
  };

  test.each(sanity)("the published vector of %d bytes, seed %d", (length, seed, expected) => {
    expect(hash(sanityBytes(length), seed)).toBe(expected);
  });

  test("any bytes and seed, at any address", () => {
    const property = fc.property(inputs, seeds, fc.nat(9), (bytes, seed, shift) => {
      expect(hash(bytes, seed, shift)).toBe(published(bytes, seed));
    });
    fc.assert(property, { numRuns: 300 });
  });

  test("every length up to 300", () => {
    for (let length = 0; length <= 300; length++) {
      expect(hash(sanityBytes(length), 5n)).toBe(published(sanityBytes(length), 5n));
    }
  });
});
