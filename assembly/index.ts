/**
 * The kernel's export list. `src/kernel/kernel-exports.ts` names the same functions; a test holds them equal.
 */
import { ABI_VERSION } from "./abi";

export function abiVersion(): u32 {
  return ABI_VERSION;
}

/** Address behind the kernel's static data: everything above belongs to the host's allocator. */
export function heapBase(): usize {
  return __heap_base;
}

// json
export { jsonDecode } from "./json/decode";

// hash
export { keysBuild, keysHash, keysMeasure, keysTooLong } from "./hash/keys";
export { rowsRoute } from "./hash/routing";
export { hashBytes } from "./hash/xxhash64";

// frame
export { frameColumnDecode, frameColumnHeapBytes } from "./frame/decode";
export { frameColumnBound, frameColumnEncode, frameScratchBytes } from "./frame/encode";
export { frameIsSealed, frameSeal } from "./frame/seal";
export { lanesMaxI64 } from "./frame/newest";

// table
export { tableFind, tableLookup } from "./table/find";
export { rowsTouch, rowsWithin } from "./table/order";
export { pageInitialize } from "./table/page";
export { tableCounters, tableDeepen, tableDeleteCells, tablePage } from "./table/room";
export { arrivalsUpdate, valuesBound, valuesClear, valuesUpdate } from "./table/values";

// windows
export { slicesAssign, slicesPut, slicesRemove, slicesResolve, slicesSelectFired } from "./windows/slices";

// aggregates
export { accumulatorUpdateBytes } from "./aggregates/bytes";
export { accumulatorGather, cellsFirstRows } from "./aggregates/gather";
export { tableMergePage } from "./aggregates/merge";
export { accumulatorUpdate } from "./aggregates/update";

// expressions
export { selectTrue } from "./expressions/logic";
export { programRun } from "./expressions/program";
