/**
 * What befalls the server of the torture while load runs. Each returns when the server answers again.
 *
 * `kill` is a kill -9 of Node, of workerd or of both; `full disk` leaves no room for some seconds; `clock`
 * moves the wall clock to and fro; `rest` lets the objects go idle until the platform ends them.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { MovedClock } from "./moved-clock.ts";
import type { Random } from "./random.ts";
import type { ServerProcess } from "./server-process.ts";
import type { SmallDisk } from "./small-disk.ts";
import type { Workload } from "./workload.ts";

export const troubleNames = ["kill", "full disk", "clock", "rest"] as const;

export type TroubleName = (typeof troubleNames)[number];

/** What troubles need; without a small disk or a moved clock theirs are left out. */
export interface TroubledServer {
  readonly server: ServerProcess;
  readonly workload: Workload;
  readonly random: Random;
  readonly disk: SmallDisk | undefined;
  readonly clock: MovedClock | undefined;
}

/** Longer than the platform keeps an object that nobody calls. */
const restMs = 13_000;

/** Beyond it a stream's retention would end what savepoints go back to. */
const clockSecondsMax = 900;

/** Those of `wanted` that this machine allows. */
export function possibleTroubles(
  wanted: readonly TroubleName[],
  { disk, clock }: Pick<TroubledServer, "disk" | "clock">,
): TroubleName[] {
  return wanted.filter((name) => (name === "full disk" ? disk : name === "clock" ? clock : true));
}

/** Brings a trouble about; returns what was done. */
export async function befall(name: TroubleName, troubled: TroubledServer): Promise<string> {
  const { server, workload, random, disk, clock } = troubled;
  switch (name) {
    case "kill": {
      const killed = random.pick(["node", "workerd", "both"] as const);
      await server.kill(killed);
      if (killed !== "workerd") await server.start();
      await server.answers();
      return `kill -9 of ${killed}`;
    }
    case "full disk": {
      const ms = 500 + random.below(4_000);
      disk?.fill();
      try {
        await sleep(ms);
      } finally {
        disk?.free();
      }
      await server.answers();
      return `full disk for ${ms} ms`;
    }
    case "clock": {
      const seconds = random.below(2 * clockSecondsMax) - clockSecondsMax;
      clock?.moveTo(seconds);
      await server.answers();
      return `clock at ${seconds} s`;
    }
    case "rest": {
      workload.rest(true);
      await sleep(restMs);
      workload.rest(false);
      return "rest";
    }
  }
}
