/** The real server goes on when the clock of its machine is put back, and forward again. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { MillraceClient } from "../../src/client/client.ts";
import { Producer } from "../../src/client/producer.ts";
import type { JobBody } from "../../src/protocol/job-spec.ts";
import { MovedClock } from "./moved-clock.ts";
import { found, retried } from "./retried.ts";
import { freePort } from "./run-torture.ts";
import { ServerProcess } from "./server-process.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-clock-"));
const clock = MovedClock.make(folder);

const clicks = {
  columns: [
    { name: "time", type: "TIMESTAMP(3)" },
    { name: "user", type: "STRING" },
  ],
  eventTime: { column: "time", outOfOrderness: "1s" },
};
const counting: JobBody = {
  source: "clicks",
  key: ["user"],
  aggregates: { clicks: { function: "count" } },
};

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.skipIf(!clock)(
  "a clock that is put back by minutes holds nothing up",
  { timeout: 120_000 },
  async () => {
    const server = new ServerProcess(await freePort(), join(folder, "state"), clock?.environment);
    try {
      await server.start();
      const client = new MillraceClient({ url: server.url });
      await client.streams.put("clicks", clicks);
      await client.jobs.put("counts", { ...counting, parallelism: 2 });
      const producer = new Producer({
        ...{ streams: client.streams, stream: "clicks", id: "one" },
        wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      });
      let sequence = 0;
      let jobs = 0;
      for (const seconds of [0, -600, 300, -900, 0, 600, "restart", 0] as const) {
        if (seconds === "restart") {
          // Objects that start, and hear nothing before the clock is put back that shows theirs to be right.
          await server.kill("both");
          await server.start();
          await retried(() => client.streams.get("clicks"));
          continue;
        }
        clock?.moveTo(seconds);
        const startedAt = Date.now();
        const { accepted, token } = await producer.send(++sequence, [{ time: sequence * 1000, user: "ann" }]);
        expect(accepted).toBe(1);
        const { rows } = await client.views.query("counts", { key: { user: "ann" }, token, timeout: "20s" });
        expect(rows).toMatchObject([{ user: "ann", clicks: sequence }]);
        // Whoever answers for jobs must hear of it too.
        await retried(() => client.jobs.put(`counts-${++jobs}`, { ...counting, parallelism: 2 }));
        const look = () => client.jobs.get(`counts-${jobs}`);
        await found("the job to run", look, ({ state }) => state === "running" || undefined);
        // Far less than the clock was moved by.
        expect(Date.now() - startedAt).toBeLessThan(30_000);
      }
    } finally {
      await server.clean();
    }
  },
);

test.skipIf(!clock)(
  "where no events come, what is asked for is done all the same",
  { timeout: 120_000 },
  async () => {
    clock?.moveTo(0);
    const server = new ServerProcess(await freePort(), join(folder, "rest"), clock?.environment);
    try {
      await server.start();
      const client = new MillraceClient({ url: server.url });
      await client.streams.put("clicks", { ...clicks, distributionKey: ["user"], shards: 2 });
      const runs = async (job: string) => {
        const look = () => client.jobs.get(job);
        await found(
          "the job to run",
          look,
          ({ state, lag }) => (state === "running" && lag.bytes === 0) || undefined,
        );
      };
      await client.jobs.put("counts", { ...counting, parallelism: 2 });
      await runs("counts");
      await client.streams.post("clicks", [{ time: 1000, user: "ann" }]);
      await runs("counts");
      const asked = {
        "a savepoint": async () => {
          const { savepoint } = await retried(() => client.savepoints.create("counts", {}));
          const look = () => client.savepoints.get(savepoint);
          await found("a savepoint", look, ({ state }) => state === "done" || undefined);
          await retried(() =>
            client.jobs.put("fork", { ...counting, parallelism: 3, fromSavepoint: savepoint }),
          );
          await runs("fork");
        },
        "a split": async () => {
          await retried(() => client.splits.splitShard("clicks", { shard: 0 }));
          const look = () => client.splits.ofStream("clicks");
          await found("a split", look, (all) => all.every(({ state }) => state === "done") || undefined);
        },
        "a new job": async () => {
          await retried(() => client.jobs.put("again", counting));
          await runs("again");
        },
      };
      let seconds = 0;
      for (const [what, work] of Object.entries(asked)) {
        seconds -= 600;
        clock?.moveTo(seconds);
        const startedAt = Date.now();
        await work();
        expect(Date.now() - startedAt, what).toBeLessThan(30_000);
      }
      for (const job of ["counts", "fork", "again"]) {
        const { rows } = await retried(() => client.views.query(job, { key: { user: "ann" } }));
        expect(rows).toMatchObject([{ user: "ann", clicks: 1 }]);
      }
    } finally {
      await server.clean();
    }
  },
);
