/**
 * Millrace on this machine: the Worker of wrangler.toml in workerd, with its Durable Objects on disk.
 *
 * Miniflare starts workerd and starts it again when it crashes. The bindings come from wrangler.toml, so a
 * local start and a deploy cannot differ; only MILLRACE_LOCAL is added, which lets the Worker serve without a
 * token because nothing but this machine reaches 127.0.0.1.
 */
import { mkdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { unstable_getMiniflareWorkerOptions as readWranglerConfig } from "wrangler";
import { bundleWorker } from "./bundle-worker.ts";
import { StartError } from "./start-error.ts";
import {
  endProcesses,
  leaveFolder,
  leftBehind,
  listProcesses,
  ownsFolder,
  runningServer,
  takeFolder,
} from "./state-lock.ts";

const host = "127.0.0.1";
const endSignals = ["SIGINT", "SIGTERM"] as const;

export interface LocalServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts the server; `port` 0 takes a free one. Throws StartError where another one is in the way. */
export async function startServer(root: string, stateFolder: string, port: number): Promise<LocalServer> {
  const processes = listProcesses();
  const running = runningServer(stateFolder, processes);
  if (running) throw alreadyRuns(stateFolder, `http://${host}:${running.port} (process ${running.pid})`);
  await endProcesses(leftBehind(stateFolder, processes));
  const boundPort = await findPort(port);
  takeFolder(stateFolder, boundPort);
  useScratchFolder(join(stateFolder, "scratch"));
  try {
    const options = await readWorkerOptions(root);
    if (!ownsFolder(stateFolder)) throw alreadyRuns(stateFolder, "started at the same moment");
    const stop = await startMiniflare({
      ...options,
      host,
      port: boundPort,
      resourcePersistencePath: join(stateFolder, "state"),
    });
    return {
      url: `http://${host}:${boundPort}`,
      stop: async () => {
        await stop();
        leaveFolder(stateFolder);
      },
    };
  } catch (cause) {
    leaveFolder(stateFolder);
    throw cause;
  }
}

/** Makes `folder` this process's place for temporary files, without those of a killed one. */
function useScratchFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  process.env.TMPDIR = folder;
}

function alreadyRuns(stateFolder: string, where: string): StartError {
  return new StartError(
    `Millrace already runs on ${stateFolder}: ${where}.\n` +
      "Stop it first, or start this one with --state FOLDER and --port NUMBER.",
  );
}

async function readWorkerOptions(root: string) {
  const { workerOptions, main } = readWranglerConfig(join(root, "wrangler.toml"));
  const modules = await bundleWorker(root, main ?? "src/cloudflare/worker.ts");
  return {
    ...workerOptions,
    name: "millrace",
    modules: modules.map((module) => ({ ...module, path: join(root, module.path) })),
    modulesRoot: root,
    bindings: { ...(workerOptions.bindings as object), MILLRACE_LOCAL: "1" },
  };
}

type WorkerOptions = Awaited<ReturnType<typeof readWorkerOptions>> & {
  readonly host: string;
  readonly port: number;
  readonly resourcePersistencePath: string;
};

/** Returns how to stop it. Ctrl-C reaches workerd too, so once it stops nothing that it says is passed on. */
async function startMiniflare(options: WorkerOptions): Promise<() => Promise<void>> {
  let isStopping = false;
  const listenersBefore = endSignals.map((signal) => process.listeners(signal));
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...options,
      cf: false,
      log: new Log(LogLevel.ERROR),
      telemetry: { enabled: false },
      handleStructuredLogs: ({ level, message }) => {
        if (!isStopping && (level === "error" || level === "warn")) process.stderr.write(`${message}\n`);
      },
    }),
  );
  // Miniflare ends the process as soon as a signal comes. Here whoever started the server decides.
  for (const [index, signal] of endSignals.entries()) {
    const added = process.listeners(signal).filter((listener) => !listenersBefore[index]?.includes(listener));
    for (const listener of added) process.removeListener(signal, listener);
  }
  const stop = () => {
    isStopping = true;
    return miniflare.dispose();
  };
  try {
    await miniflare.ready;
  } catch (cause) {
    await stop();
    throw cause;
  }
  return stop;
}

/** Returns `port` if it is free; for 0 any free one. */
function findPort(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (cause: NodeJS.ErrnoException) => {
      if (cause.code !== "EADDRINUSE" && cause.code !== "EACCES") return reject(cause);
      const problem = cause.code === "EACCES" ? "may not be used by you" : "is taken by another program";
      reject(new StartError(`Port ${port} ${problem}. Choose another: npm start -- --port ${port + 1}`));
    });
    probe.listen({ port, host, exclusive: true }, () => {
      const address = probe.address();
      const found = typeof address === "object" && address ? address.port : port;
      probe.close(() => resolve(found));
    });
  });
}
