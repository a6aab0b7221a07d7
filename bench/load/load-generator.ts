/**
 * The load generator's process, seen from the bench.
 */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { LoadPlan, LoadReport } from "./load-plan.ts";

export class LoadGenerator {
  readonly #child: ChildProcess;

  constructor() {
    const path = fileURLToPath(new URL("./load-process.ts", import.meta.url));
    this.#child = fork(path, { execPath: process.execPath, execArgv: [] });
  }

  /** Runs one plan at a time; throws where an answer was an error. */
  run(plan: LoadPlan): Promise<LoadReport> {
    return new Promise((resolve, reject) => {
      const ended = () => reject(new Error("the load generator ended"));
      this.#child.once("exit", ended);
      this.#child.once("message", (message) => {
        this.#child.off("exit", ended);
        const { report, failure } = message as { report?: LoadReport; failure?: string };
        const problem = failure ?? report?.errors[0];
        if (report && problem === undefined) resolve(report);
        else reject(new Error(`the load on ${plan.path} failed: ${problem}`));
      });
      this.#child.send(plan);
    });
  }

  stop(): void {
    this.#child.kill();
  }
}
