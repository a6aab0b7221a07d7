/**
 * Whether statements that are being typed are complete: a semicolon ends them, outside of quotes, comments
 * and statement sets.
 */

/** Texts, quoted names and comments. */
const aside = /'[^']*'|`[^`]*`|"[^"]*"|\/\*.*?\*\/|(?:--|\/\/)[^\n]*/gs;

/** True where nothing is left open behind the last semicolon. */
export function isComplete(text: string): boolean {
  const bare = withoutAsides(text);
  if (/['`"]|\/\*/.test(bare) || !/;\s*$/.test(bare)) return false;
  const count = (word: RegExp) => bare.match(word)?.length ?? 0;
  return count(/\bEND\b/gi) - count(/\bCASE\b/gi) >= count(/\bBEGIN\b/gi);
}

/** True where there is nothing to run: spaces, comments, semicolons. */
export function isBlank(text: string): boolean {
  return /^[\s;]*$/.test(withoutAsides(text));
}

/** A comment is a space; what was quoted is a letter. */
function withoutAsides(text: string): string {
  return text.replaceAll(aside, (found) => (/^['`"]/.test(found) ? "x" : " "));
}
