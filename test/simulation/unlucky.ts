/**
 * A function of SQL that fails at some rows: whoever runs such a query has it go on without them, one by one.
 */
import { scalarFunction, UserFunctions } from "../../src/interpreter/user-functions.ts";

const unluckyAmount = 13;

/** As every process of a life has it deployed. */
export const lifeFunctions = new UserFunctions([
  scalarFunction({
    name: "lucky",
    arguments: ["INT"],
    returns: "INT",
    evaluate: (amount: number | null) => {
      if (amount === unluckyAmount) throw new Error("it brings bad luck");
      return amount;
    },
  }),
]);

export const createFunctions = "CREATE FUNCTION IF NOT EXISTS lucky AS 'lucky'";

const columnsWith = (amount: string) => `\`time\`, \`user\`, id, ${amount} AS amount, item`;

/** The stream with a column that fails at some of its rows. */
export const failingTable = `(SELECT ${columnsWith("lucky(amount)")} FROM events)`;

const isLucky = `amount IS NULL OR amount <> ${unluckyAmount}`;

/** The same without these rows. */
export const tableWithoutFailing = `(SELECT ${columnsWith("amount")} FROM events WHERE ${isLucky})`;
