/**
 * Calls between processes: they take time, overtake each other, arrive twice or never, and so do answers.
 *
 * A lost call always fails in the end, at once or after a while, as a connection that breaks does. Nobody can
 * tell from it whether the call was carried out.
 */
import { describe, type ProcessLife, type SimulatedProcess } from "./simulated-process.ts";
import type { Simulation } from "./simulation.ts";

/** Longest time until a caller learns that a call was lost. */
const silenceMsMax = 25_000;

export class Network {
  readonly #simulation: Simulation;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  /** The methods of `target`'s host as `from` sees them: what they take and give is copied. */
  stub<Face extends object>(from: ProcessLife, target: SimulatedProcess): Face {
    return new Proxy({} as Face, {
      get:
        (_, method) =>
        (...parameters: unknown[]) =>
          this.#call(from, target, String(method), parameters),
    });
  }

  #call(
    from: ProcessLife,
    target: SimulatedProcess,
    method: string,
    parameters: unknown[],
  ): Promise<unknown> {
    const copies = structuredClone(parameters);
    const label = `${method} of ${target.name}`;
    return new Promise((resolve, reject) => {
      const back = (what: string, ms: number, settle: () => void) => {
        const arrive = () => from.process.turnOf(from, settle);
        this.#simulation.queue.add("message", `${what} ${label}`, ms, arrive);
      };
      const fail = (reason: string) => {
        const isSilent = this.#simulation.random.chance(0.3);
        const ms = isSilent ? this.#simulation.random.below(silenceMsMax) : this.#delay();
        back("failure of", ms, () => reject(new Error(`the connection broke: ${reason}`)));
      };
      const answer = (value: unknown) => {
        if (this.#simulation.chance(this.#simulation.faults.answerLoss)) fail("the answer was lost");
        else back("answer to", this.#delay(), () => resolve(value));
      };
      from.send(() => {
        const { faults } = this.#simulation;
        const deliver = (answered: (value: unknown) => void, failed: (reason: string) => void) =>
          this.#simulation.queue.add("message", label, this.#delay(), () =>
            this.#deliver(target, method, copies, answered, failed),
          );
        if (this.#simulation.chance(faults.repeat)) deliver(ignore, ignore);
        if (this.#simulation.chance(faults.requestLoss)) fail("the request was lost");
        else deliver(answer, fail);
      });
    });
  }

  async #deliver(
    target: SimulatedProcess,
    method: string,
    parameters: unknown[],
    answered: (value: unknown) => void,
    failed: (reason: string) => void,
  ): Promise<void> {
    const call = { fail: failed };
    const work = (host: object, life: ProcessLife) => {
      const answer = (value: unknown) => {
        const copy = structuredClone(value);
        const leave = () => {
          life.taken.delete(call);
          this.#simulation.watch(target.name, method, copy);
          answered(copy);
        };
        life.send(leave, true);
      };
      const thrown = (cause: unknown) => {
        if (life.abortedFor !== undefined) return;
        this.#simulation.report("crashed", `${method} of ${target.name} threw ${describe(cause)}`);
      };
      const run = (host as Record<string, (...parameters: unknown[]) => Promise<unknown>>)[method];
      run?.apply(host, structuredClone(parameters)).then(answer, thrown);
    };
    await target.turn(work, call);
  }

  #delay(): number {
    const { random, faults } = this.#simulation;
    const max = this.#simulation.chance(faults.slowRate) ? faults.slowMax : faults.delayMax;
    return 1 + random.below(max);
  }
}

function ignore(): void {}
