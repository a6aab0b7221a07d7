import { describe, expect, test } from "vitest";
import {
  type AcceptanceFacts,
  decideAcceptance,
  type ProducerFacts,
} from "../../../../src/engine/log/decide-acceptance.ts";
import { type AppendRequest, RecordKind } from "../../../../src/engine/log/records.ts";
import { requestOf, sequenceOf, shardFacts } from "../../../support/stub-frames.ts";

const unknown: ProducerFacts = {
  ...{ highest: undefined, listed: undefined, hasRoom: true, isRegistered: true, writtenAt: undefined },
};
const at100: ProducerFacts = { ...unknown, highest: 100 };
const listed: ProducerFacts = { ...at100, listed: { checksum: 1n, offset: 40 } };

const shard: AcceptanceFacts = {
  ...shardFacts,
  mapVersionMin: shardFacts.mapVersion,
  isEnded: false,
  now: 1_000,
  producer: unknown,
  channel: undefined,
};

function decided(request: AppendRequest, facts: Partial<AcceptanceFacts>): string {
  const acceptance = decideAcceptance(request, { ...shard, ...facts });
  switch (acceptance.decision) {
    case "Log":
      return "Log";
    case "Acknowledge":
      return `Acknowledge ${acceptance.offset}`;
    case "Refuse":
      return acceptance.code;
  }
}

const late = { deadline: 999 };
const channel = { last: { offset: 7, part: 2 }, isBarred: false, offset: 90 };
const barred = { ...channel, isBarred: true };

/** A message of the channel `c`, from `previous` to `sequence`, each as [offset, part]. */
function linkOf(previous: [number, number], sequence: [number, number]): AppendRequest {
  const [before, at] = [previous, sequence].map(([offset, part]) => ({ offset, part }));
  const link = { channel: "c", kind: RecordKind.Frame, watermark: 0n };
  return requestOf({
    link: { ...link, sequence: at ?? channel.last, previous: before ?? channel.last },
    ...late,
  });
}

const inTime = { deadline: 1_000 };

describe("one request is decided by", () => {
  const table: [string, AppendRequest, Partial<AcceptanceFacts>, string][] = [
    ["no producer", requestOf(), { producer: undefined }, "Log"],
    ["an unknown producer", sequenceOf(5), { producer: unknown }, "Log"],
    [
      "an unknown producer without room",
      sequenceOf(5),
      { producer: { ...unknown, hasRoom: false } },
      "PRODUCERS_TOO_MANY",
    ],
    ["a known producer without room", sequenceOf(101), { producer: { ...at100, hasRoom: false } }, "Log"],
    ["the next sequence", sequenceOf(101), { producer: at100 }, "Log"],
    ["a gap", sequenceOf(500), { producer: at100 }, "Log"],
    ["an unlisted sequence below the highest", sequenceOf(99), { producer: at100 }, "Log"],
    ["the oldest known sequence", sequenceOf(37), { producer: at100 }, "Log"],
    ["a sequence 64 below the highest", sequenceOf(36), { producer: at100 }, "PRODUCER_SEQUENCE_TOO_OLD"],
    ["a listed pair", sequenceOf(100), { producer: listed }, "Acknowledge 40"],
    [
      "a listed pair with other bytes",
      sequenceOf(100, { checksum: 2n }),
      { producer: listed },
      "PRODUCER_SEQUENCE_REUSED",
    ],
    ["the deadline's last moment", requestOf(inTime), {}, "Log"],
    ["a deadline that has passed", requestOf(late), {}, "APPEND_EXPIRED"],
    ["a late duplicate", sequenceOf(100, late), { producer: listed }, "APPEND_EXPIRED"],
    ["another generation", requestOf({ generation: 2 }), {}, "MAP_STALE"],
    ["another map version", requestOf({ mapVersion: 8 }), {}, "MAP_STALE"],
    ["another map, late", requestOf({ mapVersion: 8, ...late }), {}, "MAP_STALE"],
    ["an ended stream", requestOf(), { isEnded: true }, "STREAM_ENDED"],
    ["an ended stream, late", requestOf(late), { isEnded: true }, "STREAM_ENDED"],
    ["an ended stream and another map", requestOf({ mapVersion: 8 }), { isEnded: true }, "MAP_STALE"],
    [
      "a duplicate on an ended stream",
      sequenceOf(100),
      { isEnded: true, producer: listed },
      "Acknowledge 40",
    ],
    [
      "a late duplicate on an ended stream",
      sequenceOf(100, late),
      { isEnded: true, producer: listed },
      "Acknowledge 40",
    ],
    [
      "a duplicate under another map on an ended stream",
      sequenceOf(100, { mapVersion: 8 }),
      { isEnded: true, producer: listed },
      "MAP_STALE",
    ],
    [
      "a reused sequence on an ended stream",
      sequenceOf(100, { checksum: 2n }),
      { isEnded: true, producer: listed },
      "STREAM_ENDED",
    ],
    ["a channel's next message", linkOf([7, 2], [8, 0]), { channel }, "Log"],
    ["a message that reaches over known ones", linkOf([6, 0], [7, 3]), { channel }, "Log"],
    ["a channel's last message again", linkOf([7, 1], [7, 2]), { channel }, "Acknowledge 90"],
    ["an older message again", linkOf([1, 0], [2, 9]), { channel }, "Acknowledge 90"],
    ["a message behind a gap", linkOf([7, 3], [8, 0]), { channel }, "CHANNEL_GAP"],
    ["a message behind a barrier that waits", linkOf([7, 2], [8, 0]), { channel: barred }, "CHANNEL_WAITS"],
    ["the barrier again", linkOf([7, 1], [7, 2]), { channel: barred }, "Acknowledge 90"],
    ["a channel that leads elsewhere", linkOf([0, 0], [1, 0]), {}, "MAP_STALE"],
  ];

  test.each(table)("%s", (_, request, facts, expected) => {
    expect(decided(request, facts)).toBe(expected);
  });
});

test("a refusal says what was found and what to do", () => {
  const acceptance = decideAcceptance(sequenceOf(30), { ...shard, producer: at100 });
  expect(acceptance).toMatchObject({
    message:
      'Sequence 30 of producer "p" is older than 37, the oldest that the shard still knows. ' +
      "Whether it was accepted cannot be told; go on from 101.",
    details: { producer: "p", sequence: 30, oldest: 37, highest: 100 },
  });
});
