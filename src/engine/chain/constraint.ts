/**
 * What a table demands of its rows: no nulls where none may be, texts and bytes of their length.
 */
import { EngineError } from "../../base/errors.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import { entriesOf, type Row, type SqlValue } from "../../interpreter/values/sql-value.ts";
import type { ConstraintOperator } from "../../protocol/dataflow.ts";
import type { Operator, OperatorContext } from "./operator.ts";

export function openConstraint(operator: ConstraintOperator, { emit }: OperatorContext): Operator {
  const conform = conformTo(operator);
  return {
    push: (row) => {
      const values = conform(row.values);
      if (values) emit(values === row.values ? row : { ...row, values });
    },
  };
}

/** Returns what gives a row as its table takes it, or nothing where it is left out. Throws `JOB_FAILED`. */
export function conformTo(demand: Omit<ConstraintOperator, "inputs">): (values: Row) => Row | undefined {
  const { columns, notNull, nested, length } = demand;
  const isWhole = (values: Row) =>
    columns.every(({ name, type }, index) => {
      const place = notNull && nullIn(values[index] as SqlValue, type, nested, name);
      if (place === undefined) return true;
      if (notNull === "drop") return false;
      throw new EngineError("JOB_FAILED", {
        message: `Column '${place}' is NOT NULL, however, a null value is being written into it.`,
        details: { column: place },
      });
    });
  const fit = columns.map(({ name, type }) => fitting(type, name, length));
  return (values) => {
    if (!isWhole(values)) return undefined;
    return length ? values.map((value, index) => fit[index]?.(value) ?? null) : values;
  };
}

/** Where a value has a null that its type does not allow. */
function nullIn(
  value: SqlValue,
  type: SqlType,
  nested: ConstraintOperator["nested"],
  place: string,
): string | undefined {
  if (value === null) return type.isNullable ? undefined : place;
  if (type.name === "ROW" && nested) {
    return first(type.fields, (field, index) =>
      nullIn((value as Row)[index] as SqlValue, field.type, nested, `${place}.${field.name}`),
    );
  }
  if (nested !== "rows and collections") return undefined;
  if (type.name === "ARRAY") {
    return first(value as Row, (each) => nullIn(each, type.element, nested, `${place}[]`));
  }
  if (type.name !== "MAP" && type.name !== "MULTISET") return undefined;
  const keyType = type.name === "MAP" ? type.key : type.element;
  const valueType = type.name === "MAP" ? type.value : undefined;
  return first(entriesOf(value), ([key, held]) => {
    const inKey = nullIn(key, keyType, nested, `${place}.key`);
    return inKey ?? (valueType && nullIn(held, valueType, nested, `${place}.value`));
  });
}

function first<Item>(items: readonly Item[], find: (item: Item, index: number) => string | undefined) {
  for (const [index, item] of items.entries()) {
    const found = find(item, index);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Returns what brings values of a type to its length. */
function fitting(type: SqlType, name: string, length: ConstraintOperator["length"]) {
  if (!("length" in type) || !length) return (value: SqlValue) => value;
  const isFixed = type.name === "CHAR" || type.name === "BINARY";
  return (value: SqlValue): SqlValue => {
    if (value === null) return null;
    const size = sizeOf(value);
    if (size <= type.length && !(isFixed && size < type.length)) return value;
    if (length === "error") {
      const found = `a value of length ${size} is being written into it`;
      const message = `Column '${name}' is ${type.name}(${type.length}), however, ${found}.`;
      throw new EngineError("JOB_FAILED", { message, details: { column: name } });
    }
    return cut(value, type.length, isFixed);
  };
}

/** Characters, or bytes. */
function sizeOf(value: SqlValue): number {
  return typeof value === "string" ? [...value].length : (value as Uint8Array).length;
}

function cut(value: SqlValue, length: number, isFixed: boolean): SqlValue {
  if (typeof value === "string") {
    const characters = [...value].slice(0, length).join("");
    return isFixed ? characters + " ".repeat(length - sizeOf(characters)) : characters;
  }
  const bytes = (value as Uint8Array).slice(0, length);
  if (!isFixed || bytes.length === length) return bytes;
  const padded = new Uint8Array(length);
  padded.set(bytes);
  return padded;
}
