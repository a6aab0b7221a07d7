/**
 * The last lines of the terminal, drawn over and over. Where output is not a terminal nothing is drawn twice:
 * only what is printed for good is seen, so logs and pipes stay readable.
 */
import type { WriteStream } from "node:tty";

export class LiveArea {
  readonly #output: Pick<WriteStream, "isTTY" | "columns" | "write">;
  #drawnLines = 0;

  constructor(output: Pick<WriteStream, "isTTY" | "columns" | "write">) {
    this.#output = output;
  }

  get isLive(): boolean {
    return this.#output.isTTY === true;
  }

  /** Replaces what was drawn before. */
  draw(text: string): void {
    if (!this.isLive) return;
    this.#output.write(`${this.#eraser()}${text}\n`);
    this.#drawnLines = this.#linesOf(text);
  }

  /** Prints lines that stay, above what is drawn next. */
  print(text: string): void {
    this.#output.write(`${this.#eraser()}${text}\n`);
    this.#drawnLines = 0;
  }

  /** Goes up to the first drawn line and clears from there. */
  #eraser(): string {
    return this.#drawnLines === 0 ? "" : `\u001b[${this.#drawnLines}A\u001b[J`;
  }

  /** Rows on the screen: a line that is too wide takes several. */
  #linesOf(text: string): number {
    const width = this.#output.columns || 80;
    return text
      .split("\n")
      .map((line) => Math.max(1, Math.ceil(visibleLength(line) / width)))
      .reduce((sum, rows) => sum + rows, 0);
  }
}

function visibleLength(line: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a color is an escape sequence.
  return line.replace(/\u001b\[[0-9;]*m/g, "").length;
}

/** Draws `done` of `total` as a bar of `width` cells. */
export function progressBar(done: number, total: number, width = 30): string {
  const filled = total === 0 ? width : Math.floor((Math.min(done, total) / total) * width);
  return "█".repeat(filled) + "░".repeat(width - filled);
}

/** Writes a count as 12,345. */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}
