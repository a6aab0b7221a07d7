/** A coordinator whose alarm goes off as a manual clock passes. */
import { Coordinator } from "../../../../src/host/coordinator/coordinator.ts";
import type { GeneratedStreams } from "../../../../src/host/coordinator/generators.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { NodeStorage } from "../../../support/node-storage.ts";
import { FakeShards } from "../fake-shards.ts";

export class AlarmedCoordinator {
  readonly clock = new ManualClock();
  readonly #sql = new NodeStorage();
  readonly #shards = new FakeShards();
  readonly #generated: GeneratedStreams | undefined;
  #alarmAt: number | undefined;
  coordinator: Coordinator;

  constructor(generated?: GeneratedStreams) {
    this.#generated = generated;
    this.coordinator = this.#start();
  }

  #start(): Coordinator {
    return new Coordinator({
      ...{ sql: this.#sql, clock: this.clock, shards: this.#shards, blobs: undefined },
      generated: this.#generated,
      setAlarm: (at) => {
        this.#alarmAt = at;
      },
      abort: () => {},
    });
  }

  restart(): void {
    this.coordinator = this.#start();
  }

  /** Moves the time; the alarm goes off where it is due. */
  async pass(ms: number): Promise<void> {
    const end = this.clock.now() + ms;
    while (this.#alarmAt !== undefined && this.#alarmAt <= end) {
      await this.clock.advance(Math.max(0, this.#alarmAt - this.clock.now()));
      this.#alarmAt = undefined;
      await this.coordinator.onAlarm();
    }
    await this.clock.advance(Math.max(0, end - this.clock.now()));
  }
}
