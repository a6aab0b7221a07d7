/**
 * Damaged bytes of all formats that are stored or sent: each is an error that says so, or has the value that
 * was written; nothing else is thrown, nothing takes long, and no memory is taken that the bytes could not
 * fill.
 *
 * With a checksum that fits them again, the bytes are whatever they are: then they are only not to break
 * anything.
 */
import { EngineError } from "../../src/base/errors.ts";
import { Kernel } from "../../src/kernel/kernel.ts";
import type { Random } from "../arbitraries/random.ts";
import { damageBytes } from "./damage-bytes.ts";
import { type Sample, type StoredFormat, storedFormats } from "./stored-formats.ts";

/** What damage is called. */
const codesOfDamage = new Set(["FRAME_CORRUPT", "STATE_CORRUPT", "VERSION_UNKNOWN", "CHANGES_GONE"]);

/** Far above what any sample takes. */
const millisecondsMax = 1_000;
const kernelBytesMax = 256 * 1024 * 1024;

export interface FormatCounts {
  tried: number;
  /** Bytes that were told to be damaged. */
  refused: number;
}

/** Damages samples of each format `perFormat` times; returns what was wrong first. */
export function fuzzFormats(
  module: WebAssembly.Module,
  random: Random,
  perFormat: number,
  counts: Map<string, FormatCounts>,
): string | undefined {
  const kernel = new Kernel(module);
  for (const format of storedFormats(random, kernel)) {
    const count = counts.get(format.name) ?? { tried: 0, refused: 0 };
    counts.set(format.name, count);
    for (let tried = 0; tried < perFormat; tried++) {
      const problem = tryDamage(format, random, count);
      if (problem) return `${format.name}: ${problem}`;
    }
    const bytes = kernel.memory.bytes.byteLength;
    if (bytes > kernelBytesMax) return `${format.name}: the kernel has ${bytes} bytes of memory`;
  }
  return undefined;
}

function tryDamage(format: StoredFormat, random: Random, count: FormatCounts): string | undefined {
  const sample = random.pick(format.samples);
  const damaged = damageBytes(sample.bytes, random);
  const isResealed = format.reseal !== undefined && random.chance(0.4);
  const bytes = isResealed ? (format.reseal?.(damaged) ?? damaged) : damaged;
  count.tried++;
  const [read, first] = timed(sample, bytes);
  // A machine that does other things may be slow once.
  const took = first > millisecondsMax ? Math.min(first, timed(sample, bytes)[1]) : first;
  const shown = `${Buffer.from(bytes).toString("hex").slice(0, 4000)}`;
  if (took > millisecondsMax) return `took ${took} ms: ${shown}`;
  if ("error" in read) {
    count.refused++;
    const { error } = read;
    if (error instanceof EngineError && codesOfDamage.has(error.code)) return undefined;
    return `threw ${error instanceof Error ? error.stack : error}: ${shown}`;
  }
  if (isResealed) return undefined;
  const written = readOf(sample, sample.bytes);
  if ("error" in written) return `what was written cannot be read: ${written.error}`;
  return textOf(read.value) === textOf(written.value) ? undefined : `another value: ${shown}`;
}

function timed(sample: Sample, bytes: Uint8Array): [ReturnType<typeof readOf>, number] {
  const started = performance.now();
  const read = readOf(sample, bytes);
  return [read, performance.now() - started];
}

function readOf(
  sample: Sample,
  bytes: Uint8Array,
): { readonly value: unknown } | { readonly error: unknown } {
  try {
    return { value: sample.read(bytes) };
  } catch (error) {
    return { error };
  }
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => {
    if (typeof each === "bigint") return `${each}n`;
    return each instanceof Uint8Array ? Buffer.from(each).toString("hex") : each;
  });
}
