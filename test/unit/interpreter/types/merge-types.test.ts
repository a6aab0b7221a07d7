/** Types that are written, what they have in common, and what is calculated with them. */
import { expect, test } from "vitest";
import type { EngineError } from "../../../../src/base/errors.ts";
import { type DecimalShape, decimalResult } from "../../../../src/interpreter/types/decimal-type.ts";
import { mergeTypes } from "../../../../src/interpreter/types/merge-types.ts";
import { formatSqlType, type SqlType } from "../../../../src/interpreter/types/sql-type.ts";
import { resolveType } from "../../../../src/sql/bind/resolve-type.ts";
import { parseExpressionText } from "../../../../src/sql/parse/parse-statements.ts";

function typeOf(text: string): SqlType {
  if (text === "NULL") return { name: "NULL", isNullable: true };
  const source = `CAST(a AS ${text})`;
  const tree = parseExpressionText(source);
  if (tree.kind !== "cast") throw new Error("a cast is one");
  return resolveType({ text: source }, tree.type);
}

test.each([
  ["INTEGER", "INT"],
  ["DEC", "DECIMAL(10, 0)"],
  ["NUMERIC(38, 38) NOT NULL", "DECIMAL(38, 38) NOT NULL"],
  ["CHAR", "CHAR(1)"],
  ["CHARACTER VARYING(7)", "VARCHAR(7)"],
  ["STRING", "STRING"],
  ["BYTES", "BYTES"],
  ["REAL", "FLOAT"],
  ["DOUBLE PRECISION", "DOUBLE"],
  ["TIME", "TIME(0)"],
  ["TIMESTAMP", "TIMESTAMP(6)"],
  ["TIMESTAMP(3) WITH LOCAL TIME ZONE", "TIMESTAMP_LTZ(3)"],
  ["INTERVAL YEAR", "INTERVAL YEAR(2)"],
  ["INTERVAL DAY(3) TO SECOND(2)", "INTERVAL DAY(3) TO SECOND(2)"],
  ["INTERVAL SECOND(4)", "INTERVAL SECOND(4)"],
  ["INT NOT NULL ARRAY", "ARRAY<INT NOT NULL>"],
  ["MAP<STRING, ROW<a INT, `b c` BYTES 'it''s'>>", "MAP<STRING, ROW<`a` INT, `b c` BYTES 'it''s'>>"],
])("%s is %s", (written, type) => {
  expect(formatSqlType(typeOf(written))).toBe(type);
});

test.each([
  ["DECIMAL(39)", "The precision of DECIMAL is from 1 to 38, not 39"],
  ["DECIMAL(5, 6)", "The scale of DECIMAL is from 0 to 5, not 6"],
  ["DECIMAL(1, 2, 3)", "takes at most 2, and has 3"],
  ["INT(5)", "INT takes no parameter, and has 1"],
  ["TIMESTAMP(10)", "from 0 to 9, not 10"],
  ["VARCHAR(0)", "from 1 to 2147483647, not 0"],
  ["INTERVAL MONTH TO YEAR", "does not go from MONTH to YEAR"],
  ["INTERVAL YEAR TO DAY", "does not go from YEAR to DAY"],
  ["INTERVAL WEEK", "There is no type INTERVAL WEEK"],
  ["ARRAY<FOO>", "There is no type FOO"],
  ["VARIANT", "Not supported: the type VARIANT"],
])("%s is refused", (written, message) => {
  expect(() => typeOf(written)).toThrow(message);
  try {
    typeOf(written);
  } catch (thrown) {
    expect((thrown as EngineError).details).toMatchObject({ line: 1 });
  }
});

test.each([
  [["INT", "INT NOT NULL"], "INT"],
  [["INT NOT NULL", "BIGINT NOT NULL"], "BIGINT NOT NULL"],
  [["TINYINT", "SMALLINT", "INT"], "INT"],
  [["INT", "DECIMAL(5, 2)"], "DECIMAL(12, 2)"],
  [["BIGINT", "DECIMAL(38, 30)"], "DECIMAL(38, 19)"],
  [["DECIMAL(5, 1)", "DECIMAL(4, 3)"], "DECIMAL(7, 3)"],
  [["BIGINT", "FLOAT"], "FLOAT"],
  [["DECIMAL(5, 1)", "FLOAT"], "DOUBLE"],
  [["FLOAT", "DOUBLE"], "DOUBLE"],
  [["CHAR(3) NOT NULL", "CHAR(5) NOT NULL"], "VARCHAR(5) NOT NULL"],
  [["CHAR(3) NOT NULL", "CHAR(3)"], "CHAR(3)"],
  [["BINARY(2)", "BINARY(4)"], "VARBINARY(4)"],
  [["CHAR(3)", "CHAR(3) NOT NULL"], "CHAR(3)"],
  [["DECIMAL(38, 0)", "DECIMAL(38, 10)"], "DECIMAL(38, 0)"],
  [["CHAR(3)", "VARCHAR(2)"], "VARCHAR(3)"],
  [["VARCHAR(3)", "STRING"], "STRING"],
  [["BINARY(2)", "BYTES"], "BYTES"],
  [["BINARY(2)", "BINARY(4)"], "VARBINARY(4)"],
  [["DATE", "TIMESTAMP(3)"], "TIMESTAMP(3)"],
  [["TIMESTAMP(9)", "TIMESTAMP_LTZ(3)"], "TIMESTAMP_LTZ(9)"],
  [["TIME(1)", "TIME(3)"], "TIME(3)"],
  [["INTERVAL DAY", "INTERVAL MINUTE TO SECOND"], "INTERVAL DAY(2) TO SECOND(6)"],
  [["NULL", "INT NOT NULL"], "INT"],
  [["NULL", "NULL"], "NULL"],
  [["ARRAY<INT NOT NULL>", "ARRAY<BIGINT>"], "ARRAY<BIGINT>"],
  [["MAP<CHAR(1), INT>", "MAP<STRING, DOUBLE>"], "MAP<STRING, DOUBLE>"],
  [["ROW<a INT, b DATE>", "ROW<c BIGINT, d TIMESTAMP(3)>"], "ROW<`a` BIGINT, `b` TIMESTAMP(3)>"],
])("%s have %s in common", (types, common) => {
  const found = mergeTypes(types.map(typeOf));
  expect(found && formatSqlType(found)).toBe(common);
  const turned = mergeTypes([...types].reverse().map(typeOf));
  expect(turned && formatSqlType(turned).replaceAll(/`\w`/g, "")).toBe(common.replaceAll(/`\w`/g, ""));
});

test.each([
  [["INT", "STRING"]],
  [["BOOLEAN", "INT"]],
  [["DATE", "TIME"]],
  [["STRING", "BYTES"]],
  [["INTERVAL YEAR", "INTERVAL DAY"]],
  [["ROW<a INT>", "ROW<a INT, b INT>"]],
  [["ARRAY<INT>", "ARRAY<STRING>"]],
  [["ARRAY<INT>", "MULTISET<INT>"]],
])("%s have none", (types) => {
  expect(mergeTypes(types.map(typeOf))).toBeUndefined();
});

test.each([
  ["+", [5, 2], [7, 3], [8, 3]],
  ["+", [38, 10], [38, 10], [38, 9]],
  ["*", [5, 2], [7, 3], [13, 5]],
  ["*", [30, 10], [30, 10], [38, 6]],
  ["/", [5, 2], [7, 3], [16, 10]],
  ["/", [38, 18], [38, 18], [38, 6]],
  ["%", [5, 2], [7, 3], [6, 3]],
] as const)("a DECIMAL %s another: %s, %s give %s", (operator, one, other, result) => {
  const [left, right, expected] = [one, other, result].map(([precision, scale]): DecimalShape => {
    return { name: "DECIMAL", precision, scale };
  }) as [DecimalShape, DecimalShape, DecimalShape];
  expect(decimalResult(operator, left, right)).toEqual(expected);
});
