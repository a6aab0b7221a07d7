/**
 * Whether a parenthesis opens a query: it may open an expression, or joined tables, as well.
 */
import type { TokenReader } from "./token-reader.ts";

/** What may stand behind a query in parentheses that is part of a longer one. */
const continuing: ReadonlySet<string> = new Set(
  "UNION EXCEPT MINUS INTERSECT ORDER LIMIT OFFSET FETCH )".split(" "),
);

/** True where the parenthesis that comes next opens a query. */
export function isQueryAhead(reader: TokenReader): boolean {
  let inner = 1;
  while (reader.peek(inner).word === "(") inner++;
  const { word } = reader.peek(inner);
  const isTable = word === "TABLE" && reader.peek(inner + 1).word !== "(";
  if (!isTable && !["SELECT", "WITH", "VALUES"].includes(word)) return false;
  return inner === 1 || continuing.has(reader.peek(closing(reader, 1) + 1).word);
}

/** Where the parenthesis that opens at a distance is closed. */
function closing(reader: TokenReader, opens: number): number {
  let at = opens;
  for (let depth = 0; reader.peek(at).kind !== "end"; at++) {
    const { word } = reader.peek(at);
    depth += word === "(" ? 1 : word === ")" ? -1 : 0;
    if (depth === 0) return at;
  }
  return at;
}
