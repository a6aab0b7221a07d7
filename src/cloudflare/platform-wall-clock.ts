/**
 * The platform's time and timers.
 */
import type { WallClock } from "../host/wall-clock.ts";
import { PlatformClock } from "./object-storage.ts";

export class PlatformWallClock extends PlatformClock implements WallClock {
  after(ms: number, run: () => void): () => void {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  }
}
