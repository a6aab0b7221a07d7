/**
 * Which clients a life has besides those that send and read: subscribers of views, and people who mend what
 * the streams rejected.
 */
import type { Random } from "../arbitraries/random.ts";

export interface SubscriberPlan {
  readonly view: string;
  /** One key alone, of the first step's view. */
  readonly key: { readonly column: string; readonly value: string } | undefined;
}

export interface ClientPlans {
  readonly subscribers: readonly SubscriberPlan[];
  /** When somebody mends all dead letters that there are; ms. */
  readonly mendsAtMs: readonly number[];
}

interface LifeOfClients {
  /** Those of jobs that last: one that goes has no end to be compared with. */
  readonly views: readonly { readonly view: string; readonly key: "user" | "item" | undefined }[];
  readonly badRate: number;
  readonly chaosMs: number;
}

export function drawClients(random: Random, { views, badRate, chaosMs }: LifeOfClients): ClientPlans {
  const count = views.length > 0 && random.chance(0.3) ? random.between(1, 2) : 0;
  const mends = badRate > 0 && random.chance(0.6) ? random.between(1, 3) : 0;
  return {
    subscribers: Array.from({ length: count }, () => drawSubscriber(random, random.pick(views))),
    mendsAtMs: Array.from({ length: mends }, () => random.below(chaosMs)),
  };
}

function drawSubscriber(random: Random, { view, key }: LifeOfClients["views"][number]): SubscriberPlan {
  if (key === undefined || !random.chance(0.3)) return { view, key: undefined };
  return { view, key: { column: key, value: key === "user" ? "user-0" : "north" } };
}
