/**
 * What can happen to a log: appends with retries, reorders and strangers, marks, trims, clocks, restarts and
 * crashes.
 *
 * Sequences lie close together and now and then leap, so that pairs meet again, within the 64 and beyond.
 */
import fc from "fast-check";
import {
  type ChannelLink,
  maxWatermark,
  type ProducerPart,
  RecordKind,
} from "../../src/engine/log/records.ts";

/** A channel that leads here only when another one has said so. */
export const channelFromElsewhere = "elsewhere";

/** Channels by which the barriers of these commands come. */
export const barrierChannels = 2;

export interface Offer {
  readonly tokenId: string;
  readonly producer: ProducerPart | undefined;
  /** Set on what comes by a channel, which names no producer. */
  readonly link: ChannelLink | undefined;
  readonly patienceMs: number;
  readonly isMapStale: boolean;
  readonly watermark: bigint;
  readonly rows: number;
  readonly rejected: number;
  readonly body: Uint8Array;
}

/** Before which statement of its turn the process dies, or before the turn is durable. */
type Crash = number | "before commit" | undefined;

export type LogCommand = { readonly crash?: Crash } & (
  | { readonly type: "append"; readonly offers: readonly Offer[] }
  | { readonly type: "watermark"; readonly isTick: boolean; readonly watermark: bigint }
  | { readonly type: "idle" }
  | { readonly type: "trim"; readonly needed: number; readonly timeMs: number; readonly bytesMax: number }
  | { readonly type: "clock"; readonly ms: number }
  | { readonly type: "restart" }
);

const crash: fc.Arbitrary<Crash> = fc.oneof(
  { arbitrary: fc.constant(undefined), weight: 6 },
  { arbitrary: fc.integer({ min: 0, max: 2 }), weight: 1 },
  { arbitrary: fc.constant("before commit" as const), weight: 1 },
);

const sequence = fc.oneof(
  { arbitrary: fc.integer({ min: 0, max: 4 }), weight: 4 },
  { arbitrary: fc.integer({ min: 60, max: 70 }), weight: 2 },
  { arbitrary: fc.integer({ min: 0, max: 200 }), weight: 1 },
);

const producer: fc.Arbitrary<ProducerPart> = fc.record({
  producer: fc.constantFrom("p", "q", "ü"),
  sequence,
  part: fc.constantFrom(0, 0, 0, 1),
  checksum: fc.constantFrom(1n, 1n, 1n, 2n),
});

const place = fc.record({ offset: fc.integer({ min: 0, max: 5 }), part: fc.constantFrom(0, 0, 1) });

const travelingKinds = Object.values(RecordKind).filter((kind) => kind < RecordKind.Map);

const link: fc.Arbitrary<ChannelLink> = fc.record({
  channel: fc.constantFrom("c", "c", "d", channelFromElsewhere),
  previous: place,
  sequence: place,
  kind: fc.constantFrom(...travelingKinds, RecordKind.Frame, RecordKind.Frame),
  watermark: fc.bigInt({ min: -50n, max: 50n }),
});

const sender = fc.oneof(
  { arbitrary: fc.record({ producer, link: fc.constant(undefined) }), weight: 5 },
  { arbitrary: fc.record({ producer: fc.constant(undefined), link }), weight: 4 },
  { arbitrary: fc.constant({ producer: undefined, link: undefined }), weight: 1 },
);

const offered = fc.record({
  tokenId: fc.constantFrom("a", "a", "b"),
  patienceMs: fc.constantFrom(10, 10, 10, 10, 0, -1),
  isMapStale: fc.constantFrom(false, false, false, false, false, true),
  watermark: fc.bigInt({ min: -50n, max: 50n }),
  rows: fc.integer({ min: 0, max: 9 }),
  rejected: fc.integer({ min: 0, max: 2 }),
  body: fc.uint8Array({ maxLength: 8 }),
});

const offer: fc.Arbitrary<Offer> = fc.tuple(offered, sender).map(([rest, from]) => ({ ...rest, ...from }));

const command: fc.Arbitrary<LogCommand> = fc.oneof(
  {
    arbitrary: fc.record({
      type: fc.constant("append" as const),
      offers: fc.array(offer, { minLength: 1, maxLength: 5 }),
      crash,
    }),
    weight: 12,
  },
  {
    arbitrary: fc.record({
      type: fc.constant("watermark" as const),
      isTick: fc.boolean(),
      watermark: fc.oneof(
        { arbitrary: fc.bigInt({ min: -50n, max: 100n }), weight: 9 },
        { arbitrary: fc.constant(maxWatermark), weight: 1 },
      ),
      crash,
    }),
    weight: 2,
  },
  { arbitrary: fc.record({ type: fc.constant("idle" as const), crash }), weight: 1 },
  {
    arbitrary: fc.record({
      type: fc.constant("trim" as const),
      needed: fc.integer({ min: 0, max: 12 }),
      timeMs: fc.constantFrom(0, 50, 1_000),
      bytesMax: fc.constantFrom(0, 400, 1_000, 1_000_000),
      crash,
    }),
    weight: 2,
  },
  {
    arbitrary: fc.record({ type: fc.constant("clock" as const), ms: fc.integer({ min: -20, max: 60 }) }),
    weight: 2,
  },
  { arbitrary: fc.constant({ type: "restart" as const }), weight: 1 },
);

export const logCommandsArbitrary = fc.array(command, { maxLength: 40, size: "max" });
