/**
 * Names that users give: they stand in URLs, in object names and in queries.
 */
import * as z from "zod";

const resourceName = /^[A-Za-z_][A-Za-z0-9_-]{0,62}$/;
const columnName = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;

/** A stream's or a job's name. */
export const resourceNameSchema = z
  .string()
  .regex(resourceName, "expected a letter or _, then up to 62 letters, digits, _ or -");

/** A column's name; it may later stand unquoted in SQL. */
export const columnNameSchema = z
  .string()
  .regex(columnName, "expected a letter or _, then up to 62 letters, digits or _");
