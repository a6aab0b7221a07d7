/**
 * A function of each kind. To have them, list them in functions/registered.ts, deploy, and say
 *
 *   CREATE FUNCTION mask AS 'mask_email';
 *   CREATE FUNCTION words AS 'words';
 *   CREATE FUNCTION weighted_average AS 'weighted_average';
 */
import {
  aggregateFunction,
  scalarFunction,
  tableFunction,
  type UserFunction,
} from "../../src/interpreter/user-functions.ts";

/** `SELECT mask(email) FROM orders` */
const maskEmail = scalarFunction({
  name: "mask_email",
  arguments: ["STRING NOT NULL"],
  returns: "STRING",
  evaluate: (email) => email.replace(/^(.).*@/, "$1…@"),
});

/** `SELECT word, place FROM orders, LATERAL TABLE(words(note)) AS t (word, place)` */
const words = tableFunction({
  name: "words",
  arguments: ["STRING"],
  returns: "ROW<word STRING, place INT>",
  *evaluate(text) {
    for (const [index, word] of (text?.match(/\p{L}+/gu) ?? []).entries()) yield [word, index + 1];
  },
});

/** `SELECT weighted_average(price, quantity) FROM orders GROUP BY product` */
const weightedAverage = aggregateFunction({
  name: "weighted_average",
  arguments: ["DOUBLE NOT NULL", "INT NOT NULL"],
  returns: "DOUBLE",
  create: () => ({ sum: 0, weight: 0 }),
  accumulate: ({ sum, weight }, value, by) => ({ sum: sum + value * by, weight: weight + by }),
  retract: ({ sum, weight }, value, by) => ({ sum: sum - value * by, weight: weight - by }),
  merge: (one, other) => ({ sum: one.sum + other.sum, weight: one.weight + other.weight }),
  value: ({ sum, weight }) => (weight === 0 ? null : sum / weight),
});

export const orderFunctions: readonly UserFunction[] = [maskEmail, words, weightedAverage];
