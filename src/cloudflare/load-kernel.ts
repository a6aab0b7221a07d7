/**
 * The kernel's compiled module, as the bundler hands it over: compiled once per isolate, before the first
 * request.
 */
/// <reference path="./wasm.d.ts" />
import compiled from "../../build/kernel.wasm";

export const kernelModule: WebAssembly.Module = compiled;
