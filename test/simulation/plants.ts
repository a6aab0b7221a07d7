/**
 * Bugs that are planted on purpose, each into the platform that the life simulates or between it and the
 * product: a simulator that finds none of them finds nothing.
 */
export const plants = {
  "early-acknowledgement": "answers leave before what they promise is durable",
  "forgotten-alarm": "an object's alarm is set and never kept",
  "forgotten-producers": "a restart forgets what producers sent",
  "readable-epoch": "pages that a crash left half-written are read",
  "lost-letter": "every third row of letters is not stored",
} as const;

export type Plant = keyof typeof plants;

/** Reads a plant's name; throws naming those that there are. */
export function readPlant(name: string): Plant {
  if (name in plants) return name as Plant;
  throw new Error(`There is no plant "${name}", expected one of ${Object.keys(plants).join(", ")}.`);
}
