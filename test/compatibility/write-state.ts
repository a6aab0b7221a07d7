/**
 * Writes the state of this release: `npm run compatibility`. Part of a release; a folder once committed
 * never changes. `--into FOLDER` writes it elsewhere, to be restored with `COMPATIBILITY_STATE=FOLDER`.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { MillraceClient } from "../../src/client/client.ts";
import { freePort } from "../torture/run-torture.ts";
import { ServerProcess } from "../torture/server-process.ts";
import { CoordinatorState } from "./coordinator-state.ts";
import { goOnWithKept, keepingHarness, keptContentOf, writeKeptState } from "./kept-state.ts";
import { goOnWithOperated, operatedContentOf, writeOperatedState } from "./operated-state.ts";
import { contentOf, goOn, harnessOver, writeState } from "./partition-state.ts";
import { goOnWithServer, packFolder, serverContentOf, writeServerState } from "./server-state.ts";
import { goOnWithSql, sqlContentOf, writeSqlState } from "./sql-state.ts";

const root = new URL("../../", import.meta.url);
const { version } = JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as { version: string };
const { into } = parseArgs({ options: { into: { type: "string" } } }).values;
const folder =
  into === undefined
    ? new URL(`test/compatibility/state-${version}/`, root)
    : new URL(`${pathToFileURL(into)}/`);
if (existsSync(folder)) throw new Error(`State of ${version} was written before; raise the version first.`);
mkdirSync(folder);

const writeJson = (name: string, value: unknown) =>
  writeFileSync(new URL(name, folder), `${JSON.stringify(value)}\n`);
const writeDatabase = (name: string, bytes: Uint8Array) =>
  writeFileSync(new URL(name, folder), gzipSync(bytes));

writePartition();
writeKept();
await writeCoordinator();
await writeServer();
const sizes = readdirSync(folder).map((name) => `${name} ${statSync(new URL(name, folder)).size}`);
console.log(`Wrote the state of ${version}: ${sizes.join(", ")} bytes.`);

function writePartition(): void {
  const harness = harnessOver();
  writeState(harness);
  writeDatabase("partition.sqlite.gz", harness.storage.serialize());
  const before = contentOf(harness);
  goOn(harness);
  writeJson("expected.json", { before, after: contentOf(harness) });
}

function writeKept(): void {
  const harness = keepingHarness();
  writeKeptState(harness);
  writeDatabase("kept.sqlite.gz", harness.partition.storage.serialize());
  const before = keptContentOf(harness);
  goOnWithKept(harness);
  writeJson("kept-expected.json", { before, after: keptContentOf(harness) });
}

async function writeCoordinator(): Promise<void> {
  const state = new CoordinatorState();
  await state.write();
  writeDatabase("coordinator.sqlite.gz", state.storage.serialize());
  const before = await state.content();
  await state.goOn();
  writeJson("coordinator-expected.json", { before, after: await state.content() });
}

async function writeServer(): Promise<void> {
  const stateFolder = mkdtempSync(join(tmpdir(), "millrace-compatibility-"));
  const server = new ServerProcess(await freePort(), stateFolder);
  const client = new MillraceClient({ url: server.url });
  try {
    await server.start();
    await writeServerState(client);
    await writeSqlState(client);
    const marks = await writeOperatedState(client);
    const operated = await operatedContentOf(client, marks);
    const before = { server: await serverContentOf(client), sql: await sqlContentOf(client) };
    await server.stop();
    packFolder(stateFolder, new URL("server.tar.gz", folder));
    await server.start();
    const operatedAfter = await goOnWithOperated(client, operated);
    writeJson("operated-expected.json", { marks, before: operated, after: operatedAfter });
    writeJson("server-expected.json", { before: before.server, after: await goOnWithServer(client) });
    writeJson("sql-expected.json", { before: before.sql, after: await goOnWithSql(client) });
  } finally {
    await server.clean();
    rmSync(stateFolder, { recursive: true, force: true });
  }
}
