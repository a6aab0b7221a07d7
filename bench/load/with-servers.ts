/**
 * Starts what a bench under load needs, and stops all of it however the bench ends.
 */
import type { RunningWorkerd } from "../harness/workerd.ts";
import { startBaselines } from "./baseline-server.ts";
import { LoadGenerator } from "./load-generator.ts";
import { MillraceServer } from "./millrace-server.ts";

export interface Servers {
  readonly load: LoadGenerator;
  readonly baseline: RunningWorkerd;
  readonly server: MillraceServer;
}

export async function withServers<Result>(
  shards: number,
  use: (servers: Servers) => Promise<Result>,
): Promise<Result> {
  await using stack = new AsyncDisposableStack();
  const baseline = await startBaselines();
  stack.defer(() => baseline.stop());
  const server = await MillraceServer.start(shards);
  stack.defer(() => server.workerd.stop());
  const load = new LoadGenerator();
  stack.defer(() => load.stop());
  return await use({ load, baseline, server });
}
