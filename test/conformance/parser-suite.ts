/**
 * What Flink's parser takes is parsed, or refused as not supported by its name; what it refuses is refused.
 */
import { EngineError } from "../../src/base/errors.ts";
import { formatExpression } from "../../src/sql/parse/format-query.ts";
import { formatStatement } from "../../src/sql/parse/format-statement.ts";
import { parseExpressionText, parseStatements } from "../../src/sql/parse/parse-statements.ts";
import { withoutPlaces } from "../support/without-places.ts";
import { idOf, type Outcome, type Suite } from "./suite.ts";

interface ParserCase {
  readonly kind: "sql" | "expr";
  readonly sql: string;
  /** Flink's text for what it takes. */
  readonly ok?: string;
}

export const parserSuite: Suite = {
  file: "parser.json",
  required: 1,
  read: (content) =>
    (content as readonly ParserCase[]).map((each) => ({
      id: idOf(each.kind, each.sql),
      title: each.sql.replaceAll(/\s+/g, " "),
      run: () => judge(each),
    })),
};

function judge(each: ParserCase): Outcome {
  const isValid = each.ok !== undefined;
  // The place of an error is between two carets.
  const text = isValid ? each.sql : each.sql.replaceAll("^", "");
  try {
    const tree = parse(each, text);
    if (!isValid) return { outcome: "failed", why: "Flink refuses it, and it is taken" };
    const again = parse(each, format(tree));
    const isSame = JSON.stringify(withoutPlaces(again)) === JSON.stringify(withoutPlaces(tree));
    return isSame ? { outcome: "passed" } : { outcome: "failed", why: "its text is another tree" };
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    if (!isValid || thrown.code === "SQL_NOT_SUPPORTED") return { outcome: "passed" };
    return { outcome: "failed", why: thrown.message };
  }
}

type Tree =
  | { readonly expression: ReturnType<typeof parseExpressionText> }
  | { readonly statements: ReturnType<typeof parseStatements> };

function parse({ kind }: ParserCase, text: string): Tree {
  return kind === "expr" ? { expression: parseExpressionText(text) } : { statements: parseStatements(text) };
}

function format(tree: Tree): string {
  if ("expression" in tree) return formatExpression(tree.expression);
  return tree.statements.map(formatStatement).join(";\n");
}
