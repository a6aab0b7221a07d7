/**
 * Damaged bytes of every stored format, for a moment; `npm run fuzz -- --kind bytes` is the long run.
 */
import { describe, expect, test } from "vitest";
import { Random } from "../arbitraries/random.ts";
import { kernelBuilds } from "../support/kernels.ts";
import { type FormatCounts, fuzzFormats } from "./fuzz-formats.ts";

describe.each(kernelBuilds)("%s kernel", (_, module) => {
  test("damaged bytes are refused, or are what was written", { timeout: 60_000 }, () => {
    const counts = new Map<string, FormatCounts>();
    for (let seed = 1; seed <= 2; seed++)
      expect(fuzzFormats(module, new Random(seed), 150, counts)).toBeUndefined();
    expect([...counts.keys()]).toEqual([
      ...[
        "frame",
        "log row",
        "acceptance",
        "message",
        "page",
        "savepoint part",
        "checkpoint",
        "identity",
        "letters",
      ],
      ...["barrier", "map", "channel", "producers", "changes", "task state"],
    ]);
    for (const { tried, refused } of counts.values()) expect(refused).toBeGreaterThan(tried / 3);
  });
});
