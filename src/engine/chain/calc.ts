/**
 * Lets rows pass and makes others of them, row by row: calc, expand, unnest, and dropping what updates were.
 */
import { compileExpression, compileExpressions } from "../../interpreter/compile-expression.ts";
import type { RowExpression } from "../../interpreter/row-expression.ts";
import type { EvaluationContext, RowEvaluator } from "../../interpreter/scalar-function.ts";
import { elementsIn } from "../../interpreter/values/elements.ts";
import type { Row } from "../../interpreter/values/sql-value.ts";
import type { CalcOperator, ExpandOperator, UnnestOperator } from "../../protocol/dataflow.ts";
import { type ChainRow, RowKind } from "./chain-row.ts";
import type { Operator, OperatorContext } from "./operator.ts";

export function openCalc({ condition, projection }: CalcOperator, context: OperatorContext): Operator {
  const { evaluation, emit } = context;
  const all = [...(projection ?? []), ...(condition ? [condition] : [])];
  const evaluators = compileExpressions(all, evaluation);
  const passes = condition && evaluators.pop();
  const project = projection && projectWith(evaluators);
  return {
    push: (row) => {
      if (passes && passes(row.values) !== true) return;
      emit(project ? { ...row, values: project(row.values) } : row);
    },
  };
}

export function openExpand({ projections }: ExpandOperator, { evaluation, emit }: OperatorContext): Operator {
  const project = projections.map((projection) => projectionOf(projection, evaluation));
  return {
    push: (row) => {
      for (const each of project) emit({ ...row, values: each(row.values) });
    },
  };
}

export function openUnnest(operator: UnnestOperator, { evaluation, emit }: OperatorContext): Operator {
  const { collection, elementTypes, isLeft, hasOrdinality } = operator;
  const evaluate = compileExpression(collection, evaluation);
  const elementsOf = elementsIn(collection.type);
  const nulls = [...elementTypes.map(() => null), ...(hasOrdinality ? [null] : [])];
  return {
    push: (row) => {
      const elements = elementsOf(evaluate(row.values));
      for (const [index, fields] of elements.entries()) {
        const place = hasOrdinality ? [index + 1] : [];
        emit({ ...row, values: [...row.values, ...fields, ...place] });
      }
      if (isLeft && elements.length === 0) emit({ ...row, values: [...row.values, ...nulls] });
    },
  };
}

export function openDropUpdateBefore({ emit }: OperatorContext): Operator {
  return {
    push: (row: ChainRow) => {
      if (row.kind !== RowKind.UpdateBefore) emit(row);
    },
  };
}

function projectionOf(projection: readonly RowExpression[], evaluation: EvaluationContext) {
  return projectWith(compileExpressions(projection, evaluation));
}

function projectWith(columns: readonly RowEvaluator[]) {
  return (row: Row): Row => columns.map((column) => column(row));
}
