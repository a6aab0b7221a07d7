/**
 * The type of what several expressions give together: of CASE, UNION, COALESCE, ARRAY, of operands that are
 * compared. Flink's rules (`LogicalTypeMerging`).
 */
import {
  decimalPrecisionMax,
  type IntervalShape,
  intervalUnits,
  isSameShape,
  type LengthShape,
  type SqlShape,
  type SqlType,
} from "./sql-type.ts";

/** Returns the type that all can be cast to without loss of kind; undefined where there is none. */
export function mergeTypes(types: readonly SqlType[]): SqlType | undefined {
  const isNullable = types.some((type) => type.isNullable || type.name === "NULL");
  const known = types.filter(({ name }) => name !== "NULL");
  const [first, ...rest] = known.length > 0 ? known : types;
  if (!first) return undefined;
  const shape = rest.reduce<SqlShape | undefined>(
    (common, type) => common && mergeShapes(common, type),
    first,
  );
  return shape && { ...shape, isNullable };
}

function mergeShapes(one: SqlShape, other: SqlShape): SqlShape | undefined {
  if (isSameShape(one, other)) return one;
  return (
    mergeTexts(one, other) ??
    mergeNumbers(one, other) ??
    mergeTimes(one, other) ??
    mergeIntervals(one, other) ??
    mergeCollections(one, other)
  );
}

/** Fixed and varying. */
const lengthNames = [
  ["CHAR", "VARCHAR"],
  ["BINARY", "VARBINARY"],
] as const;

/** Of fixed length only where both are, with the same: otherwise texts would be padded. */
function mergeTexts(one: SqlShape, other: SqlShape): SqlShape | undefined {
  for (const [fixed, varying] of lengthNames) {
    const shapes = [one, other];
    if (!shapes.every(({ name: each }) => each === fixed || each === varying)) continue;
    const lengths = [(one as LengthShape).length, (other as LengthShape).length];
    const isFixed = shapes.every(({ name: each }) => each === fixed) && lengths[0] === lengths[1];
    return { name: isFixed ? fixed : varying, length: Math.max(...lengths) };
  }
  return undefined;
}

const integerNames: readonly string[] = Object.freeze(["TINYINT", "SMALLINT", "INT", "BIGINT"]);
const approximateNames: readonly string[] = Object.freeze(["FLOAT", "DOUBLE"]);

/** Whole numbers widen; with a DECIMAL they are one; with a FLOAT too, and a DECIMAL is a DOUBLE then. */
function mergeNumbers(one: SqlShape, other: SqlShape): SqlShape | undefined {
  const shapes = [one, other];
  const [areWhole, areApproximate] = [integerNames, approximateNames].map((names) =>
    shapes.filter(({ name }) => names.includes(name)),
  ) as [SqlShape[], SqlShape[]];
  const decimals = shapes.filter(({ name }) => name === "DECIMAL");
  if (areWhole.length + areApproximate.length + decimals.length < 2) return undefined;
  if (areApproximate.length > 0) {
    const isDouble = decimals.length > 0 || areApproximate.some(({ name }) => name === "DOUBLE");
    return { name: isDouble ? "DOUBLE" : "FLOAT" };
  }
  if (decimals.length === 0) {
    return shapes.reduce((wide, next) =>
      integerNames.indexOf(next.name) > integerNames.indexOf(wide.name) ? next : wide,
    );
  }
  const [left, right] = [asDecimal(one), asDecimal(other)];
  if (!left || !right) return undefined;
  const whole = Math.max(left.precision - left.scale, right.precision - right.scale);
  const scale = Math.min(Math.max(left.scale, right.scale), decimalPrecisionMax - whole);
  return { name: "DECIMAL", precision: whole + scale, scale };
}

const integerDigits: Readonly<Record<string, number>> = { TINYINT: 3, SMALLINT: 5, INT: 10, BIGINT: 19 };

/** A whole number as a DECIMAL that holds all of its type; undefined for what is neither. */
export function asDecimal(type: SqlShape): Extract<SqlShape, { name: "DECIMAL" }> | undefined {
  if (type.name === "DECIMAL") return type;
  const precision = integerDigits[type.name];
  return precision === undefined ? undefined : { name: "DECIMAL", precision, scale: 0 };
}

/** A DATE beside a timestamp is one; beside one of local time, every timestamp is of local time. */
function mergeTimes(one: SqlShape, other: SqlShape): SqlShape | undefined {
  const names = [one.name, other.name];
  const precision = Math.max(...[one, other].map((type) => ("precision" in type ? type.precision : 0)));
  if (names.every((name) => name === "TIME")) return { name: "TIME", precision };
  if (!names.every((name) => ["DATE", "TIMESTAMP", "TIMESTAMP_LTZ"].includes(name))) return undefined;
  return { name: names.includes("TIMESTAMP_LTZ") ? "TIMESTAMP_LTZ" : "TIMESTAMP", precision };
}

/** From the larger of the units to the smaller. */
function mergeIntervals(one: SqlShape, other: SqlShape): SqlShape | undefined {
  if (one.name !== other.name || !one.name.startsWith("INTERVAL")) return undefined;
  const both = [one, other] as readonly IntervalShape[];
  const places = both.flatMap(({ resolution }) =>
    resolution.split(" TO ").map((unit) => intervalUnits.indexOf(unit)),
  );
  const [from, to] = [intervalUnits[Math.min(...places)] ?? "", intervalUnits[Math.max(...places)] ?? ""];
  return {
    name: one.name as IntervalShape["name"],
    resolution: from === to ? from : `${from} TO ${to}`,
    precision: Math.max(...both.map(({ precision }) => precision)),
    fraction: Math.max(...both.map(({ fraction }) => fraction)),
  };
}

/** What collections and rows have in common lies in what they are of. */
function mergeCollections(one: SqlShape, other: SqlShape): SqlShape | undefined {
  if ((one.name === "ARRAY" || one.name === "MULTISET") && other.name === one.name) {
    const element = mergeTypes([one.element, other.element]);
    return element && { name: one.name, element };
  }
  if (one.name === "MAP" && other.name === "MAP") {
    const [key, value] = [mergeTypes([one.key, other.key]), mergeTypes([one.value, other.value])];
    return key && value && { name: "MAP", key, value };
  }
  if (one.name !== "ROW" || other.name !== "ROW" || one.fields.length !== other.fields.length)
    return undefined;
  const fields = one.fields.map(({ name, type }, index) => {
    const common = mergeTypes([type, other.fields[index]?.type ?? type]);
    return common && { name, type: common };
  });
  const isWhole = fields.every((field) => field !== undefined);
  return isWhole ? { name: "ROW", fields: fields.filter((field) => field !== undefined) } : undefined;
}
