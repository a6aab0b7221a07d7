/**
 * The disk service's answers as the blob port's: none is taken for something else.
 */
import { expect, test } from "vitest";
import { DiskBlobs, type DiskFolder } from "../../../src/cloudflare/disk-blobs.ts";

/** A folder in memory behind the interface of workerd's disk service. */
class FakeDisk implements DiskFolder {
  readonly files = new Map<string, Uint8Array>();
  readonly asked: string[] = [];
  status: number | undefined;

  async fetch(url: string, { method, body }: { method: string; body?: Uint8Array }): Promise<Response> {
    const path = new URL(url).pathname;
    this.asked.push(`${method} ${path}`);
    if (this.status !== undefined) return new Response("no", { status: this.status });
    const found = this.files.get(path);
    if (method === "PUT" && body) this.files.set(path, body.slice());
    if (method === "DELETE") this.files.delete(path);
    if (method === "GET" && found) return new Response(found.slice());
    return new Response(null, { status: method === "PUT" || found ? 204 : 404 });
  }
}

test("what is put is there until it is deleted, and deleting it again does no harm", async () => {
  const disk = new FakeDisk();
  const blobs = new DiskBlobs(disk);
  expect(await blobs.get("a/b")).toBeUndefined();
  await blobs.put("a/b", new Uint8Array([1, 2]));
  expect(await blobs.get("a/b")).toEqual(new Uint8Array([1, 2]));
  await blobs.put("a/b", new Uint8Array([3]));
  expect(await blobs.get("a/b")).toEqual(new Uint8Array([3]));
  const names = ["a/b", ...Array.from({ length: 40 }, (_, part) => `a/${part}`)];
  await blobs.delete(names);
  expect(await blobs.get("a/b")).toBeUndefined();
  expect(disk.asked.filter((asked) => asked.startsWith("DELETE"))).toHaveLength(41);
});

test.each([403, 405, 500])("%d is a store that cannot be used, whatever was asked", async (status) => {
  const disk = new FakeDisk();
  const blobs = new DiskBlobs(disk);
  disk.status = status;
  const message = new RegExp(`the disk service answered (PUT|GET|DELETE) a/b with ${status}`);
  await expect(blobs.put("a/b", new Uint8Array(1))).rejects.toThrow(message);
  await expect(blobs.get("a/b")).rejects.toThrow(message);
  await expect(blobs.delete(["a/b"])).rejects.toThrow(message);
  disk.status = 404;
  await expect(blobs.put("a/b", new Uint8Array(1))).rejects.toThrow("with 404");
});
