/**
 * What Flink's own parser tests accept and refuse: `shared/conformance/parser.json`, which is not part of the
 * product. A valid statement is parsed, and comes back from its text as the same tree, or is refused as not
 * supported by name; an invalid one is refused.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { EngineError } from "../../src/base/errors.ts";
import { formatExpression } from "../../src/sql/parse/format-query.ts";
import { formatStatement } from "../../src/sql/parse/format-statement.ts";
import { parseExpressionText, parseStatements } from "../../src/sql/parse/parse-statements.ts";
import { withoutPlaces } from "../support/without-places.ts";

const path = fileURLToPath(new URL("../../../shared/conformance/parser.json", import.meta.url));

interface ParserCase {
  readonly kind: "sql" | "expr";
  readonly sql: string;
  readonly ok?: string;
}

const cases: readonly ParserCase[] = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : [];

function parse({ kind }: ParserCase, text: string): unknown {
  return kind === "expr" ? parseExpressionText(text) : parseStatements(text);
}

/** The code of the error with which a text is refused; undefined where it is not. */
function refusal(each: ParserCase, text: string): string | undefined {
  try {
    parse(each, text);
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    return thrown.code;
  }
}

function textOf(each: ParserCase): string {
  if (each.kind === "expr") return formatExpression(parseExpressionText(each.sql));
  return parseStatements(each.sql).map(formatStatement).join(";\n");
}

describe.skipIf(cases.length === 0)("Flink's parser", () => {
  const valid = cases.filter(({ ok }) => ok !== undefined);
  const invalid = cases.filter(({ ok }) => ok === undefined);
  const supported = valid.filter((each) => refusal(each, each.sql) !== "SQL_NOT_SUPPORTED");

  test("accepts what is accepted here, or refused by name", () => {
    const wrong = supported.filter((each) => refusal(each, each.sql) !== undefined).map(({ sql }) => sql);
    expect(wrong).toEqual([]);
    expect(supported.length).toBeGreaterThan(240);
  });

  test("refuses what is refused here", () => {
    const wrong = invalid.filter((each) => refusal(each, each.sql.replaceAll("^", "")) === undefined);
    expect(wrong.map(({ sql }) => sql)).toEqual([]);
    expect(invalid.length).toBeGreaterThan(60);
  });

  test("has nothing that comes back as another tree from its text", () => {
    for (const each of supported) {
      const text = textOf(each);
      expect(withoutPlaces(parse(each, text)), text).toEqual(withoutPlaces(parse(each, each.sql)));
    }
  });
});
