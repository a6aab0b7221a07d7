/**
 * The subscribers' process: sockets that acknowledge what comes and note when it came.
 */
import type { ChangeMessage } from "../../src/protocol/changes.ts";
import type { SubscribersPlan, SubscribersReport } from "./subscribers.ts";

/** Sockets that are being opened at a time. */
const openingMax = 64;

class Crowd {
  #open = 0;
  #closed = 0;
  #latencies: number[] = [];

  async open({ port, groups }: SubscribersPlan): Promise<void> {
    const addresses = groups.flatMap(({ path, count }) =>
      Array.from(
        { length: count },
        (_, number) => `ws://127.0.0.1:${port}${path.replace("{n}", `${number}`)}`,
      ),
    );
    const openers = Array.from({ length: openingMax }, async (_, first) => {
      for (let index = first; index < addresses.length; index += openingMax) {
        await this.#openOne(addresses[index] ?? "");
      }
    });
    await Promise.all(openers);
  }

  report(): SubscribersReport {
    const latenciesMs = this.#latencies;
    this.#latencies = [];
    return { open: this.#open, closed: this.#closed, latenciesMs };
  }

  #openOne(address: string): Promise<void> {
    const socket = new WebSocket(address);
    socket.addEventListener("message", ({ data }) => this.#take(socket, String(data)));
    socket.addEventListener("close", () => this.#closed++);
    return new Promise((resolve, reject) => {
      socket.addEventListener("error", () => reject(new Error(`${address} was refused`)));
      socket.addEventListener("open", () => {
        this.#open++;
        resolve();
      });
    });
  }

  #take(socket: WebSocket, text: string): void {
    const now = performance.timeOrigin + performance.now();
    const { message, ack, changes = [] } = JSON.parse(text) as ChangeMessage;
    for (const { kind, row } of changes) {
      if (kind === "+I" || kind === "+U") this.#latencies.push(now - Number(row.sent));
    }
    if (ack) socket.send(`{"ack":${message}}`);
  }
}

const crowd = new Crowd();

process.on("message", (message: SubscribersPlan | "report") => {
  const done = message === "report" ? Promise.resolve() : crowd.open(message);
  done.then(
    () => process.send?.({ report: crowd.report() }),
    (error: unknown) => process.send?.({ failure: String(error) }),
  );
});
