/**
 * The kernel's exports, one section per folder of `assembly/`. A test holds that list and binary are equal.
 *
 * Pointers, sizes and counts are unsigned 32-bit numbers; 64-bit integers cross as bigint and only off the
 * hot path.
 */
export interface KernelExports {
  readonly memory: WebAssembly.Memory;
  /** Address behind the kernel's static data. */
  heapBase(): number;
  abiVersion(): number;

  // json
  /** Decodes from where the DECODER stands; returns JSON_DONE or what it wants (`assembly/json/abi.ts`). */
  jsonDecode(decoder: number): number;

  // hash
  keysMeasure(
    columns: number,
    columnCount: number,
    rows: number,
    count: number,
    keys: number,
    keyNulls: number,
  ): number;
  keysBuild(
    columns: number,
    columnCount: number,
    rows: number,
    count: number,
    keys: number,
    keyNulls: number,
    heap: number,
  ): void;
  keysHash(keys: number, keyNulls: number, rows: number, count: number, hashes: number): number;
  keysTooLong(keys: number, rows: number, count: number, bytesMax: number, target: number): number;
  hashBytes(pointer: number, bytes: number, seed: bigint): bigint;
  rowsRoute(
    hashes: number,
    rows: number,
    count: number,
    shardByKeyGroup: number,
    shardCount: number,
    starts: number,
    target: number,
  ): void;

  // frame
  frameColumnBound(column: number, rows: number, count: number): number;
  frameScratchBytes(count: number): number;
  frameColumnEncode(
    column: number,
    rows: number,
    count: number,
    scratch: number,
    target: number,
    targetEnd: number,
  ): number;
  frameColumnHeapBytes(section: number, bytes: number, rowCount: number): number;
  frameColumnDecode(section: number, bytes: number, rowCount: number, column: number, heap: number): number;
  frameSeal(start: number, bytes: number): void;
  frameIsSealed(start: number, bytes: number): number;
  /** The largest of the rows' I64 lanes. */
  lanesMaxI64(lanes: number, rows: number, count: number): bigint;

  // table
  /** Address of COUNTERS. */
  tableCounters(): number;
  /**
   * Finds or inserts a cell per row; `table` for all rows, or 0 and `tables` with one TABLE pointer per row.
   */
  tableFind(
    table: number,
    tables: number,
    selection: number,
    count: number,
    keys: number,
    keyNulls: number,
    hashes: number,
    changed: bigint,
    expireBefore: bigint,
    cells: number,
  ): void;
  /** Address of a key's cell, 0 where there is none. Changes nothing, but may load the key's page. */
  tableLookup(table: number, key: number, keyLength: number, keyNulls: number, hash: bigint): number;
  /** Writes u32: what pages in memory that rows touch may take, rows that touch others, bytes of keys. */
  rowsTouch(
    table: number,
    tables: number,
    selection: number,
    count: number,
    hashes: number,
    keys: number,
    touched: number,
  ): void;
  /** Selects the rows of `table` with hashes from `first` to `last`; returns how many. */
  rowsWithin(
    table: number,
    tables: number,
    selection: number,
    count: number,
    hashes: number,
    first: bigint,
    last: bigint,
    target: number,
  ): number;
  /** Address of the page that covers `hash`, 0 where it is not in memory. */
  tablePage(table: number, hash: bigint): number;
  /** Doubles the directory until its depth is at least `depth`. */
  tableDeepen(table: number, depth: number): void;
  /** Merges the page that covers `hash` into `target`; cells keep the later append time of both. */
  tableMergePage(source: number, hash: bigint, target: number): void;
  /** Deletes cells changed before a time, and those outside of a range of hashes; returns how many. */
  tableDeleteCells(
    table: number,
    hash: bigint,
    changedBefore: bigint,
    firstHash: bigint,
    lastHash: bigint,
  ): number;
  /**
   * Adds the rows' values with their weights (0: 1 each) to those of their keys; `changes` and `signed` (0:
   * none) say whose came or went.
   */
  valuesUpdate(
    table: number,
    selection: number,
    count: number,
    keys: number,
    keyNulls: number,
    hashes: number,
    column: number,
    weights: number,
    changes: number,
    signed: number,
  ): void;
  /** The same for values in the order in which they came. */
  arrivalsUpdate(
    arrivals: number,
    places: number,
    selection: number,
    count: number,
    keys: number,
    keyNulls: number,
    hashes: number,
    column: number,
    weights: number,
    orderBase: bigint,
  ): void;
  /** Writes what is behind `skipped` bytes of the first (0) or last (1) value of each row's key. */
  valuesBound(
    table: number,
    selection: number,
    count: number,
    keys: number,
    keyNulls: number,
    hashes: number,
    isLast: number,
    skipped: number,
    column: number,
  ): void;
  /** Removes all values of the rows' keys. */
  valuesClear(
    table: number,
    selection: number,
    count: number,
    keys: number,
    keyNulls: number,
    hashes: number,
  ): void;
  /** Writes an empty page without cells at `page`. */
  pageInitialize(page: number, bytes: number, cellBytes: number, localDepth: number, firstHash: bigint): void;

  // windows
  /** Writes each row's TABLE pointer, the kept and the late rows, and ASSIGNED. */
  slicesAssign(
    slices: number,
    times: number,
    selection: number,
    count: number,
    watermark: bigint,
    lateness: bigint,
    tables: number,
    kept: number,
    late: number,
    assigned: number,
  ): void;
  /** Writes rows whose window `index` has fired and takes late rows; returns their number. */
  slicesSelectFired(
    slices: number,
    times: number,
    selection: number,
    count: number,
    watermark: bigint,
    lateness: bigint,
    index: number,
    ends: number,
    fired: number,
  ): number;
  /** Takes a start out of the map, which has it. */
  slicesRemove(slices: number, start: bigint): void;
  /** Enters a table into the map, which has room and does not hold `start`. */
  slicesPut(slices: number, start: bigint, table: number): void;
  /** Writes the TABLE pointer of each row's start; returns the one table of all rows, or 0. */
  slicesResolve(slices: number, starts: number, selection: number, count: number, tables: number): number;

  // aggregates
  /** Updates an accumulator that lies in the cells. */
  accumulatorUpdate(
    layout: number,
    index: number,
    selection: number,
    count: number,
    cells: number,
    column: number,
    orderBase: bigint,
  ): void;
  /** Updates an accumulator in the pages' heaps; corrects `cells` where pages moved. */
  accumulatorUpdateBytes(
    index: number,
    table: number,
    tables: number,
    selection: number,
    count: number,
    keys: number,
    keyNulls: number,
    hashes: number,
    cells: number,
    column: number,
    orderBase: bigint,
  ): void;
  /** Writes the rows whose cell no earlier row has; returns their number. */
  cellsFirstRows(selection: number, count: number, cells: number, target: number): number;
  /** Writes an accumulator of the rows' cells into a COLUMN; 0 where a sum does not fit. */
  accumulatorGather(
    index: number,
    table: number,
    tables: number,
    selection: number,
    count: number,
    hashes: number,
    cells: number,
    column: number,
  ): number;

  // expressions
  programRun(instructions: number, count: number, registers: number, rows: number): void;
  selectTrue(column: number, selection: number, count: number, rows: number): number;
}

/**
 * What the kernel asks of its host, synchronously and rarely.
 *
 * `pageAcquire` returns a block for a page (it may evict clean pages that the current batch has not touched);
 * `pageRelease` gives one back; `pageFault` brings the page of `table` that covers `hash` into memory,
 * enters it in the table's directory and returns its pointer; `sliceOpen` returns the descriptor of the
 * table of the slice that starts at `start`, creating it where it does not exist. Each may throw: the
 * kernel is then dropped, as after a trap.
 */
export interface KernelImports {
  pageAcquire(bytes: number): number;
  pageRelease(pointer: number): void;
  pageFault(table: number, hash: bigint): number;
  sliceOpen(slices: number, start: bigint): number;
}
