/**
 * Writes the state of this release: `npm run compatibility`. Part of a release; a folder once committed
 * never changes.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { MillraceClient } from "../../src/client/client.ts";
import { freePort } from "../torture/run-torture.ts";
import { ServerProcess } from "../torture/server-process.ts";
import { contentOf, goOn, harnessOver, writeState } from "./partition-state.ts";
import { goOnWithServer, packFolder, serverContentOf, writeServerState } from "./server-state.ts";
import { goOnWithSql, sqlContentOf, writeSqlState } from "./sql-state.ts";

const root = new URL("../../", import.meta.url);
const { version } = JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as { version: string };
const folder = new URL(`test/compatibility/state-${version}/`, root);
if (existsSync(folder)) throw new Error(`State of ${version} was written before; raise the version first.`);

const harness = harnessOver();
writeState(harness);
const database = gzipSync(harness.storage.serialize());
const before = contentOf(harness);
goOn(harness);
const after = contentOf(harness);
mkdirSync(folder);
writeFileSync(new URL("partition.sqlite.gz", folder), database);
writeFileSync(new URL("expected.json", folder), `${JSON.stringify({ before, after })}\n`);

const stateFolder = mkdtempSync(join(tmpdir(), "millrace-compatibility-"));
const server = new ServerProcess(await freePort(), stateFolder);
const client = new MillraceClient({ url: server.url });
try {
  await server.start();
  await writeServerState(client);
  await writeSqlState(client);
  const serverBefore = await serverContentOf(client);
  const sqlBefore = await sqlContentOf(client);
  await server.stop();
  packFolder(stateFolder, new URL("server.tar.gz", folder));
  await server.start();
  const serverAfter = await goOnWithServer(client);
  const content = { before: serverBefore, after: serverAfter };
  writeFileSync(new URL("server-expected.json", folder), `${JSON.stringify(content)}\n`);
  const sqlContent = { before: sqlBefore, after: await goOnWithSql(client) };
  writeFileSync(new URL("sql-expected.json", folder), `${JSON.stringify(sqlContent)}\n`);
} finally {
  await server.clean();
  rmSync(stateFolder, { recursive: true, force: true });
}
const sizes = ["partition.sqlite.gz", "server.tar.gz"].map((name) => statSync(new URL(name, folder)).size);
console.log(`Wrote the state of ${version}: ${sizes.join(" and ")} bytes.`);
