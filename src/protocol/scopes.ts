/**
 * Scopes: what the bearer of a token may do.
 *
 *     admin            everything
 *     ingest:clicks    append events to the stream clicks
 *     query:totals     read the view totals, or the rows of the stream of that name
 *     metrics          read the metrics, and nothing else
 *
 * A name may end in `*`, which stands for any rest: `query:sales_*`, `ingest:*`. Nothing but `admin` implies
 * another scope: who may append to a stream may not read it.
 */

/** One scope of a token, or one that a caller needs: then its name is a whole one. */
export type Scope = "admin" | "metrics" | `${"ingest" | "query"}:${string}`;

const scopePattern = /^(?:admin|metrics|(?:ingest|query):(?=.)[A-Za-z0-9_.-]{0,128}\*?)$/;

/** Says whether a text is a scope that a token may have. */
export function isScope(text: string): text is Scope {
  return scopePattern.test(text);
}

/** Decides whether who has the scopes `granted` may do what needs `needed`. */
export function isGranted(granted: readonly Scope[], needed: Scope): boolean {
  return granted.some((scope) => {
    if (scope === "admin" || scope === needed) return true;
    return scope.endsWith("*") && needed.startsWith(scope.slice(0, -1));
  });
}
