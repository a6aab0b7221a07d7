/** What tests inside workerd have in the place of functions/registered.ts. */
import { orderFunctions } from "../../examples/functions/order-functions.ts";

export const registered = orderFunctions;
