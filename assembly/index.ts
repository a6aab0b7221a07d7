import { ABI_VERSION } from "./abi";

/** The version of the numbers both sides share; the host refuses a kernel with another one. */
export function abiVersion(): u32 {
  return ABI_VERSION;
}
