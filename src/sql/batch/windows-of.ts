/**
 * Which windows a time is in, in milliseconds; the slow way, for rows that are all there.
 */
import type { WindowShape } from "../../protocol/dataflow.ts";

export type Bounds = readonly [start: number, end: number];

/** Returns the windows that a time is in, by their ends. Sessions are not known from one time. */
export function windowsOf(time: number, window: Exclude<WindowShape, { kind: "session" }>): Bounds[] {
  const { sizeMs, offsetMs } = window;
  if (window.kind === "hop") {
    const { slideMs } = window;
    const last = floorTo(time, slideMs, offsetMs);
    const starts = Array.from({ length: sizeMs / slideMs }, (_, index) => last - index * slideMs);
    return starts.reverse().map((start) => [start, start + sizeMs]);
  }
  const start = floorTo(time, sizeMs, offsetMs);
  if (window.kind === "tumble") return [[start, start + sizeMs]];
  const { stepMs } = window;
  const first = Math.floor((time - start) / stepMs) + 1;
  const ends = Array.from(
    { length: sizeMs / stepMs - first + 1 },
    (_, index) => start + (first + index) * stepMs,
  );
  return ends.map((end) => [start, end]);
}

/** Returns the sessions of times: those less than `gapMs` apart are in one. */
export function mergeSessions(times: readonly number[], gapMs: number): Bounds[] {
  const sessions: [number, number][] = [];
  for (const time of [...times].sort((one, other) => one - other)) {
    const last = sessions.at(-1);
    if (last && time <= last[1]) last[1] = Math.max(last[1], time + gapMs);
    else sessions.push([time, time + gapMs]);
  }
  return sessions;
}

function floorTo(time: number, size: number, offset: number): number {
  return Math.floor((time - offset) / size) * size + offset;
}
