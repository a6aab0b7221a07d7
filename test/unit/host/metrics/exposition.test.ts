/** The text of metrics is read back as it was meant, whatever names and values there are. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Exposition } from "../../../../src/host/metrics/exposition.ts";
import { readExposition } from "../../../support/read-exposition.ts";

const metrics = [
  { name: "first_total", type: "counter", help: "Counts\nthings \\ more." },
  { name: "second", type: "gauge", help: "Says how it is." },
] as const;

test("samples of a metric come together, behind its help and type", () => {
  const text = new Exposition(metrics);
  text.add("second", { job: "a" }, 1.5);
  text.add("first_total", {}, 7);
  text.add("second", { job: "b", shard: 2 }, Number.NEGATIVE_INFINITY);
  text.add("second", { job: "c" }, undefined);
  expect(text.text()).toBe(
    [
      "# HELP first_total Counts\\nthings \\\\ more.",
      "# TYPE first_total counter",
      "first_total 7",
      "# HELP second Says how it is.",
      "# TYPE second gauge",
      'second{job="a"} 1.5',
      'second{job="b",shard="2"} -Inf',
      "",
    ].join("\n"),
  );
});

test("without samples there is no text", () => {
  expect(new Exposition(metrics).text()).toBe("");
});

test("labels and values are read back", () => {
  const labels = fc.string({ unit: fc.constantFrom("a", '"', "\\", "\n", "{", "}", ",", "=", " ", "é") });
  const values = fc.double();
  fc.assert(
    fc.property(fc.uniqueArray(labels), values, (names, value) => {
      const text = new Exposition(metrics);
      for (const label of names) text.add("second", { label }, value);
      const read = readExposition(text.text()).get("second")?.samples ?? [];
      const written = Object.is(value, -0) ? 0 : value;
      expect(read).toEqual(names.map((label) => ({ labels: { label }, value: written })));
    }),
  );
});
