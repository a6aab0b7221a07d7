/**
 * All benches, in the order in which they run without a name.
 */
import { flightsTumble } from "./engine/flights-tumble.ts";
import { ndjsonTumble } from "./engine/ndjson-tumble.ts";
import { recovery } from "./engine/recovery.ts";
import { sliding } from "./engine/sliding.ts";
import { spill } from "./engine/spill.ts";
import { sqlTumble } from "./engine/sql-tumble.ts";
import { wideRecords } from "./engine/wide-records.ts";
import type { Bench } from "./harness/bench.ts";
import { kernels } from "./kernels/kernels.ts";
import { checkpoint } from "./load/checkpoint.ts";
import { exchange } from "./load/exchange.ts";
import { exchangeLatency } from "./load/exchange-latency.ts";
import { ingest } from "./load/ingest.ts";
import { readYourWrite } from "./load/read-your-write.ts";
import { savepoint } from "./load/savepoint.ts";
import { smallRequests } from "./load/small-requests.ts";
import { split } from "./load/split.ts";
import { sqlFirstRow } from "./load/sql-first-row.ts";
import { subscriptions } from "./load/subscriptions.ts";

export const benches: readonly Bench[] = [
  kernels,
  ndjsonTumble,
  sqlTumble,
  wideRecords,
  flightsTumble,
  ingest,
  smallRequests,
  readYourWrite,
  checkpoint,
  exchange,
  exchangeLatency,
  savepoint,
  split,
  sqlFirstRow,
  subscriptions,
  spill,
  recovery,
  sliding,
];
