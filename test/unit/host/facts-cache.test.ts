import { expect, test } from "vitest";
import { FactsCache } from "../../../src/host/facts-cache.ts";

function asking(answers: Record<string, object | undefined>) {
  const asked: string[] = [];
  const ask = async (name: string) => {
    asked.push(name);
    const value = answers[name];
    return value
      ? ({ ok: true, value } as const)
      : ({ ok: false, error: { code: "STREAM_NOT_FOUND", status: 404, message: "", help: "" } } as const);
  };
  return { ask, asked };
}

test("what is known is not asked for again, what is not there is", async () => {
  const cache = new FactsCache<object>(10);
  const { ask, asked } = asking({ a: { version: 1 } });
  await cache.get("a", ask);
  await cache.get("a", ask);
  await cache.get("b", ask);
  expect(await cache.get("b", ask)).toMatchObject({ ok: false });
  expect(asked).toEqual(["a", "b", "b"]);
});

test("newer facts are asked for once: later finders of the old ones get what was learned", async () => {
  const cache = new FactsCache<object>(10);
  const old = { version: 1 };
  await cache.get("a", asking({ a: old }).ask);
  const { ask, asked } = asking({ a: { version: 2 } });
  expect(await cache.newer("a", old, ask)).toEqual({ ok: true, value: { version: 2 } });
  expect(await cache.newer("a", old, ask)).toEqual({ ok: true, value: { version: 2 } });
  expect(asked).toEqual(["a"]);
});

test("a name that is gone is forgotten", async () => {
  const cache = new FactsCache<object>(10);
  const old = { version: 1 };
  await cache.get("a", asking({ a: old }).ask);
  expect(await cache.newer("a", old, asking({}).ask)).toMatchObject({ ok: false });
  expect(cache.known("a")).toBeUndefined();
});

test("only so many names are kept", async () => {
  const cache = new FactsCache<object>(2);
  const { ask } = asking({ a: {}, b: {}, c: {} });
  for (const name of ["a", "b", "c"]) await cache.get(name, ask);
  expect(["a", "b", "c"].map((name) => cache.known(name) !== undefined)).toEqual([false, true, true]);
});
