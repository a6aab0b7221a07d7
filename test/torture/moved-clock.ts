/**
 * A wall clock that a test moves under the server's feet, by a library that the server loads first
 * (`clock-offset.c`). Linux with a C compiler.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("clock-offset.c", import.meta.url));

export class MovedClock {
  /** What the server's environment needs. */
  readonly environment: Readonly<Record<string, string>>;
  readonly #file: string;

  /** Builds the library into `folder`; undefined where there is no compiler. */
  static make(folder: string): MovedClock | undefined {
    const library = join(folder, "clock-offset.so");
    try {
      execFileSync("cc", ["-O2", "-shared", "-fPIC", "-o", library, source], { stdio: "ignore" });
    } catch {
      return undefined;
    }
    return new MovedClock(library, join(folder, "clock-offset"));
  }

  constructor(library: string, file: string) {
    this.#file = file;
    this.environment = { LD_PRELOAD: library, CLOCK_OFFSET_FILE: file };
    writeFileSync(file, new Uint8Array(8));
  }

  /** Has the clock be `seconds` ahead of the true one from now on, or behind. */
  moveTo(seconds: number): void {
    const bytes = new DataView(new ArrayBuffer(8));
    bytes.setBigInt64(0, BigInt(seconds) * 1000n, true);
    // The server has the file mapped: it is written in place.
    writeFileSync(this.#file, new Uint8Array(bytes.buffer), { flag: "r+" });
  }
}
