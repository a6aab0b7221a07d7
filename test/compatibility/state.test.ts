/**
 * State outlives code: what every release wrote is opened, read and gone on with by this one.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { MillraceClient } from "../../src/client/client.ts";
import { NodeStorage } from "../support/node-storage.ts";
import { MovedClock } from "../torture/moved-clock.ts";
import { freePort } from "../torture/run-torture.ts";
import { ServerProcess } from "../torture/server-process.ts";
import { CoordinatorState } from "./coordinator-state.ts";
import { goOnWithKept, keepingHarness, keptContentOf, writeKeptState } from "./kept-state.ts";
import {
  goOnWithOperated,
  type OperatedContent,
  type OperatedMarks,
  operatedContentOf,
} from "./operated-state.ts";
import { contentOf, goOn, harnessOver, writeState } from "./partition-state.ts";
import { goOnWithServer, serverContentOf, unpackFolder } from "./server-state.ts";
import { goOnWithSql, sqlContentOf } from "./sql-state.ts";

const here = new URL("./", import.meta.url);
const elsewhere = process.env.COMPATIBILITY_STATE;
/** The folders of releases; `npm run compatibility -- --into FOLDER` makes one of this state of the code. */
const releases = readdirSync(here)
  .filter((name) => name.startsWith("state-"))
  .map((name) => new URL(`${name}/`, here))
  .concat(elsewhere === undefined ? [] : [new URL(`${pathToFileURL(elsewhere)}/`)]);

/** What there was when the state was written, and what it came to. */
interface Expected<Before = unknown> {
  readonly before: Before;
  readonly after: unknown;
}

/** Undefined for a release before there was such a thing. */
function expectedIn<Before>(release: URL, name: string): Expected<Before> | undefined {
  const file = new URL(name, release);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}

function storageIn(release: URL, name: string): NodeStorage {
  return new NodeStorage(gunzipSync(readFileSync(new URL(name, release))));
}

const nameOf = (release: URL) => basename(release.pathname);
const having = (name: string) =>
  releases.filter((release) => existsSync(new URL(name, release))).map((url) => [nameOf(url), url] as const);

test("there is state of at least one release", () => {
  expect(releases).not.toEqual([]);
});

test.each(having("expected.json"))("%s is restored, read and gone on with", (_, release) => {
  const harness = harnessOver(storageIn(release, "partition.sqlite.gz"));
  const expected = expectedIn(release, "expected.json");
  expect(contentOf(harness)).toEqual(expected?.before);
  goOn(harness);
  expect(contentOf(harness)).toEqual(expected?.after);
});

test.each(having("kept-expected.json"))("what a partition of %s keeps for people is there", (_, release) => {
  const harness = keepingHarness(storageIn(release, "kept.sqlite.gz"));
  const expected = expectedIn(release, "kept-expected.json");
  expect(keptContentOf(harness)).toEqual(expected?.before);
  goOnWithKept(harness);
  expect(keptContentOf(harness)).toEqual(expected?.after);
});

test.each(having("coordinator-expected.json"))("tokens and audit log of %s are there", async (_, release) => {
  const state = new CoordinatorState(storageIn(release, "coordinator.sqlite.gz"));
  const expected = expectedIn(release, "coordinator-expected.json");
  expect(await state.content()).toEqual(expected?.before);
  await state.goOn();
  expect(await state.content()).toEqual(expected?.after);
});

/** What is retained for a day is gone a day later: a state is restored at the time that it was written. */
const clockFolder = mkdtempSync(join(tmpdir(), "millrace-clock-"));
const clock = MovedClock.make(clockFolder);
afterAll(() => rmSync(clockFolder, { recursive: true, force: true }));

test.skipIf(!clock).each(having("server-expected.json"))(
  "a deployment of %s starts, answers, and goes on",
  { timeout: 120_000 },
  async (_, release) => {
    const expected = expectedIn(release, "server-expected.json");
    const sql = expectedIn(release, "sql-expected.json");
    const operated = expectedIn<OperatedContent>(release, "operated-expected.json");
    const { marks } = (operated ?? {}) as { readonly marks?: OperatedMarks };
    const stateFolder = mkdtempSync(join(tmpdir(), "millrace-compatibility-"));
    const server = new ServerProcess(await freePort(), stateFolder, clock?.environment);
    try {
      const writtenAt = unpackFolder(new URL("server.tar.gz", release), stateFolder);
      clock?.moveTo(Math.ceil((writtenAt - Date.now()) / 1000) + 1);
      await server.start();
      const client = new MillraceClient({ url: server.url });
      if (operated && marks) {
        expect(await operatedContentOf(client, marks)).toEqual(operated.before);
        expect(await goOnWithOperated(client, operated.before)).toEqual(operated.after);
      }
      expect(await serverContentOf(client)).toEqual(expected?.before);
      if (sql) expect(await sqlContentOf(client)).toEqual(sql.before);
      expect(await goOnWithServer(client)).toEqual(expected?.after);
      if (sql) expect(await goOnWithSql(client)).toEqual(sql.after);
    } finally {
      await server.clean();
      rmSync(stateFolder, { recursive: true, force: true });
    }
  },
);

test("a restore in the middle changes nothing", () => {
  const straight = harnessOver();
  writeState(straight);
  const restored = harnessOver(new NodeStorage(straight.storage.serialize()));
  expect(contentOf(restored)).toEqual(contentOf(straight));
});

test("a restore of what is kept in the middle changes nothing", () => {
  const straight = keepingHarness();
  writeKeptState(straight);
  const restored = keepingHarness(new NodeStorage(straight.partition.storage.serialize()));
  expect(keptContentOf(restored)).toEqual(keptContentOf(straight));
  for (const harness of [straight, restored]) goOnWithKept(harness);
  expect(keptContentOf(restored)).toEqual(keptContentOf(straight));
});

test.each(["changes", "letters", "replays", "replayed", "skipped"])("lost %s show", (table) => {
  const straight = keepingHarness();
  writeKeptState(straight);
  const storage = new NodeStorage(straight.partition.storage.serialize());
  storage.run(`DELETE FROM ${table}`);
  storage.commit();
  const lacking = keepingHarness(storage);
  for (const harness of [straight, lacking]) goOnWithKept(harness);
  expect(keptContentOf(lacking)).not.toEqual(keptContentOf(straight));
});

test.each(["access_tokens", "audit_log"])("lost %s show", async (table) => {
  const straight = new CoordinatorState();
  await straight.write();
  const storage = new NodeStorage(straight.storage.serialize());
  storage.run(`DELETE FROM ${table}`);
  storage.commit();
  expect(await new CoordinatorState(storage).content()).not.toEqual(await straight.content());
});
