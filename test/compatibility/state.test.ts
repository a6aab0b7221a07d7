/**
 * State outlives code: what every release wrote is opened, read and gone on with by this one.
 */
import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { NodeStorage } from "../support/node-storage.ts";
import { contentOf, goOn, harnessOver, writeState } from "./partition-state.ts";

const here = new URL("./", import.meta.url);
const releases = readdirSync(here).filter((name) => name.startsWith("state-"));

test("there is state of at least one release", () => {
  expect(releases).not.toEqual([]);
});

test.each(releases)("%s is restored, read and gone on with", (release) => {
  const folder = new URL(`${release}/`, here);
  const database = gunzipSync(readFileSync(new URL("partition.sqlite.gz", folder)));
  const expected = JSON.parse(readFileSync(new URL("expected.json", folder), "utf8"));
  const harness = harnessOver(new NodeStorage(database));
  expect(contentOf(harness)).toEqual(expected.before);
  goOn(harness);
  expect(contentOf(harness)).toEqual(expected.after);
});

test("a restore in the middle changes nothing", () => {
  const straight = harnessOver();
  writeState(straight);
  const restored = harnessOver(new NodeStorage(straight.storage.serialize()));
  expect(contentOf(restored)).toEqual(contentOf(straight));
});
