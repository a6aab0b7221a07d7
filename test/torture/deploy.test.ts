/**
 * A new version takes over from the last release under load: nothing is lost, doubled or late. The release
 * comes out of the repository's history; where that does not reach to it, as in a shallow clone, this is
 * skipped.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { checkOut, previousRelease } from "./previous-release.ts";
import { runTorture } from "./run-torture.ts";

const release = previousRelease();
const folder = mkdtempSync(join(tmpdir(), "millrace-release-"));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.skipIf(!release)(
  "counts are exact when this code takes over from the last release under load",
  {
    timeout: 240_000,
  },
  async () => {
    if (release) checkOut(release, folder);
    const result = await runTorture({ rounds: 3, seed: 11, producers: 3, loadMs: [300, 1500], from: folder });
    expect(result.problems).toEqual([]);
    expect(result.rounds.map(({ trouble }) => trouble)[1]).toBe("deploy");
    expect(result.acknowledgedRows).toBeGreaterThan(0);
  },
);
