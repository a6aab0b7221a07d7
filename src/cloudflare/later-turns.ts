/**
 * Turns of the event loop, without a timer.
 *
 * A timer of an object that lives long stands still where the machine's clock is put back, until the clock
 * has caught up: work on events must not wait for one. A byte that goes through a stream of the platform comes
 * out in a later turn, behind the events that have come by then, whatever the clock says.
 */
export class LaterTurns {
  readonly #writer: WritableStreamDefaultWriter;
  readonly #reader: ReadableStreamDefaultReader;
  readonly #waiting: (() => void)[] = [];

  constructor() {
    const { writable, readable } = new IdentityTransformStream();
    this.#writer = writable.getWriter();
    this.#reader = readable.getReader();
  }

  /** Runs `work` in a turn of its own, behind the work that waits already. */
  soon(work: () => void): void {
    this.#waiting.push(work);
    if (this.#waiting.length === 1) void this.#next();
  }

  async #next(): Promise<void> {
    void this.#writer.write(new Uint8Array(1));
    await this.#reader.read();
    const work = this.#waiting.shift();
    if (this.#waiting.length > 0) void this.#next();
    work?.();
  }
}
