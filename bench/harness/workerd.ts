/**
 * A Worker in plain workerd: no proxy before it, its Durable Objects in SQLite files in a folder of its own.
 *
 * `wrangler dev` puts a proxy in front that takes several times longer than the Worker; nothing is measured
 * there.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { bundleWorker } from "../../src/cli/bundle-worker.ts";
import { repositoryRoot } from "./machine.ts";

export interface WorkerSetup {
  /** Path from the repository's root. */
  readonly entry: string;
  /** Binding names of Durable Objects, and their classes. */
  readonly objects: Readonly<Record<string, string>>;
  /** Text bindings. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Binding names of folders that the Worker reads and writes through workerd's disk service. */
  readonly folders?: readonly string[];
  /**
   * The entry of another Worker in the same process, in an isolate of its own; the first is its binding
   * `SERVER`.
   */
  readonly beside?: string;
}

export interface RunningWorkerd {
  readonly port: number;
  readonly url: string;
  /** Of the Worker beside; that of the first where there is none. */
  readonly besideUrl: string;
  /** Where all of it lies; a folder that the Worker writes bears its binding's name there. */
  readonly folder: string;
  /** Processor time that workerd took so far, in ms; undefined where the system does not tell. */
  cpuMs(): number | undefined;
  /** Memory that workerd holds, in MiB; undefined where the system does not tell. */
  residentMiB(): number | undefined;
  stop(): Promise<void>;
}

/** Milliseconds until workerd must listen. */
const startMsMax = 20_000;

/** Millrace itself, bound as in wrangler.toml and without a token, as on any loopback address. */
export const millraceSetup: WorkerSetup = {
  entry: "src/cloudflare/worker.ts",
  objects: { COORDINATOR: "Coordinator", SHARD: "Shard", HUB: "Hub" },
  variables: { MILLRACE_LOCAL: "1" },
  folders: ["SAVEPOINTS_DISK"],
};

/** Bundles a Worker and serves it on a free port of 127.0.0.1. `stop` deletes all it stored. */
export async function startWorkerd(setup: WorkerSetup): Promise<RunningWorkerd> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-"));
  const modules = await bundleWorker(repositoryRoot, setup.entry);
  for (const name of ["storage", ...(setup.folders ?? [])]) mkdirSync(join(folder, name));
  const beside = setup.beside === undefined ? [] : await bundleWorker(repositoryRoot, setup.beside);
  for (const { path, contents } of [...modules, ...beside]) writeFileSync(join(folder, path), contents);
  writeFileSync(join(folder, "config.capnp"), configOf(setup, modules, beside));
  const child = spawn(workerdPath(), ["serve", "--control-fd=3", "config.capnp"], {
    cwd: folder,
    stdio: ["ignore", "inherit", "inherit", "pipe"],
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async () => {
    child.kill("SIGKILL");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const ports = await readPorts(child, beside.length > 0 ? ["http", "beside"] : ["http"]);
    const [port = 0, besidePort = port] = ports;
    const [url, besideUrl] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${besidePort}`];
    const pid = child.pid ?? 0;
    return {
      ...{ port, url, besideUrl, folder, stop },
      cpuMs: () => readCpuMs(pid),
      residentMiB: () => readResidentMiB(pid),
    };
  } catch (cause) {
    await stop();
    throw cause;
  }
}

/** Linux: the fields utime and stime of the process, in ticks of 10 ms. */
function readCpuMs(pid: number): number | undefined {
  const path = `/proc/${pid}/stat`;
  if (!existsSync(path)) return undefined;
  const fields = readFileSync(path, "utf8").split(") ").at(-1)?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Linux: the line VmRSS of the process. */
function readResidentMiB(pid: number): number | undefined {
  const path = `/proc/${pid}/status`;
  if (!existsSync(path)) return undefined;
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(path, "utf8")) ?? [];
  return kibibytes === undefined ? undefined : Number(kibibytes) / 1024;
}

function workerdPath(): string {
  const requireBesideMiniflare = createRequire(import.meta.resolve("miniflare"));
  return (requireBesideMiniflare("workerd") as { default: string }).default;
}

interface ModuleName {
  readonly type: "ESModule" | "CompiledWasm";
  readonly path: string;
}

function configOf(setup: WorkerSetup, modules: readonly ModuleName[], beside: readonly ModuleName[]): string {
  const { objects, variables = {}, folders = [] } = setup;
  const text = JSON.stringify;
  const list = (items: readonly string[]) => `[\n    ${items.join(",\n    ")}\n  ]`;
  const classes = [...new Set(Object.values(objects))];
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = ${list([
    '(name = "worker", worker = .worker)',
    ...(beside.length > 0 ? ['(name = "beside", worker = .beside)'] : []),
    ...["storage", ...folders].map(
      (name) => `(name = ${text(name)}, disk = (path = ${text(name)}, writable = true))`,
    ),
  ])},
  sockets = ${list([
    '(name = "http", address = "127.0.0.1:0", http = (), service = "worker")',
    ...(beside.length > 0
      ? ['(name = "beside", address = "127.0.0.1:0", http = (), service = "beside")']
      : []),
  ])}
);

const beside :Workerd.Worker = (
  compatibilityDate = ${text(compatibilityDate)},
  compatibilityFlags = ${list(compatibilityFlags.map((flag) => text(flag)))},
  modules = ${list((beside.length > 0 ? beside : modules).map(moduleOf))},
  bindings = [(name = "SERVER", service = "worker")]
);

const worker :Workerd.Worker = (
  compatibilityDate = ${text(compatibilityDate)},
  compatibilityFlags = ${list(compatibilityFlags.map((flag) => text(flag)))},
  modules = ${list(modules.map(moduleOf))},
  durableObjectNamespaces = ${list(
    classes.map((name) => `(className = ${text(name)}, uniqueKey = ${text(name)}, enableSql = true)`),
  )},
  durableObjectStorage = (localDisk = "storage"),
  bindings = ${list([
    ...Object.entries(objects).map(
      ([name, className]) => `(name = ${text(name)}, durableObjectNamespace = ${text(className)})`,
    ),
    ...Object.entries(variables).map(([name, value]) => `(name = ${text(name)}, text = ${text(value)})`),
    ...folders.map((name) => `(name = ${text(name)}, service = ${text(name)})`),
  ])}
);
`;
}

/** As in wrangler.toml. */
const compatibilityDate = "2026-10-01";
const compatibilityFlags = ["no_web_socket_compression"] as const;

function moduleOf({ type, path }: ModuleName): string {
  const kind = type === "ESModule" ? "esModule" : "wasm";
  return `(name = ${JSON.stringify(path)}, ${kind} = embed ${JSON.stringify(path)})`;
}

/** Reads the ports that workerd chose for sockets, in their order, from its control channel. */
function readPorts(child: ChildProcess, sockets: readonly string[]): Promise<readonly number[]> {
  const control = child.stdio[3] as Readable;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`workerd did not listen within ${startMsMax} ms`)),
      startMsMax,
    );
    const fail = (reason: string) => {
      clearTimeout(timer);
      reject(new Error(reason));
    };
    let told = "";
    control.on("data", (chunk: Buffer) => {
      told += chunk.toString();
      const listening = told.split("\n").flatMap((line) => {
        const { event, socket, port } = JSON.parse(line || "{}");
        return event === "listen" ? [[socket, port] as const] : [];
      });
      const ports = new Map<string, number>(listening);
      if (!sockets.every((socket) => ports.has(socket))) return;
      clearTimeout(timer);
      resolve(sockets.map((socket) => ports.get(socket) ?? 0));
    });
    child.once("error", (error) => fail(`workerd could not be started: ${error.message}`));
    child.once("exit", (code) => fail(`workerd ended with code ${code} before it listened`));
  });
}
