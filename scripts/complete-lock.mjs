/**
 * Adds to package-lock.json the optional platform packages that npm left out.
 *
 * npm leaves out an optional package its registry does not offer (a mirror may carry one platform only), and
 * then `npm ci` refuses the lock everywhere. Run it after `npm install <package>` behind such a mirror. The
 * added entries carry no integrity hash: the next complete `npm install` fills that in.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = fileURLToPath(new URL("../package-lock.json", import.meta.url));
const lock = JSON.parse(readFileSync(path, "utf8"));
const operatingSystems = [
  "android",
  "darwin",
  "freebsd",
  "linux",
  "openharmony",
  "win32",
  "windows",
  "sunos",
];
const processors = ["arm64", "arm", "x64", "ia32", "ppc64", "riscv64", "s390x", "64", "wasm32"];

let addedCount = 0;
for (const [parentPath, parent] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const isPresent =
      lock.packages[`node_modules/${name}`] !== undefined ||
      lock.packages[`${parentPath}/node_modules/${name}`] !== undefined;
    if (isPresent || !/^\d/.test(version)) continue;
    lock.packages[`node_modules/${name}`] = entryOf(name, version, parent);
    addedCount++;
  }
}
const [root, ...others] = Object.entries(lock.packages);
others.sort(([left], [right]) => left.localeCompare(right, "en"));
lock.packages = Object.fromEntries([root, ...others]);
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`complete-lock: added ${addedCount} optional platform packages`);

function entryOf(name, version, parent) {
  const words = name.split("/").at(-1).split("-");
  const system = operatingSystems.find((word) => words.includes(word));
  const processor = processors.find((word) => words.includes(word));
  const isMusl = words.some((word) => /^musl/.test(word));
  return {
    version,
    resolved: `https://registry.npmjs.org/${name}/-/${name.split("/").at(-1)}-${version}.tgz`,
    ...(processor && { cpu: [processor === "64" ? "x64" : processor] }),
    ...(parent.dev && { dev: true }),
    ...(isMusl && { libc: ["musl"] }),
    optional: true,
    ...(system && { os: [system === "windows" ? "win32" : system] }),
  };
}
