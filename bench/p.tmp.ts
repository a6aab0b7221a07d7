import { readFileSync } from "node:fs";
import { InProcessTask } from "./engine/in-process-task.ts";
import { BodyEncoder } from "./engine/body-encoder.ts";
import { clickStream, tumblingJob } from "./engine/ndjson-tumble.ts";
import { ndjsonBodies } from "./inputs/bodies.ts";
import { clickEvents } from "./inputs/click-events.ts";
const module = new WebAssembly.Module(readFileSync("/tmp/m/named.wasm"));
const keys = Number(process.argv[2] ?? 10000);
const input = ndjsonBodies(clickEvents(1_000_000, keys), 10_000);
let best = [0, 0];
for (let r = 0; r < 25; r++) {
  const encoder = new BodyEncoder(module, clickStream as never);
  const task = new InProcessTask(module, clickStream, tumblingJob, 512 << 20);
  const t0 = performance.now();
  const frames = input.bodies.map((b) => encoder.encode(b)).flat();
  const t1 = performance.now();
  for (const f of frames) task.apply((f as any).bytes ?? f);
  task.end();
  const t2 = performance.now();
  best = [Math.max(best[0]!, 1e3 / (t1 - t0)), Math.max(best[1]!, 1e3 / (t2 - t1))];
  task.close();
}
console.log(best.map((x) => x.toFixed(1)));
