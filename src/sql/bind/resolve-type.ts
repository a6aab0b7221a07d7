/**
 * From a type as it was written to what it means: defaults filled in, bounds checked.
 */

import {
  decimalPrecisionMax,
  type IntervalShape,
  intervalUnits,
  lengthMax,
  type SqlShape,
  type SqlType,
  timePrecisionMax,
} from "../../interpreter/types/sql-type.ts";
import { formatParts } from "../parse/format-names.ts";
import { notSupported, type SourceText, statementError } from "../parse/syntax-error.ts";
import type { IntervalUnit, TypeName } from "../parse/syntax-tree.ts";

const simple: ReadonlySet<string> = new Set("BOOLEAN TINYINT SMALLINT INT BIGINT DOUBLE DATE".split(" "));

/** Types of Flink that Millrace does not have. */
const unsupported: ReadonlySet<string> = new Set("RAW BITMAP VARIANT STRUCTURED SYMBOL".split(" "));

/**
 * Returns the type that is written; nullable unless NOT NULL is said. Throws `SQL_INVALID` at its place, or
 * `SQL_NOT_SUPPORTED`.
 */
export function resolveType(source: SourceText, type: TypeName): SqlType {
  return { ...resolveShape(source, type), isNullable: type.isNullable !== false };
}

function resolveShape(source: SourceText, type: TypeName): SqlShape {
  const { name, path, parameters, of, fields, interval } = type;
  if (path) throw statementError(source, type, `There is no type ${formatParts(path)}`);
  if (simple.has(name)) {
    expectParameters(source, type, 0);
    return { name: name as "INT" };
  }
  switch (name) {
    case "FLOAT":
    case "REAL":
      expectParameters(source, type, 0);
      return { name: "FLOAT" };
    case "DECIMAL": {
      expectParameters(source, type, 2);
      const precision = within(source, type, parameters[0] ?? 10, [1, decimalPrecisionMax], "precision");
      return { name, precision, scale: within(source, type, parameters[1] ?? 0, [0, precision], "scale") };
    }
    case "CHAR":
    case "VARCHAR":
    case "BINARY":
    case "VARBINARY": {
      expectParameters(source, type, 1);
      const given = parameters[0] ?? (name.startsWith("VAR") ? lengthMax : 1);
      return { name, length: within(source, type, given, [1, lengthMax], "length") };
    }
    case "STRING":
    case "BYTES":
      expectParameters(source, type, 0);
      return { name: name === "STRING" ? "VARCHAR" : "VARBINARY", length: lengthMax };
    case "TIME":
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ": {
      expectParameters(source, type, 1);
      const given = parameters[0] ?? (name === "TIME" ? 0 : 6);
      return { name, precision: within(source, type, given, [0, timePrecisionMax], "precision") };
    }
    case "INTERVAL":
      return resolveInterval(source, type, interval ?? { from: "DAY" });
    case "ARRAY":
    case "MULTISET":
    case "MAP": {
      const [first, second] = of.map((each) => resolveType(source, each));
      if (name === "MAP" && first && second) return { name, key: first, value: second };
      if (name !== "MAP" && first) return { name, element: first };
      break;
    }
    case "ROW":
      return {
        name,
        fields: fields.map((field) => {
          const comment = field.comment === undefined ? {} : { comment: field.comment };
          return { name: field.name.name, type: resolveType(source, field.type), ...comment };
        }),
      };
  }
  if (unsupported.has(name)) throw notSupported(source, type, `the type ${name}`);
  throw statementError(source, type, `There is no type ${name}`);
}

function expectParameters(source: SourceText, type: TypeName, most: number): void {
  if (type.parameters.length <= most) return;
  const taken = most === 0 ? "takes no parameter" : `takes at most ${most}`;
  throw statementError(source, type, `${type.name} ${taken}, and has ${type.parameters.length}`);
}

function within(
  source: SourceText,
  type: TypeName,
  value: number,
  [least, most]: readonly [number, number],
  what: string,
): number {
  if (value >= least && value <= most) return value;
  throw statementError(source, type, `The ${what} of ${type.name} is from ${least} to ${most}, not ${value}`);
}

const monthUnits: ReadonlySet<string> = new Set(["YEAR", "MONTH"]);

function resolveInterval(source: SourceText, type: TypeName, unit: IntervalUnit): IntervalShape {
  const { from, precision, to, toPrecision } = unit;
  const resolution = to === undefined ? from : `${from} TO ${to}`;
  const places = [from, to ?? from].map((each) => intervalUnits.indexOf(each)) as [number, number];
  if (places.includes(-1)) throw statementError(source, type, `There is no type INTERVAL ${resolution}`);
  const isOfMonths = monthUnits.has(from);
  const isApart = to !== undefined && (places[1] <= places[0] || monthUnits.has(to) !== isOfMonths);
  if (isApart) throw statementError(source, type, `An interval does not go from ${from} to ${to}`);
  if (isOfMonths) {
    const digits = within(source, type, precision ?? 2, [1, 4], "precision");
    return { name: "INTERVAL YEAR TO MONTH", resolution, precision: digits, fraction: 0 };
  }
  const ofSecond = from === "SECOND" ? precision : toPrecision;
  const digits = within(source, type, from === "DAY" ? (precision ?? 2) : 2, [1, 6], "precision");
  const fraction = within(source, type, ofSecond ?? 6, [0, timePrecisionMax], "precision of seconds");
  return { name: "INTERVAL DAY TO SECOND", resolution, precision: digits, fraction };
}
