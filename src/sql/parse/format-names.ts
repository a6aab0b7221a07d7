/**
 * From trees back to text: names, literals and types.
 */
import { isReserved } from "./reserved-words.ts";
import type {
  Identifier,
  IntervalLiteral,
  IntervalUnit,
  Literal,
  QualifiedName,
  TypeName,
} from "./syntax-tree.ts";

/** A name that needs no quotes, unless it is reserved. */
export const plainName = /^[\p{L}_$][\p{L}\p{N}_$]*$/u;

export function formatIdentifier({ name, isQuoted }: Identifier): string {
  const isPlain = !isQuoted && plainName.test(name) && !isReserved(name.toUpperCase());
  return isPlain ? name : `\`${name.replaceAll("`", "``")}\``;
}

/** A name where any word is one: behind a dot, in a ROW. */
export function formatMember(identifier: Identifier): string {
  const isPlain = !identifier.isQuoted && plainName.test(identifier.name);
  return isPlain ? identifier.name : formatIdentifier(identifier);
}

export function formatParts([first, ...rest]: readonly Identifier[]): string {
  return [...(first ? [formatIdentifier(first)] : []), ...rest.map(formatMember)].join(".");
}

export function formatName({ parts }: QualifiedName): string {
  return formatParts(parts);
}

export function formatNames(names: readonly Identifier[]): string {
  return `(${names.map(formatIdentifier).join(", ")})`;
}

export function formatType({ name, path, parameters, of, fields, interval, isNullable }: TypeName): string {
  const members = fields.map((field) => {
    const comment = field.comment === undefined ? "" : ` ${quoted(field.comment)}`;
    return `${formatMember(field.name)} ${formatType(field.type)}${comment}`;
  });
  const inner =
    name === "ROW" ? `<${members.join(", ")}>` : of.length > 0 ? `<${of.map(formatType).join(", ")}>` : "";
  const sizes = parameters.length > 0 ? `(${parameters.join(", ")})` : "";
  const unit = interval ? ` ${formatUnit(interval)}` : "";
  const nullable = isNullable === undefined ? "" : isNullable ? " NULL" : " NOT NULL";
  return `${path ? formatParts(path) : name}${inner}${sizes}${unit}${nullable}`;
}

export function formatLiteral({ type, text }: Literal): string {
  switch (type) {
    case "string":
      return quoted(text);
    case "bytes":
      return `X'${text}'`;
    case "date":
    case "time":
    case "timestamp":
      return `${type.toUpperCase()} ${quoted(text)}`;
    case "timestamp_ltz":
      return `TIMESTAMP WITH LOCAL TIME ZONE ${quoted(text)}`;
    default:
      return text;
  }
}

export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export function formatInterval({ isNegative, text, unit }: IntervalLiteral): string {
  return `INTERVAL ${isNegative ? "-" : ""}${quoted(text)} ${formatUnit(unit)}`;
}

function formatUnit({ from, precision, to, toPrecision }: IntervalUnit): string {
  const withPrecision = (unit: string, digits: number | undefined) =>
    digits === undefined ? unit : `${unit}(${digits})`;
  return [withPrecision(from, precision), ...(to ? ["TO", withPrecision(to, toPrecision)] : [])].join(" ");
}
