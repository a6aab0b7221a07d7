/**
 * Many subscribers to changes of views, in a process of their own, seen from the bench.
 */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Opens `count` sockets on each path; `{n}` in it is their number. */
export interface SubscribersPlan {
  readonly port: number;
  readonly groups: readonly { readonly path: string; readonly count: number }[];
}

export interface SubscribersReport {
  readonly open: number;
  /** From the time that a row says it was sent at to its arrival, for each subscriber that got it. */
  readonly latenciesMs: readonly number[];
  /** Sockets that were closed by the other side. */
  readonly closed: number;
}

export class Subscribers {
  readonly #child: ChildProcess;

  constructor() {
    const path = fileURLToPath(new URL("./subscribers-process.ts", import.meta.url));
    this.#child = fork(path, { execPath: process.execPath, execArgv: [] });
  }

  /** Opens sockets, beside those that are open; resolves when all are. */
  open(plan: SubscribersPlan): Promise<SubscribersReport> {
    return this.#ask(plan);
  }

  /** What came since the last report. */
  report(): Promise<SubscribersReport> {
    return this.#ask("report");
  }

  stop(): void {
    this.#child.kill();
  }

  #ask(message: SubscribersPlan | "report"): Promise<SubscribersReport> {
    return new Promise((resolve, reject) => {
      const ended = () => reject(new Error("the subscribers ended"));
      this.#child.once("exit", ended);
      this.#child.once("message", (answer) => {
        this.#child.off("exit", ended);
        const { report, failure } = answer as { report?: SubscribersReport; failure?: string };
        if (report) resolve(report);
        else reject(new Error(failure));
      });
      this.#child.send(message);
    });
  }
}
