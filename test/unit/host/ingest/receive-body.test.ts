/** Bodies as they are sent; packed ones are in test/workerd/receive-body.test.ts, on the platform. */
import { expect, test } from "vitest";
import { receiveBody } from "../../../../src/host/ingest/receive-body.ts";

const limit = 1000;

function requestOf(body: BodyInit | ReadableStream, headers: Record<string, string> = {}): Request {
  return new Request("http://millrace.test/", {
    method: "POST",
    body,
    headers,
    duplex: "half",
  } as RequestInit);
}

/** A source that notes how much was taken from it. */
function sourceOf(
  chunks: number,
  chunk: Uint8Array<ArrayBuffer>,
): { stream: ReadableStream; taken: () => number } {
  let taken = 0;
  const stream = new ReadableStream({
    pull(controller) {
      if (taken === chunks) controller.close();
      else controller.enqueue(chunk);
      taken = Math.min(chunks, taken + 1);
    },
  });
  return { stream, taken: () => taken };
}

test("a body comes as it was sent, whole or in chunks", async () => {
  expect(await receiveBody(requestOf("abc"), limit)).toEqual(new TextEncoder().encode("abc"));
  const { stream } = sourceOf(3, new Uint8Array([1, 2]));
  expect(await receiveBody(requestOf(stream), limit)).toEqual(new Uint8Array([1, 2, 1, 2, 1, 2]));
  expect(await receiveBody(new Request("http://millrace.test/"), limit)).toEqual(new Uint8Array(0));
});

test("a claimed length over the limit is refused before a byte is read", async () => {
  const request = requestOf("abc", { "content-length": "1001" });
  await expect(receiveBody(request, limit)).rejects.toMatchObject({ code: "BODY_TOO_LARGE" });
});

test("a body without a claimed length is refused where it passes the limit", async () => {
  const { stream, taken } = sourceOf(1000, new Uint8Array(100));
  await expect(receiveBody(requestOf(stream), limit)).rejects.toMatchObject({ code: "BODY_TOO_LARGE" });
  expect(taken()).toBeLessThan(20);
});
