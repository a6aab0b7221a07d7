/**
 * Characters of text as SQL counts them: code points. JavaScript counts UTF-16 units, of which a code point
 * beyond the first plane has two; text without those takes the fast way.
 */
const pair = /[\ud800-\udbff][\udc00-\udfff]/;

/** Returns how many characters `text` has. */
export function countCharacters(text: string): number {
  if (!pair.test(text)) return text.length;
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** Returns the characters from place `from`, counted from 0, up to `to`, which may lie beyond the end. */
export function sliceCharacters(text: string, from: number, to: number): string {
  if (!pair.test(text)) return text.slice(from, to);
  return [...text].slice(from, to).join("");
}

/** Returns the place of `sought` at or behind the place `from`, or -1. Empty text is at 0. */
export function indexOfCharacters(text: string, sought: string, from: number): number {
  if (sought === "") return 0;
  if (!pair.test(text)) return from > text.length ? -1 : text.indexOf(sought, from);
  const skipped = sliceCharacters(text, 0, Math.max(0, from)).length;
  const index = text.indexOf(sought, skipped);
  return index < 0 ? -1 : countCharacters(text.slice(0, index));
}

/** The characters in reverse order. */
export function reverseCharacters(text: string): string {
  return [...text].reverse().join("");
}
