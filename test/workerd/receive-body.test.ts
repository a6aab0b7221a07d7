/** Packed bodies, and bombs among them: a decompressor of the platform unpacks all that it is given. */
import { expect, test } from "vitest";
import { receiveBody } from "../../src/host/ingest/receive-body.ts";

const KiB = 1024;
const MiB = 1024 * KiB;

async function pack(chunks: Iterable<Uint8Array>, format: "gzip" | "deflate"): Promise<Uint8Array> {
  const iterator = chunks[Symbol.iterator]();
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      const { done, value } = iterator.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
  const packed = source.pipeThrough(
    new CompressionStream(format) as ReadableWritablePair<Uint8Array, Uint8Array>,
  );
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

/** A request whose body comes in pieces, and how many bytes of it were taken. */
function requestOf(packed: Uint8Array, piece: number, format: "gzip" | "deflate") {
  let taken = 0;
  const body = new ReadableStream({
    pull(controller) {
      if (taken >= packed.length) return controller.close();
      controller.enqueue(packed.slice(taken, taken + piece));
      taken += piece;
    },
  });
  const headers = { "content-encoding": format };
  return { request: new Request("http://localhost/", { method: "POST", body, headers }), taken: () => taken };
}

function* zeros(count: number) {
  for (let index = 0; index < count; index++) yield new Uint8Array(MiB);
}

/** Bytes that pack badly and well by turns. */
function mixed(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = 1;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    if (Math.floor(at / 50_000) % 2 === 0) bytes[at] = state >>> 24;
  }
  return bytes;
}

test.each([100, 4 * KiB, MiB])(
  "a bomb in pieces of %i bytes is refused long before it is unpacked",
  async (piece) => {
    const bomb = await pack(zeros(256), "gzip");
    const { request, taken } = requestOf(bomb, piece, "gzip");
    await expect(receiveBody(request, 16 * MiB)).rejects.toMatchObject({ code: "BODY_TOO_LARGE" });
    if (piece < MiB) expect(taken()).toBeLessThan(bomb.length / 4);
  },
  20_000,
);

test.each([
  ["gzip", 0],
  ["gzip", 1],
  ["deflate", 64 * KiB],
  ["gzip", 128 * KiB],
  ["gzip", 3 * MiB + 17],
  ["deflate", 3 * MiB + 17],
] as const)("what was packed with %s comes out as it was: %i bytes", async (format, length) => {
  const bytes = mixed(length);
  const packed = await pack([bytes], format);
  for (const piece of [packed.length, 1000]) {
    expect(await receiveBody(requestOf(packed, piece, format).request)).toEqual(bytes);
  }
});

test("a body of the largest size that packs well is taken, and one byte more is not", async () => {
  const packed = await pack([...zeros(8)], "gzip");
  expect((await receiveBody(requestOf(packed, 1000, "gzip").request, 8 * MiB)).length).toBe(8 * MiB);
  const { request } = requestOf(packed, 1000, "gzip");
  await expect(receiveBody(request, 8 * MiB - 1)).rejects.toMatchObject({ code: "BODY_TOO_LARGE" });
});

test("packed bytes that end early, or are none, are refused as such", async () => {
  const packed = await pack([mixed(100_000)], "gzip");
  for (const broken of [
    packed.slice(0, -9),
    packed.slice(0, 5),
    packed.slice(1),
    new Uint8Array([1, 2, 3]),
  ]) {
    const { request } = requestOf(broken, 1000, "gzip");
    await expect(receiveBody(request)).rejects.toMatchObject({ code: "BODY_ENCODING_INVALID" });
  }
});
