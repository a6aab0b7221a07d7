/**
 * Subscribers that are held open in the server's process, by a Worker beside (`workers/crowd-worker.ts`).
 */
import type { RunningWorkerd } from "../harness/workerd.ts";

interface CrowdState {
  readonly open: number;
  /** Messages that came to any of them. */
  readonly messages: number;
}

export class Crowd {
  state: CrowdState = { open: 0, messages: 0 };
  readonly #reader: ReadableStreamDefaultReader<string>;
  #lines = 0;

  /** Opens `count` subscribers at `path`, in which `{n}` is their number. */
  static async open({ besideUrl }: RunningWorkerd, path: string, count: number): Promise<Crowd> {
    const response = await fetch(`${besideUrl}/crowd?${new URLSearchParams({ path, count: String(count) })}`);
    if (!response.ok || !response.body) throw new Error(await response.text());
    const crowd = new Crowd(response.body.pipeThrough(new TextDecoderStream()).getReader());
    await crowd.refresh();
    void crowd.#follow();
    return crowd;
  }

  constructor(reader: ReadableStreamDefaultReader<string>) {
    this.#reader = reader;
  }

  /** Takes the next line in. */
  async refresh(): Promise<void> {
    const { done, value } = await this.#reader.read();
    if (done) throw new Error("the crowd has left");
    this.#lines++;
    const line = value.trim().split("\n").at(-1);
    if (line) this.state = JSON.parse(line) as CrowdState;
  }

  /** What is so some lines later. */
  async latest(): Promise<CrowdState> {
    const seen = this.#lines;
    while (this.#lines < seen + 2) await new Promise((resolve) => setTimeout(resolve, 20));
    return this.state;
  }

  async #follow(): Promise<void> {
    try {
      while (true) await this.refresh();
    } catch {
      // The server was stopped.
    }
  }
}
