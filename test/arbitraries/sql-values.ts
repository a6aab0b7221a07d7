/**
 * Types of SQL and values of them.
 */
import fc from "fast-check";
import type { SqlShape, SqlType } from "../../src/interpreter/types/sql-type.ts";
import type { SqlValue } from "../../src/interpreter/values/sql-value.ts";
import { encodeRow } from "../../src/interpreter/values/value-codec.ts";
import { toHex } from "../../src/interpreter/values/value-json.ts";

const simpleShapes: readonly SqlShape[] = [
  { name: "BOOLEAN" },
  { name: "TINYINT" },
  { name: "SMALLINT" },
  { name: "INT" },
  { name: "BIGINT" },
  { name: "FLOAT" },
  { name: "DOUBLE" },
  { name: "DECIMAL", precision: 38, scale: 10 },
  { name: "VARCHAR", length: 100 },
  { name: "VARBINARY", length: 100 },
  { name: "DATE" },
  { name: "TIME", precision: 3 },
  { name: "TIMESTAMP", precision: 9 },
  { name: "TIMESTAMP_LTZ", precision: 3 },
  { name: "INTERVAL DAY TO SECOND", resolution: "DAY TO SECOND", precision: 2, fraction: 3 },
];

const { type } = fc.letrec<{ type: SqlType; shape: SqlShape }>((tie) => ({
  type: fc.tuple(tie("shape"), fc.boolean()).map(([shape, isNullable]) => ({ ...shape, isNullable })),
  shape: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom(...simpleShapes),
    tie("type").map((element) => ({ name: "ARRAY" as const, element })),
    tie("type").map((element) => ({ name: "MULTISET" as const, element })),
    fc.tuple(tie("type"), tie("type")).map(([key, value]) => ({ name: "MAP" as const, key, value })),
    fc.array(tie("type"), { maxLength: 10 }).map((types) => {
      return {
        name: "ROW" as const,
        fields: types.map((each, index) => ({ name: `f${index}`, type: each })),
      };
    }),
  ),
}));

export const sqlTypes: fc.Arbitrary<SqlType> = type;

/** Values of a type; null where it may be. */
export function sqlValues(of: SqlType): fc.Arbitrary<SqlValue> {
  const values = valuesOf(of);
  return of.isNullable ? fc.option(values, { freq: 4 }) : values;
}

function whole(bits: number): fc.Arbitrary<SqlValue> {
  return fc.oneof(
    fc.integer({ min: -3, max: 3 }),
    fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 }),
  );
}

function valuesOf(of: SqlType): fc.Arbitrary<SqlValue> {
  switch (of.name) {
    case "NULL":
      return fc.constant(null);
    case "BOOLEAN":
      return fc.boolean();
    case "TINYINT":
      return whole(8);
    case "SMALLINT":
      return whole(16);
    case "BIGINT":
      return fc.oneof(
        fc.bigInt({ min: -3n, max: 3n }),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      );
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
      return fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n });
    case "DECIMAL":
      return fc.oneof(
        fc.bigInt({ min: -300n, max: 300n }),
        fc.bigInt({ min: 1n - 10n ** BigInt(of.precision), max: 10n ** BigInt(of.precision) - 1n }),
      );
    case "FLOAT":
      return fc.float();
    case "DOUBLE":
      return fc.double();
    case "CHAR":
    case "VARCHAR":
      return fc.string({ unit: "grapheme", maxLength: 8 });
    case "BINARY":
    case "VARBINARY":
      return fc.uint8Array({ maxLength: 8 });
    case "INTERVAL DAY TO SECOND":
      return fc.integer({ min: -(2 ** 45), max: 2 ** 45 });
    case "ARRAY":
      return fc.array(sqlValues(of.element), { maxLength: 10 });
    case "MULTISET":
      return pairs(of.element, { name: "INT", isNullable: false });
    case "MAP":
      return pairs(of.key, of.value);
    case "ROW":
      return fc.tuple(...of.fields.map((field) => sqlValues(field.type)));
    default:
      return whole(32);
  }
}

/** Each key once: one that differs by the order of a map within it only is the same. */
function pairs(key: SqlType, value: SqlType): fc.Arbitrary<SqlValue> {
  const entry = fc.tuple(sqlValues(key), sqlValues(value));
  return fc.uniqueArray(entry, { maxLength: 6, selector: ([each]) => toHex(encodeRow([key], [each])) });
}
