/**
 * The kernel as it is deployed.
 */
import { readFileSync } from "node:fs";
import { repositoryRoot } from "../harness/machine.ts";

export function readKernelModule(): WebAssembly.Module {
  return new WebAssembly.Module(readFileSync(`${repositoryRoot}/build/kernel.wasm`));
}
