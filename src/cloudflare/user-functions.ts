/**
 * The functions that people deploy with the worker, as all its objects see them.
 */
import { registered } from "../../functions/registered.ts";
import { UserFunctions } from "../interpreter/user-functions.ts";

export const userFunctions = new UserFunctions(registered);
