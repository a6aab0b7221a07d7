/** A `.wasm` file that a Worker imports is a compiled module; `load-kernel.ts` says so in its type. */
declare module "*.wasm";
