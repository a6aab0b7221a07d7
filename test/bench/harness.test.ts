/**
 * What the figures are made of: quantiles, rounds, targets, digests and bodies that move through time.
 */
import { describe, expect, test } from "vitest";
import { formatNumber, formatTarget, isMet } from "../../bench/harness/bench.ts";
import { kernelFigure, rateFigure, ratioOf } from "../../bench/harness/figures.ts";
import { measureInTurns, median, quantile, thirdFastest } from "../../bench/harness/measure.ts";
import { readKeptResults, withFigures } from "../../bench/harness/report.ts";
import { clickEvents, firstEventTime } from "../../bench/inputs/click-events.ts";
import { wideEvents } from "../../bench/inputs/wide-events.ts";
import { EventBody } from "../../bench/load/event-body.ts";
import { readAnswer } from "../../bench/load/http-connection.ts";
import { digestRows } from "../../bench/peers/tumbling-result.ts";

describe("samples", () => {
  test("quantiles lie between samples", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(quantile([10, 20], 0.25)).toBe(12.5);
    expect(quantile([], 0.5)).toBeNaN();
  });

  test("a kernel's figure is that of the third-fastest sample", () => {
    expect(thirdFastest([9, 5, 1, 7])).toBe(7);
    expect(thirdFastest([2])).toBe(2);
    expect(kernelFigure("f", 100, [10, 20, 50, 100]).value).toBe(2000);
    expect(rateFigure("f", 100, [10, 20, 50]).value).toBe(5000);
  });

  test("contestants take turns, and the order is reversed each round", async () => {
    const order: string[] = [];
    const work = (name: string) => () => {
      order.push(name);
      return 5;
    };
    const samples = await measureInTurns({ a: work("a"), b: work("b") }, { warmUps: 1, rounds: 2 });
    expect(order.join("")).toBe("ababba");
    expect(samples).toEqual({ a: [5, 5], b: [5, 5] });
  });
});

describe("targets", () => {
  const ratio = ratioOf(
    "r",
    { name: "a", value: 3, unit: "x" },
    { name: "b", value: 2, unit: "x" },
    { atLeast: 1.5 },
  );

  test("are met at their bound", () => {
    expect(isMet(ratio)).toBe(true);
    expect(isMet({ ...ratio, value: 1.49 })).toBe(false);
    expect(isMet({ ...ratio, target: { atMost: 1.5 } })).toBe(true);
    expect(isMet({ ...ratio, target: { atMost: 1.4 } })).toBe(false);
    expect(formatTarget({ atMost: 1 / 6 })).toBe("≤ 0.167");
  });

  test("numbers print with three digits", () => {
    expect(formatNumber(6_543_210)).toBe("6 540 000");
    expect(formatNumber(12.345)).toBe("12.3");
    expect(formatNumber(0.000123456)).toBe("0.000123");
  });
});

describe("README", () => {
  const empty = "# Millrace\n<!-- figures:start -->\n<!-- figures:end -->\n";
  const kept = readKeptResults();

  test("without markers is refused", () => {
    expect(() => withFigures("# Millrace\n", [])).toThrow("figures:start");
  });

  test("says first what matters, with target and command, and folds the rest", () => {
    const [headlines, details] = withFigures(empty, kept).split("<details>");
    expect(headlines).toMatch(/\| what the log takes \| [\d.]+ bytes\/event \| ≤ 20 met \| `ingest` \|/);
    for (const { name } of kept) expect(details).toContain(`\`npm run bench -- ${name}\``);
  });

  test("refuses a result that lacks a headline", () => {
    const hollow = kept.filter(({ name }) => name === "ingest").map((result) => ({ ...result, figures: [] }));
    expect(() => withFigures(empty, hollow)).toThrow('no figure "whole path"');
  });
});

describe("inputs", () => {
  test("are the same for one seed", () => {
    const [first, second] = [...clickEvents(2, 10_000)];
    expect(JSON.stringify(first)).toBe(
      '{"user_id":"u1002364","ts":1700000000000,"url":"/product/369","amount":50.42}',
    );
    expect(second?.ts).toBe(firstEventTime + 1);
    expect(JSON.stringify([...wideEvents(3, 10)])).toBe(JSON.stringify([...wideEvents(3, 10)]));
    expect(Object.keys([...wideEvents(1, 10)][0] ?? {})).toHaveLength(30);
  });

  test("a body moves through time and stays the same otherwise", () => {
    const body = new EventBody(100, 10, 1);
    const before = linesOf(body.bytes);
    body.moveTo(7);
    const after = linesOf(body.bytes);
    expect(after.map(({ ts }) => ts)).toEqual(before.map(({ ts }) => ts + 700));
    expect(after.map(({ ts, ...rest }) => rest)).toEqual(before.map(({ ts, ...rest }) => rest));
    const cents = after.reduce((sum, { amount }) => sum + Math.round(amount * 100), 0);
    expect(body.cents).toBe(cents);
  });

  test("a digest does not depend on the order of rows, and sees one count", () => {
    const rows = [
      { key: "a", windowStart: 0, count: 1, sum: 0.1, max: 0.1 },
      { key: "b", windowStart: 0, count: 2, sum: 0.3, max: 0.2 },
    ];
    expect(digestRows(rows)).toBe(digestRows(rows.toReversed()));
    expect(digestRows(rows)).toBe(digestRows(rows.map((row) => ({ ...row, sum: row.sum + 1e-9 }))));
    expect(digestRows(rows)).not.toBe(digestRows(rows.map((row) => ({ ...row, count: row.count + 1 }))));
  });
});

describe("answers of a server", () => {
  const whole = (text: string) => readAnswer(Buffer.from(text));

  test("end with their length", () => {
    expect(whole("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")).toEqual({ status: 200, body: "ok" });
    expect(whole("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok")).toBeUndefined();
    expect(whole("HTTP/1.1 204 No Content\r\n\r\n")).toEqual({ status: 204, body: "" });
    expect(whole("HTTP/1.1 200 OK\r\nContent-Len")).toBeUndefined();
  });

  test("or with their last chunk", () => {
    const head = "HTTP/1.1 429 Too Many\r\nTransfer-Encoding: chunked\r\n\r\n";
    expect(whole(`${head}3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n`)).toEqual({ status: 429, body: "abcd" });
    expect(whole(`${head}3\r\nabc\r\n1\r\n`)).toBeUndefined();
  });
});

function linesOf(bytes: Buffer): { ts: number; amount: number; user_id: string; url: string }[] {
  return bytes
    .toString()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}
