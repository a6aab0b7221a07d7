/** Which casts may be written, and which go without saying. */
import { expect, test } from "vitest";
import { canCast } from "../../../../src/interpreter/cast/explicit-casts.ts";
import { canCastImplicitly } from "../../../../src/interpreter/cast/implicit-casts.ts";
import type { SqlType } from "../../../../src/interpreter/types/sql-type.ts";
import { typeOfText } from "../../../conformance/tagged-values.ts";

const types = [
  ..."CHAR(2),VARCHAR(3),BINARY(2),BYTES,BOOLEAN,TINYINT,SMALLINT,INT,BIGINT,DECIMAL,FLOAT,DOUBLE".split(","),
  ..."DATE,TIME,TIMESTAMP,TIMESTAMP_LTZ,INTERVAL YEAR,INTERVAL DAY TO SECOND".split(","),
  ..."ARRAY<INT>,MULTISET<INT>,MAP<INT@ INT>,ROW<a INT>".split(",").map((text) => text.replace("@", ",")),
].map(typeOfText);

function names(holds: (type: SqlType) => boolean): string {
  return types
    .filter(holds)
    .map(({ name }) => name)
    .join(" ");
}

const all = names(() => true);
const texts = "CHAR VARCHAR";
const numbers = "TINYINT SMALLINT INT BIGINT DECIMAL FLOAT DOUBLE";

test.each([
  ["STRING", all],
  ["CHAR(1)", all],
  ["BINARY(3)", `${texts} BINARY VARBINARY`],
  ["BOOLEAN", `${texts} BOOLEAN TINYINT SMALLINT INT BIGINT`],
  ["INT", `${texts} BOOLEAN ${numbers} INTERVAL YEAR TO MONTH`],
  ["DECIMAL(5, 2)", `${texts} BOOLEAN ${numbers} INTERVAL YEAR TO MONTH`],
  ["DOUBLE", `${texts} BOOLEAN ${numbers}`],
  ["DATE", `${texts} DATE TIMESTAMP TIMESTAMP_LTZ`],
  ["TIME", `${texts} TIME TIMESTAMP TIMESTAMP_LTZ`],
  ["TIMESTAMP(3)", `${texts} DATE TIME TIMESTAMP TIMESTAMP_LTZ`],
  ["INTERVAL MONTH", "TINYINT SMALLINT INT BIGINT DECIMAL INTERVAL YEAR TO MONTH"],
  ["INTERVAL YEAR TO MONTH", "INTERVAL YEAR TO MONTH"],
  ["ARRAY<STRING>", "ARRAY"],
  ["ARRAY<DATE>", ""],
  ["MULTISET<BIGINT>", "MULTISET"],
  ["MAP<STRING, BOOLEAN>", "MAP"],
  ["ROW<b DOUBLE>", "ROW"],
  ["ROW<a INT, b INT>", ""],
])("to %s can be cast %s", (to, from) => {
  expect(names((type) => canCast(type, typeOfText(to)))).toBe(from);
});

test.each([
  ["STRING", texts],
  ["CHAR(9)", "CHAR"],
  ["BYTES", "BINARY VARBINARY"],
  ["BIGINT", "TINYINT SMALLINT INT BIGINT"],
  ["DECIMAL(5, 2)", numbers],
  ["FLOAT", "TINYINT SMALLINT INT BIGINT DECIMAL FLOAT"],
  ["DOUBLE", numbers],
  ["DATE", "DATE TIMESTAMP"],
  ["TIMESTAMP_LTZ(3)", "TIMESTAMP TIMESTAMP_LTZ"],
  ["ARRAY<BIGINT>", "ARRAY"],
  ["ARRAY<STRING>", ""],
])("as %s are taken %s", (to, from) => {
  expect(names((type) => canCastImplicitly(type, typeOfText(to)))).toBe(from);
});

test("NULL is of any type", () => {
  const none: SqlType = { name: "NULL", isNullable: true };
  expect(names((type) => canCast(none, type) && canCastImplicitly(none, type))).toBe(all);
});
