/**
 * Golden files: what statements are answered, for people to read.
 *
 * A file `x.sql` holds cases, an empty line between them: a line `-- title`, then statements, of which the
 * last one's answer counts. All see the tables of `catalog.sql`, none what another did. `x.txt` beside it has
 * the answers. `npm run test:golden -- --update` writes them anew; the review is the diff.
 */
import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { MemoryCatalog } from "./memory-catalog.ts";

interface Case {
  readonly title: string;
  readonly sql: string;
}

const at = (path: string) => new URL(path, import.meta.url);

function filesOf(folder: string): string[] {
  return readdirSync(at(folder))
    .filter((name) => name.endsWith(".sql"))
    .map((name) => `${folder}/${name.slice(0, -4)}`);
}

function casesOf(file: string): Case[] {
  const text = readFileSync(at(`${file}.sql`), "utf8");
  return text
    .trim()
    .split(/\n{2,}/)
    .map((block) => {
      const [, title = "", sql = ""] = /^-- (.+)\n([^]+)$/.exec(block) ?? [];
      return { title, sql };
    });
}

const catalog = new MemoryCatalog();

async function answersTo(cases: readonly Case[]): Promise<string> {
  const parts: string[] = [];
  for (const { title, sql } of cases) {
    const told = await catalog.copy().told(sql);
    parts.push(`-- ${title}\n${sql}\n\n${told}\n`);
  }
  return parts.join("\n\n");
}

beforeAll(async () => {
  await catalog.run(readFileSync(at("catalog.sql"), "utf8"));
});

describe.each(["plans", "statements", "errors"])("%s", (folder) => {
  test.each(filesOf(folder))("%s are as they were", async (file) => {
    await expect(await answersTo(casesOf(file))).toMatchFileSnapshot(at(`${file}.txt`).pathname);
  });

  test("all have a title of their own", () => {
    const titles = filesOf(folder).flatMap((file) => casesOf(file).map(({ title }) => title));
    expect(titles).not.toContain("");
    expect(titles.filter((title, index) => titles.indexOf(title) < index)).toEqual([]);
  });
});

test("a statement of errors/ is refused, and no other is", async () => {
  for (const [folder, isRefused] of [["plans", false], ["statements", false], ["errors", true]] as const) {
    for (const { title, sql } of filesOf(folder).flatMap(casesOf)) {
      const told = await catalog.copy().told(sql);
      expect(/^[A-Z]+(?:_[A-Z]+)+: /.test(told), title).toBe(isRefused);
    }
  }
});
