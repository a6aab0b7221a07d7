/**
 * State outlives code: what every release wrote is opened, read and gone on with by this one.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { MillraceClient } from "../../src/client/client.ts";
import { NodeStorage } from "../support/node-storage.ts";
import { freePort } from "../torture/run-torture.ts";
import { ServerProcess } from "../torture/server-process.ts";
import { contentOf, goOn, harnessOver, writeState } from "./partition-state.ts";
import { goOnWithServer, serverContentOf, unpackFolder } from "./server-state.ts";
import { goOnWithSql, sqlContentOf } from "./sql-state.ts";

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

const deployments = releases.filter((release) => existsSync(new URL(`${release}/server.tar.gz`, here)));

test.each(deployments)(
  "a deployment of %s starts, answers, and goes on",
  { timeout: 120_000 },
  async (release) => {
    const folder = new URL(`${release}/`, here);
    const expected = JSON.parse(readFileSync(new URL("server-expected.json", folder), "utf8"));
    const stateFolder = mkdtempSync(join(tmpdir(), "millrace-compatibility-"));
    const server = new ServerProcess(await freePort(), stateFolder);
    try {
      unpackFolder(new URL("server.tar.gz", folder), stateFolder);
      await server.start();
      const client = new MillraceClient({ url: server.url });
      expect(await serverContentOf(client)).toEqual(expected.before);
      const sql = sqlExpectedOf(folder);
      if (sql) expect(await sqlContentOf(client)).toEqual(sql.before);
      expect(await goOnWithServer(client)).toEqual(expected.after);
      if (sql) expect(await goOnWithSql(client)).toEqual(sql.after);
    } finally {
      await server.clean();
      rmSync(stateFolder, { recursive: true, force: true });
    }
  },
);

/** Undefined for a release before SQL. */
function sqlExpectedOf(folder: URL): { readonly before: unknown; readonly after: unknown } | undefined {
  const file = new URL("sql-expected.json", folder);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}

test("a restore in the middle changes nothing", () => {
  const straight = harnessOver();
  writeState(straight);
  const restored = harnessOver(new NodeStorage(straight.storage.serialize()));
  expect(contentOf(restored)).toEqual(contentOf(straight));
});
