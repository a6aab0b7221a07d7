/**
 * A regular expression of Java: found, counted, replaced and split by as Java does.
 */
import type { SqlValue } from "../../values/sql-value.ts";
import { translateJavaPattern } from "./translate-java-pattern.ts";

export interface JavaMatch {
  /** In UTF-16 units. */
  readonly index: number;
  /** What each group has matched, the whole as group 0; null where it took no part. */
  readonly groups: readonly (string | null)[];
}

export class JavaPattern {
  readonly source: string;
  readonly groupCount: number;
  readonly #part: RegExp;
  readonly #whole: RegExp;

  /** Throws a SyntaxError where `source` is no regular expression. */
  constructor(source: string) {
    const translated = translateJavaPattern(source);
    this.source = source;
    this.groupCount = translated.groupCount;
    this.#part = new RegExp(translated.source, "gv");
    this.#whole = new RegExp(`^(?:${translated.source})$`, "v");
  }

  /** True where all of `text` matches. */
  matches(text: string): boolean {
    return this.#whole.test(text);
  }

  /** Where the first match begins, in UTF-16 units; -1 where there is none. */
  indexIn(text: string): number {
    return text.search(this.#part);
  }

  /** The first match. */
  find(text: string): JavaMatch | undefined {
    for (const match of this.findAll(text)) return match;
    return undefined;
  }

  /** From left to right; a match begins where the one before it ends, or behind. */
  *findAll(text: string): Generator<JavaMatch> {
    for (const match of text.matchAll(this.#part)) {
      const groups: (string | null)[] = [match[0]];
      for (let number = 1; number <= this.groupCount; number++) {
        groups.push(match.groups?.[`g${number}`] ?? null);
      }
      yield { index: match.index, groups };
    }
  }

  replaceAll(text: string, replacement: () => string): string {
    return text.replace(this.#part, replacement);
  }

  /** At most `limit` parts; without one, none at the end that is empty. */
  split(text: string, limit = Number.POSITIVE_INFINITY): string[] {
    const parts: string[] = [];
    let from = 0;
    for (const { index, groups } of this.findAll(text)) {
      if (parts.length >= limit - 1) break;
      const end = index + (groups[0]?.length ?? 0);
      if (end === 0) continue;
      parts.push(text.slice(from, index));
      from = end;
    }
    if (from === 0) return [text];
    parts.push(text.slice(from));
    if (limit === Number.POSITIVE_INFINITY) while (parts.at(-1) === "") parts.pop();
    return parts;
  }
}

/** Returns the pattern; undefined where `source` is no regular expression. */
export function compileJavaPattern(source: string): JavaPattern | undefined {
  try {
    return new JavaPattern(source);
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
}

/** Returns what compiles patterns: `constant` once, others when they are not the one before. */
export function constantPattern(
  constant: SqlValue | undefined,
): (source: SqlValue | undefined) => JavaPattern | undefined {
  let known = typeof constant === "string" ? constant : "";
  let compiled = compileJavaPattern(known);
  return (source) => {
    if (source !== known) {
      known = source as string;
      compiled = compileJavaPattern(known);
    }
    return compiled;
  };
}
