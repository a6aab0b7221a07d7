/**
 * CAST, TRY_CAST, and what is like them.
 */
import { EngineError } from "../../base/errors.ts";
import { prepareCast } from "../cast/prepare-cast.ts";
import type { RowEvaluator, ScalarFunction } from "../scalar-function.ts";
import type { SqlType } from "../types/sql-type.ts";

/** The target type is the type of the call itself: the binder makes these calls without a signature. */
export const castFunctions: readonly ScalarFunction[] = [
  {
    name: "CAST",
    usage: "CAST(value AS type)",
    signatures: [],
    prepare: ({ types: [from], type, context }) => prepareCast(from as SqlType, type, context),
  },
  {
    name: "TRY_CAST",
    usage: "TRY_CAST(value AS type)",
    signatures: [],
    prepareLazy: ({ types: [from], type, context }, [operand]): RowEvaluator => {
      const cast = prepareCast(from as SqlType, type, context);
      return (row) => {
        const value = operand?.(row) ?? null;
        if (value === null) return null;
        try {
          return cast(value);
        } catch (thrown) {
          if (thrown instanceof EngineError && thrown.code === "SQL_EVALUATION_FAILED") return null;
          throw thrown;
        }
      };
    },
  },
];
