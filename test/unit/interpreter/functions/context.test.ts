/** Functions of the row's moment: time, watermark and chance. */
import { describe, expect, test } from "vitest";
import { evaluatedAt as evaluated } from "../../../support/evaluated-at.ts";

describe("the moment of the row", () => {
  test.each([
    ["PROCTIME()", "2021-03-04 13:06:07.089: TIMESTAMP_LTZ(3) NOT NULL"],
    ["CURRENT_TIMESTAMP", "2021-03-04 13:06:07.089: TIMESTAMP_LTZ(3) NOT NULL"],
    ["NOW()", "2021-03-04 13:06:07.089: TIMESTAMP_LTZ(3) NOT NULL"],
    ["CURRENT_ROW_TIMESTAMP()", "2021-03-04 13:06:07.089: TIMESTAMP_LTZ(3) NOT NULL"],
    ["LOCALTIMESTAMP", "2021-03-04 13:06:07.089: TIMESTAMP(3) NOT NULL"],
    ["LOCALTIME", "13:06:07: TIME(0) NOT NULL"],
    ["CURRENT_TIME", "13:06:07: TIME(0) NOT NULL"],
    ["CURRENT_DATE", "2021-03-04: DATE NOT NULL"],
    ["CURRENT_WATERMARK(TO_TIMESTAMP(''))", "2021-03-04 05:00:00.000: TIMESTAMP(3)"],
    ["CURRENT_WATERMARK(NOW())", "2021-03-04 13:00:00.000: TIMESTAMP_LTZ(3)"],
    ["RAND()", "0.5: DOUBLE NOT NULL"],
    ["RAND(10)", "0.7304302967434272: DOUBLE NOT NULL"],
    ["RAND(CAST(NULL AS INT))", "NULL: DOUBLE"],
    ["RAND_INTEGER(10)", "5: INT NOT NULL"],
    ["RAND_INTEGER(5, 10)", "7: INT NOT NULL"],
    ["RAND_INTEGER(CAST(NULL AS INT), 10)", "NULL: INT"],
    ["UUID()", "80808080-8080-4080-8080-808080808080: CHAR(36) NOT NULL"],
    ["CURRENT_DATABASE()", "default_database: STRING NOT NULL"],
  ])("%s is %s", (sql, text) => {
    expect(evaluated(sql, "Asia/Shanghai")).toBe(text);
  });

  test.each(["RAND_INTEGER(0)", "RAND_INTEGER(1, -5)"])("%s has no value", (sql) => {
    expect(() => evaluated(sql)).toThrow(/must be above 0/);
  });

  test.each(["CURRENT_WATERMARK(TIMESTAMP '2020-01-01 00:00:00.123456')", "RAND('a')", "RAND(1.5)"])(
    "%s is refused",
    (sql) => {
      expect(() => evaluated(sql)).toThrow(/at most 3|does not take/);
    },
  );
});
