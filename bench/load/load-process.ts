/**
 * The load generator: a process of its own, told what to do over IPC, so that it never shares an event loop
 * with whatever it measures.
 */
import { EventBody } from "./event-body.ts";
import { HttpConnection } from "./http-connection.ts";
import type { LoadPlan, LoadReport } from "./load-plan.ts";

/** After a 429 a body is sent again this much later. */
const retryMs = 20;
const errorsKept = 5;

class LoadRun {
  readonly #plan: LoadPlan;
  readonly #errors: string[] = [];
  readonly #latencies: number[] = [];
  #nextBody: number;
  #requests = 0;
  #refused = 0;
  #cents = 0;

  constructor(plan: LoadPlan) {
    this.#plan = plan;
    this.#nextBody = plan.firstBody;
  }

  async run(): Promise<LoadReport> {
    const plan = this.#plan;
    const bodies = bodiesFor(plan);
    const connections = await Promise.all(bodies.map(() => HttpConnection.open(plan.port)));
    const cpuBefore = process.cpuUsage();
    const startedAt = performance.now();
    const isOpenLoop = plan.ratePerSecond !== undefined;
    await Promise.all(
      connections.map((connection, index) => {
        const body = bodies[index] as EventBody;
        return isOpenLoop
          ? this.#sendOnTime(connection, body, index, startedAt)
          : this.#sendInTurn(connection, body, startedAt);
      }),
    );
    const elapsedMs = performance.now() - startedAt;
    const cpu = process.cpuUsage(cpuBefore);
    for (const connection of connections) connection.close();
    return {
      requests: this.#requests,
      events: this.#requests * plan.eventsPerBody,
      cents: this.#cents,
      elapsedMs,
      latenciesMs: this.#latencies,
      refused: this.#refused,
      errors: this.#errors,
      nextBody: this.#nextBody,
      cpuMs: (cpu.user + cpu.system) / 1000,
    };
  }

  async #sendInTurn(connection: HttpConnection, body: EventBody, startedAt: number): Promise<void> {
    while (performance.now() - startedAt < this.#plan.durationMs && this.#errors.length === 0) {
      await this.#send(connection, body, performance.now());
    }
  }

  /** Connection `index` of n takes the requests index, index + n, … */
  async #sendOnTime(
    connection: HttpConnection,
    body: EventBody,
    index: number,
    startedAt: number,
  ): Promise<void> {
    const { connections, durationMs, ratePerSecond = 1 } = this.#plan;
    const intervalMs = 1000 / ratePerSecond;
    for (let number = index; number * intervalMs < durationMs; number += connections) {
      const dueAt = startedAt + number * intervalMs;
      const waitMs = dueAt - performance.now();
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      // Timers fire up to a millisecond late or early; a request is never sent before it is due.
      while (performance.now() < dueAt) await new Promise((resolve) => setImmediate(resolve));
      await this.#send(connection, body, dueAt);
      if (this.#errors.length > 0) return;
    }
  }

  async #send(connection: HttpConnection, body: EventBody, dueAt: number): Promise<void> {
    const { path, queryPath } = this.#plan;
    body.moveTo(this.#nextBody++);
    const head =
      `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/x-ndjson\r\n` +
      `content-length: ${body.bytes.length}\r\n\r\n`;
    let answer = await connection.request(head, body.bytes);
    while (answer.status === 429) {
      this.#refused++;
      await new Promise((resolve) => setTimeout(resolve, retryMs));
      answer = await connection.request(head, body.bytes);
    }
    if (answer.status < 300 && queryPath) {
      const token = JSON.stringify((JSON.parse(answer.body) as { token: unknown }).token);
      const path = queryPath.replace("{token}", encodeURIComponent(token));
      answer = await connection.request(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`);
    }
    if (answer.status >= 300) {
      if (this.#errors.length < errorsKept)
        this.#errors.push(`${answer.status} ${answer.body.slice(0, 500)}`);
      return;
    }
    this.#latencies.push(performance.now() - dueAt);
    this.#requests++;
    this.#cents += body.cents;
  }
}

/** Bodies are made once for a shape: making them takes longer than sending them. */
const bodiesByShape = new Map<string, EventBody[]>();

/** A body per connection, as one that is being sent must not change. */
function bodiesFor({ eventsPerBody, keyCount, connections }: LoadPlan): EventBody[] {
  const shape = `${eventsPerBody} ${keyCount} ${connections}`;
  let bodies = bodiesByShape.get(shape);
  if (!bodies) {
    bodies = Array.from(
      { length: connections },
      (_, seed) => new EventBody(eventsPerBody, keyCount, seed + 1),
    );
    bodiesByShape.set(shape, bodies);
  }
  return bodies;
}

process.on("message", (plan: LoadPlan) => {
  new LoadRun(plan).run().then(
    (report) => process.send?.({ report }),
    (error: unknown) => process.send?.({ failure: String(error) }),
  );
});
