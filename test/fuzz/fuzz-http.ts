/**
 * The long run over HTTP: Schemathesis makes requests from the API's description, good and bad ones, and
 * holds the answers against it: no 5xx, no status, type, header or body that is not described.
 *
 *     npm run fuzz:http -- --examples 50 --seed 1
 *
 * It starts a server of its own with an empty state, and installs Schemathesis from PyPI into
 * `build/fuzz-python` the first time. The exit code is 1 where it
 * found something.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startServer } from "../../src/cli/local-server.ts";
import { MillraceClient } from "../../src/client/client.ts";
import { Random } from "../arbitraries/random.ts";
import { fuzzChanges } from "./fuzz-changes.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const python = join(root, "build/fuzz-python");
const schemathesis = "schemathesis==4.32.5";

const fixed = fileURLToPath(new URL("schemathesis.toml", import.meta.url));
const savepoints = "postJobSavepoints";

const checks = [
  "not_a_server_error",
  "status_code_conformance",
  "content_type_conformance",
  "response_headers_conformance",
  "response_schema_conformance",
];

const { values } = parseArgs({
  options: {
    examples: { type: "string", default: "50" },
    seed: { type: "string", default: "1" },
    /** Only operations whose path contains it. */
    path: { type: "string" },
  },
});

process.exitCode = await run();

async function run(): Promise<number> {
  install();
  const folder = mkdtempSync(join(tmpdir(), "millrace-fuzz-"));
  const server = await startServer(root, folder, 0);
  try {
    const { url } = server;
    const token = await setUp(url);
    const config = join(folder, "schemathesis.toml");
    writeFileSync(config, `${readFileSync(fixed, "utf8")}"path.id" = "${token}"\n`);
    const random = new Random(Number(values.seed));
    // What is deleted cannot be found any more, so that comes last; a savepoint may stop its job.
    const isGood =
      (await fuzzChanges(url, "fuzz-job", random, Number(values.examples))) &&
      (await fuzz(url, config, "--exclude-method", "DELETE", "--exclude-operation-id", savepoints)) &&
      (await fuzz(url, config, "--include-operation-id", savepoints)) &&
      (await fuzz(url, config, "--include-method", "DELETE"));
    return isGood ? 0 : 1;
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function fuzz(url: string, config: string, ...which: readonly string[]): Promise<boolean> {
  const only = values.path === undefined ? [] : ["--include-path-regex", values.path];
  const code = await ended(join(python, "bin/schemathesis"), [
    ...["--config-file", config],
    ...["run", `${url}/openapi.json`, "--checks", checks.join(","), ...which],
    ...["--max-examples", values.examples, "--seed", values.seed, "--continue-on-failure", ...only],
    // It speaks no WebSocket: to half a handshake the platform answers for itself.
    ...["--exclude-operation-id", "getStreamEvents"],
    // An answer that has no end; see `fuzz-changes.ts`.
    ...["--exclude-operation-id", "getViewChanges"],
    // A query that never ends would be read until it does.
    ...["--request-timeout", "40"],
  ]);
  return code === 0;
}

/** The exit code of a command that runs beside the server, which is this process's own. */
function ended(command: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    // It leaves a folder of what it found where it runs.
    const child = spawn(command, args, { stdio: "inherit", cwd: join(root, "build") });
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}

/**
 * Something to find: a stream with events, a job with results, a letter and a savepoint, and a token, whose
 * id it returns.
 */
async function setUp(url: string): Promise<string> {
  const client = new MillraceClient({ url });
  await client.streams.put("fuzz", {
    columns: [
      { name: "time", type: "TIMESTAMP(3)" },
      { name: "user", type: "STRING" },
      { name: "amount", type: "INT" },
    ],
    eventTime: { column: "time", outOfOrderness: "5s" },
  });
  await client.jobs.put("fuzz-job", {
    source: "fuzz",
    key: ["user"],
    window: { type: "tumble", size: "1 min" },
    aggregates: { count: { function: "count" }, total: { function: "sum", argument: "amount" } },
  });
  await client.streams.post("fuzz", '{"time":1000,"user":"ann","amount":1}\nno json');
  await client.savepoints.create("fuzz-job", {});
  return (await client.tokens.create({ name: "fuzz", scopes: ["metrics"] })).id;
}

function install(): void {
  if (existsSync(join(python, "bin/schemathesis"))) return;
  for (const [command, ...args] of [
    ["python3", "-m", "venv", python],
    [join(python, "bin/pip"), "install", "--quiet", schemathesis],
  ] as const) {
    const { status } = spawnSync(command, args, { stdio: "inherit" });
    if (status !== 0) throw new Error(`Could not install Schemathesis: ${command} ended with ${status}.`);
  }
}
