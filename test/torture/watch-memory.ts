/**
 * How much memory, how many open files and how much disk a server takes while it runs. Linux.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

export interface Footprint {
  /** Of workerd. */
  readonly residentBytes: number;
  readonly handles: number;
  /** Of everything in the state's folder. */
  readonly diskBytes: number;
}

/** Takes the footprint of a process; undefined where it is gone. */
export function footprintOf(pid: number, stateFolder: string): Footprint | undefined {
  try {
    const resident = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    const handles = readdirSync(`/proc/${pid}/fd`).length;
    return { residentBytes: Number(resident) * 1024, handles, diskBytes: bytesIn(stateFolder) };
  } catch {
    return undefined;
  }
}

function bytesIn(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    try {
      bytes += entry.isDirectory() ? bytesIn(path) : statSync(path).size;
    } catch {
      // A file that went while it was looked at takes nothing.
    }
  }
  return bytes;
}
