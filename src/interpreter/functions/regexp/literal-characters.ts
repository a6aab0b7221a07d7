/**
 * Characters of a regular expression that stand for themselves.
 */

/** What is between `\Q` and `\E`, or the end, stands for itself. */
export function withoutQuotes(pattern: string): string {
  return pattern.replaceAll(/\\Q(.*?)(?:\\E|$)|\\./gs, (whole, quoted: string | undefined) =>
    quoted === undefined ? whole : quoted.replaceAll(/[^A-Za-z0-9]/gu, (each) => `\\${each}`),
  );
}

/** A character that stands for itself, within classes too. */
export function literal(character: string): string {
  const isPlain = /^[A-Za-z0-9]$/.test(character) || character > "\x7f";
  return isPlain ? character : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
