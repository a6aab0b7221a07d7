/**
 * A task's state in a savepoint: read as it was written, or refused with what is wrong with it.
 */
import { expect, test } from "vitest";
import { readTaskState } from "../../../../src/engine/savepoint/task-state.ts";

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

test("what was written is read, with fields that this release does not know", () => {
  const state = { version: 1, offset: 7, tables: [], parts: 0, later: true };
  expect(readTaskState(bytesOf(JSON.stringify(state)))).toEqual(state);
});

test.each(["", "{", "null", "[]", "7", '{"offset":7}', '{"version":"1"}'])("%j is damaged", (text) => {
  expect(() => readTaskState(bytesOf(text))).toThrow(/A task's state in a savepoint is damaged: it /);
});

test("a later version is not misread", () => {
  expect(() => readTaskState(bytesOf('{"version":2}'))).toThrow(
    expect.objectContaining({ code: "VERSION_UNKNOWN", message: expect.stringContaining("version 2") }),
  );
});
