/**
 * Values of SQL as JSON.
 */
import { encodeBase64 } from "../../base/base64.ts";
import { evaluationError } from "../scalar-function.ts";
import { isText, type SqlType } from "../types/sql-type.ts";
import { entriesOf, type SqlValue } from "../values/sql-value.ts";
import { formatTimestampText } from "../values/time-text.ts";
import { type JsonNode, jsonDecimal, jsonDouble, jsonNumber } from "./json-node.ts";

type Conversion = (value: SqlValue) => JsonNode;

/** True where values of a type have a form in JSON: no dates, times and intervals, and keys are texts. */
export function isJsonType(type: SqlType): boolean {
  switch (type.name) {
    case "DATE":
    case "TIME":
    case "INTERVAL YEAR TO MONTH":
    case "INTERVAL DAY TO SECOND":
      return false;
    case "ARRAY":
      return isJsonType(type.element);
    case "MAP":
      return isText(type.key) && isJsonType(type.value);
    case "MULTISET":
      return isText(type.element);
    case "ROW":
      return type.fields.every((field) => isJsonType(field.type));
    default:
      return true;
  }
}

/** Returns what makes JSON of values of a type that has a form in it; null is null. */
export function jsonOf(type: SqlType): Conversion {
  const convert = conversionOf(type);
  return (value) => (value === null ? null : convert(value));
}

function conversionOf(type: SqlType): Conversion {
  switch (type.name) {
    case "BOOLEAN":
    case "CHAR":
    case "VARCHAR":
      return (value) => value as boolean | string;
    case "DECIMAL":
      return (value) => jsonDecimal(value as bigint, type.scale);
    case "FLOAT":
    case "DOUBLE":
      return (value) => jsonDouble(value as number);
    case "TIMESTAMP":
      return (value) => isoText(value as bigint);
    case "TIMESTAMP_LTZ":
      return (value) => `${isoText(value as bigint)}Z`;
    case "BINARY":
    case "VARBINARY":
      return (value) => encodeBase64(value as Uint8Array);
    case "ARRAY": {
      const convert = jsonOf(type.element);
      return (value) => (value as readonly SqlValue[]).map(convert);
    }
    case "MAP":
      return mapConversion(jsonOf(type.value));
    case "MULTISET":
      return mapConversion((count) => jsonNumber(String(count)));
    case "ROW": {
      const fields = type.fields.map((field) => ({ name: field.name, convert: jsonOf(field.type) }));
      return (value) => {
        const row = value as readonly SqlValue[];
        return new Map(fields.map(({ name, convert }, index) => [name, convert(row[index] ?? null)]));
      };
    }
    default:
      return (value) => jsonNumber(String(value));
  }
}

function mapConversion(convert: Conversion): Conversion {
  return (map) =>
    new Map(
      entriesOf(map).map(([key, value]) => {
        if (key === null) throw evaluationError("A MAP with a key that is null has no form in JSON.");
        return [key as string, convert(value)];
      }),
    );
}

/** `2020-02-29T12:30:00.5`: no zeros at the end of a fraction. */
function isoText(nanos: bigint): string {
  return formatTimestampText(nanos, 9)
    .replace(" ", "T")
    .replace(/\.?0+$/, "");
}
