/**
 * Writes the state of this release: `npm run compatibility`. Part of a release; a folder once committed
 * never changes.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { contentOf, goOn, harnessOver, writeState } from "./partition-state.ts";

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
console.log(`Wrote the state of ${version}: ${database.length} bytes.`);
