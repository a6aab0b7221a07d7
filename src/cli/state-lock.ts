/**
 * One server per state folder, also after a kill -9.
 *
 * workerd is a child process, and it outlives a killed parent: it would keep the port, and a second one on
 * the same databases would not see what the first has in memory. So a start writes down who it is and its
 * port (`server.json`), refuses while that process lives, and otherwise ends the workerd that it left behind.
 * That one is known by the address on its command line, not by a process id, which could by now be someone
 * else's.
 *
 * Invariant: at most one workerd has the databases of a state folder open.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface ServerRecord {
  readonly pid: number;
  readonly port: number;
}

export interface Process {
  readonly pid: number;
  readonly parentPid: number;
  readonly command: string;
}

const fileName = "server.json";

/** How long a killed process may take to be gone; it holds no locks and flushes nothing. */
const killedMsMax = 5_000;

/** Returns the server that works on the folder now, or undefined; the record of a dead one does not count. */
export function runningServer(stateFolder: string, processes: readonly Process[]): ServerRecord | undefined {
  const record = readRecord(stateFolder);
  if (!record || record.pid === process.pid) return undefined;
  const isAlive = processes.some(
    ({ pid, command }) => pid === record.pid && command.includes("cli/start.ts"),
  );
  return isAlive ? record : undefined;
}

/** Returns what a dead server of this folder left running: workerd processes at its address. */
export function leftBehind(stateFolder: string, processes: readonly Process[]): Process[] {
  const record = readRecord(stateFolder);
  if (!record || runningServer(stateFolder, processes)) return [];
  const address = `--socket-addr=entry=127.0.0.1:${record.port} `;
  return processes.filter(({ parentPid, command }) => {
    const isOwned = processes.some(
      ({ pid, command: parent }) => pid === parentPid && parent.includes("cli/start.ts"),
    );
    return command.includes("workerd") && `${command} `.includes(address) && !isOwned;
  });
}

/** Makes the folder this process's own, which must have found no running server. */
export function takeFolder(stateFolder: string, port: number): void {
  mkdirSync(stateFolder, { recursive: true });
  const partial = join(stateFolder, `${fileName}.${process.pid}`);
  const record: ServerRecord = { pid: process.pid, port };
  writeFileSync(partial, JSON.stringify(record));
  renameSync(partial, join(stateFolder, fileName));
}

/** Says whether the folder is still this process's own: of two that took it at once, the later one has it. */
export function ownsFolder(stateFolder: string): boolean {
  return readRecord(stateFolder)?.pid === process.pid;
}

/** Gives the folder back, if it is still this process's own. */
export function leaveFolder(stateFolder: string): void {
  if (ownsFolder(stateFolder)) rmSync(join(stateFolder, fileName), { force: true });
}

/** Ends processes and returns when they are gone. */
export async function endProcesses(processes: readonly Process[]): Promise<void> {
  const deadline = Date.now() + killedMsMax;
  for (const { pid } of processes) signal(pid, "SIGKILL");
  while (processes.some(({ pid }) => signal(pid, 0))) {
    if (Date.now() > deadline) throw new Error(`process ${processes[0]?.pid} does not end; end it by hand`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Lists the processes of this machine; empty where there is no `ps`, as on Windows. */
export function listProcesses(): Process[] {
  if (process.platform === "win32") return [];
  const output = execFileSync("ps", ["-A", "-ww", "-o", "pid=,ppid=,stat=,args="], {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  return output.split("\n").flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line);
    if (!match || match[3]?.startsWith("Z")) return [];
    return [{ pid: Number(match[1]), parentPid: Number(match[2]), command: match[4] ?? "" }];
  });
}

function readRecord(stateFolder: string): ServerRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(join(stateFolder, fileName), "utf8")) as Partial<ServerRecord>;
    if (typeof record.pid !== "number" || typeof record.port !== "number") return undefined;
    return { pid: record.pid, port: record.port };
  } catch {
    return undefined;
  }
}

/** Returns whether the process was there to take it. */
function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}
