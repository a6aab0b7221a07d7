/**
 * The elements of collections as rows: what UNNEST makes of them.
 */
import type { SqlType } from "../types/sql-type.ts";
import { entriesOf, type Row, type SqlValue } from "./sql-value.ts";

/** Returns what makes the columns of each element of a collection. */
export function elementsIn(type: SqlType): (collection: SqlValue) => Row[] {
  const fieldsOf = (element: SqlType) => {
    const isRow = element.name === "ROW";
    const none = isRow ? element.fields.map(() => null) : [];
    return (value: SqlValue): Row => (isRow ? ((value as Row | null) ?? none) : [value]);
  };
  switch (type.name) {
    case "ARRAY": {
      const fields = fieldsOf(type.element);
      return (array) => (array === null ? [] : (array as Row).map(fields));
    }
    case "MULTISET": {
      const fields = fieldsOf(type.element);
      return (set) =>
        set === null
          ? []
          : entriesOf(set).flatMap(([value, count]) =>
              Array.from({ length: Number(count) }, () => fields(value)),
            );
    }
    default:
      return (map) => (map === null ? [] : entriesOf(map).map((entry): Row => entry));
  }
}
