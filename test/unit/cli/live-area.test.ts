/** The last lines of a terminal are drawn over; a pipe gets only what stays. */
import { expect, test } from "vitest";
import { formatCount, LiveArea, progressBar } from "../../../src/cli/live-area.ts";

function outputOf(isTTY: boolean, columns = 10) {
  const written: string[] = [];
  const write = (text: string | Uint8Array) => written.push(String(text)) > 0;
  return { written, area: new LiveArea({ isTTY, columns, write }) };
}

test("a drawing replaces the one before, counting rows that wrap and leaving out colors", () => {
  const { written, area } = outputOf(true);
  area.draw("one\n0123456789012");
  area.draw("\u001b[31m0123456789\u001b[0m");
  area.print("stays");
  area.draw("last");
  expect(written).toEqual([
    "one\n0123456789012\n",
    "\u001b[3A\u001b[J\u001b[31m0123456789\u001b[0m\n",
    "\u001b[1A\u001b[Jstays\n",
    "last\n",
  ]);
});

test("into a pipe only printed lines go", () => {
  const { written, area } = outputOf(false);
  area.draw("progress");
  area.print("done");
  expect(written).toEqual(["done\n"]);
});

test("a bar fills from left to right and no further", () => {
  const bars = [0, 5, 10, 12].map((done) => progressBar(done, 10, 4));
  expect(bars).toEqual(["░░░░", "██░░", "████", "████"]);
  expect(formatCount(20_000)).toBe("20,000");
});
