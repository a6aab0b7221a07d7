/**
 * Functions of each kind. To have them, list them in functions/registered.ts, deploy, and say
 *
 *   CREATE FUNCTION mask AS 'mask_email';
 *   CREATE FUNCTION words AS 'words';
 *   CREATE FUNCTION weighted_average AS 'weighted_average';
 *   CREATE FUNCTION changes AS 'changes';
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

/**
 * `SELECT changes(status) FROM orders GROUP BY product`: how often a value is not the one before it. Without
 * `merge`, it is not for HOP, CUMULATE and SESSION windows.
 */
const changes = aggregateFunction({
  name: "changes",
  arguments: ["STRING NOT NULL"],
  returns: "INT NOT NULL",
  create: () => ({ last: "", values: 0, changes: 0 }),
  accumulate: ({ last, values, changes }, value) => {
    return { last: value, values: values + 1, changes: changes + (values > 0 && value !== last ? 1 : 0) };
  },
  value: ({ changes }) => changes,
});

export const orderFunctions: readonly UserFunction[] = [maskEmail, words, weightedAverage, changes];
