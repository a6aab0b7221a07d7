/**
 * A disk of a few hundred MiB in memory, which a test fills up and frees again. Linux, and leave to mount.
 */
import { execFileSync } from "node:child_process";
import { appendFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { MiB } from "../../src/base/limits.ts";

export class SmallDisk {
  readonly folder: string;
  readonly #filler: string;

  /** Mounts it at `folder`; undefined where that is not allowed. */
  static mount(folder: string, bytes: number): SmallDisk | undefined {
    try {
      const options = ["-t", "tmpfs", "-o", `size=${bytes}`, "millrace-torture", folder];
      execFileSync("mount", options, { stdio: "ignore" });
    } catch {
      return undefined;
    }
    return new SmallDisk(folder);
  }

  constructor(folder: string) {
    this.folder = folder;
    this.#filler = join(folder, "filler");
  }

  /** Leaves no room at all. */
  fill(): void {
    for (let bytes = 16 * MiB; bytes >= 1; ) {
      try {
        appendFileSync(this.#filler, new Uint8Array(bytes));
      } catch {
        bytes = Math.floor(bytes / 16);
      }
    }
  }

  /** Gives the room back. */
  free(): void {
    rmSync(this.#filler, { force: true });
  }

  unmount(): void {
    // Lazily: a process that was killed may not be gone yet.
    execFileSync("umount", ["-l", this.folder], { stdio: "ignore" });
  }
}
