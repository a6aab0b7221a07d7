/**
 * What the kernel asks of its host, synchronously and rarely. `src/kernel/kernel-exports.ts` says what each
 * promises.
 */

@external("host", "pageAcquire")
export declare function pageAcquire(bytes: u32): usize;

@external("host", "pageRelease")
export declare function pageRelease(pointer: usize): void;

@external("host", "pageFault")
export declare function pageFault(table: u32, hash: u64): usize;

@external("host", "sliceOpen")
export declare function sliceOpen(slices: u32, start: i64): usize;
