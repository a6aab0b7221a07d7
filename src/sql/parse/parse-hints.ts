/**
 * Hints: the comments that begin with a plus sign.
 */
import type { Hint, HintOption } from "./syntax-tree.ts";
import type { TokenReader } from "./token-reader.ts";

/** Reads all hints in one such comment; none where there is none. */
export function parseHints(reader: TokenReader): Hint[] {
  if (reader.token.kind !== "hint") return [];
  reader.take();
  const hints: Hint[] = [];
  while (!isOver(reader)) {
    const { name } = reader.member();
    const hasOptions = reader.is("(");
    const options = hasOptions ? reader.parenthesized(() => parseOptions(reader)) : [];
    hints.push({ name: name.toUpperCase(), options });
    reader.accept(",");
  }
  reader.take();
  return hints;
}

function isOver({ token }: TokenReader): boolean {
  return token.kind === "hint end";
}

function parseOptions(reader: TokenReader): HintOption[] {
  if (reader.is(")")) return [];
  return reader.list((): HintOption => {
    const { kind } = reader.token;
    const key =
      kind === "string" || kind === "number" ? reader.take().text : reader.name().parts.map(nameOf).join(".");
    return reader.accept("=") ? { key, value: reader.string() } : { key };
  });
}

function nameOf({ name }: { readonly name: string }): string {
  return name;
}
