/**
 * The real server as a process: what `npm start` runs, started, killed and started again.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { endProcesses, listProcesses } from "../../src/cli/state-lock.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const startMsMax = 60_000;
const pollMs = 25;

export class ServerProcess {
  readonly url: string;
  readonly #port: number;
  readonly #stateFolder: string;
  readonly #environment: Readonly<Record<string, string>>;
  /** The folder of the code that runs. */
  #root: string;
  #child: ChildProcess | undefined;
  #output = "";

  /** `environment` is added to that of this process; `folder` is that of other code than this. */
  constructor(port: number, stateFolder: string, environment = {}, folder = root) {
    this.#environment = environment;
    this.#root = folder;
    this.#port = port;
    this.#stateFolder = stateFolder;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Starts it and returns once it says that it is up; arguments are added to those of a bare server. */
  async start(more: readonly string[] = ["--no-demo"]): Promise<void> {
    const args = ["src/cli/start.ts", "--port", String(this.#port), "--state", this.#stateFolder, ...more];
    const child = spawn(process.execPath, args, {
      cwd: this.#root,
      env: { ...process.env, ...this.#environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    this.#output = "";
    const keep = (chunk: Buffer) => {
      this.#output += chunk.toString();
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    await this.#until("is up", () => this.#output.includes("Millrace is up at"));
  }

  /** What it has printed since it was started. */
  get output(): string {
    return this.#output;
  }

  /** Waits until it has printed `text`. */
  async printed(text: string): Promise<void> {
    await this.#until(`prints "${text}"`, () => this.#output.includes(text));
  }

  /** Waits until it answers, whatever process does that. */
  async answers(): Promise<void> {
    await this.#until("answers", async () => {
      try {
        return (await fetch(`${this.url}/v1/health`)).ok;
      } catch {
        return false;
      }
    });
  }

  /** kill -9 of Node, of workerd under it, or of both at once; returns once they are gone. */
  async kill(victims: "node" | "workerd" | "both"): Promise<void> {
    const node = this.#child?.pid ?? 0;
    const all = listProcesses();
    const workerd = all.filter(({ parentPid, command }) => parentPid === node && command.includes("workerd"));
    const self = all.filter(({ pid }) => pid === node);
    const chosen = { node: self, workerd, both: [...self, ...workerd] }[victims];
    await endProcesses(chosen);
  }

  /** Puts other code in the place of what runs, as a deploy does: all objects end, and start in it. */
  async deploy(folder = root): Promise<void> {
    this.#root = folder;
    await this.kill("both");
    await this.start();
  }

  /** Of workerd; undefined while there is none. */
  get workerdPid(): number | undefined {
    const node = this.#child?.pid;
    return listProcesses().find(({ parentPid, command }) => parentPid === node && command.includes("workerd"))
      ?.pid;
  }

  /** Ctrl-C; returns the exit status. */
  async stop(): Promise<number | null> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    child.kill("SIGINT");
    return await ended;
  }

  /** Leaves nothing running: Node, workerd under it, or a workerd that a killed Node left behind. */
  async clean(): Promise<void> {
    const address = `--socket-addr=entry=127.0.0.1:${this.#port} `;
    const own = listProcesses().filter(
      ({ pid, command }) => pid === this.#child?.pid || `${command} `.includes(address),
    );
    await endProcesses(own);
  }

  async #until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = Date.now() + startMsMax;
    while (!(await isSo())) {
      if (this.#child?.exitCode != null)
        throw new Error(`the server ended before it ${what}:\n${this.#output}`);
      if (Date.now() > deadline)
        throw new Error(`the server is not there in time: it never ${what}:\n${this.#output}`);
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }
}
