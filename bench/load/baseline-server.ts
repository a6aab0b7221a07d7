/**
 * The Workers of `workers/stores.ts` in plain workerd.
 */
import { type RunningWorkerd, startWorkerd } from "../harness/workerd.ts";

export function startBaselines(): Promise<RunningWorkerd> {
  return startWorkerd({
    entry: "bench/load/workers/stores.ts",
    objects: { EMPTY: "EmptyObject", STORE: "FrameStore", ROWS: "RowStore" },
  });
}

export async function putFrames(
  { url }: RunningWorkerd,
  frames: readonly { readonly shard: number; readonly bytes: Uint8Array }[],
): Promise<void> {
  for (const { shard, bytes } of frames) {
    const response = await fetch(`${url}/frames/${shard}`, { method: "PUT", body: new Uint8Array(bytes) });
    if (!response.ok) throw new Error(`the baseline did not take its frame: ${response.status}`);
  }
}
