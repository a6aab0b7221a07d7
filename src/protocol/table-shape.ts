/**
 * How the rows of a table of SQL are made of those of a view that a declarative job keeps.
 *
 * A table has what is final: of a job with windows, the rows of those that are over.
 */
import type { SqlType } from "../interpreter/types/sql-type.ts";

/** What a declarative job knows of the statement that it was made of. */
export interface JobSql {
  /** As people wrote it. */
  readonly statement: string;
  /** The table of the view connector that it fills. Absent: it fills a stream. */
  readonly view?: TableShape;
}

export interface TableShape {
  readonly table: string;
  readonly columns: readonly ShapedColumn[];
  readonly isWindowed: boolean;
}

export interface ShapedColumn {
  readonly name: string;
  readonly type: SqlType;
  /** The output of the job that it is. */
  readonly output: string;
  /** It wraps as an INT does, though the job holds a BIGINT. */
  readonly narrow?: true;
}
