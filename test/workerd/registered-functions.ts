/** What tests inside workerd have in the place of functions/registered.ts. */
import { orderFunctions } from "../../examples/functions/order-functions.ts";
import { scalarFunction } from "../../src/interpreter/user-functions.ts";

/** A function that tests have a deployment without. */
const doubled = scalarFunction({
  name: "doubled",
  arguments: ["INT"],
  returns: "INT",
  evaluate: (value) => (value === null ? null : 2 * value),
});

export const registered = [...orderFunctions, doubled];
