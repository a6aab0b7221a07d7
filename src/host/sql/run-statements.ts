/**
 * Runs statements of SQL, one after the other: each sees what those before it made.
 */
import { bindInsert } from "../../sql/bind/bind-insert.ts";
import { bindQuery } from "../../sql/bind/bind-query.ts";
import {
  checkOption,
  optionKey,
  optionOf,
  type SessionOptions,
  sessionOptions,
} from "../../sql/bind/session-options.ts";
import { explainInserts, explainQuery } from "../../sql/explain/explain.ts";
import type { ParameterValues } from "../../sql/parse/parameters.ts";
import { parseStatements } from "../../sql/parse/parse-statements.ts";
import type { Explain, Statement, StopJob } from "../../sql/parse/statement-tree.ts";
import { notSupported, type SourceText, statementError, withPlace } from "../../sql/parse/syntax-error.ts";
import { runAllowed, visibleCatalog } from "./access.ts";
import { planFilledTable } from "./create-filled-table.ts";
import { alter, createTable, createView, drop } from "./define.ts";
import { alterFunction, createFunction } from "./functions.ts";
import { insert } from "./insert.ts";
import { readCatalog, type StatementContext } from "./read-catalog.ts";
import { select } from "./select.ts";
import { describe, show } from "./show.ts";
import { ask, type Session, type SqlPorts } from "./sql-ports.ts";
import { done, type StatementResult, textFields, textResult } from "./statement-result.ts";

export interface StatementsBody {
  /** One statement, or several with semicolons between them. */
  readonly sql: string;
  /** What SET would set. */
  readonly options: SessionOptions;
  /** For `?` and `:name` in the text. */
  readonly parameters: ParameterValues;
  /** The caller reads changes as they come: a query that never ends is started. */
  readonly isContinuous?: boolean;
}

/**
 * Runs all statements of a text; throws what the first that fails says, those before it are done. Returns the
 * options too, as SET and RESET left them.
 */
export async function runStatements(
  { sql, options, parameters, isContinuous = false }: StatementsBody,
  ports: SqlPorts,
): Promise<{ readonly results: readonly StatementResult[]; readonly options: SessionOptions }> {
  const session: Session = { options: {}, isContinuous };
  for (const [key, value] of Object.entries(options)) setOption(session, key, value);
  const source = { text: sql };
  const results: StatementResult[] = [];
  for (const statement of parseStatements(sql, parameters)) {
    try {
      const run = () => runStatement(statement, source, session, ports);
      results.push(await runAllowed(statement, ports, run));
    } catch (error) {
      throw withPlace(error, source, statement);
    }
  }
  return { results, options: session.options };
}

async function runStatement(
  statement: Statement,
  source: SourceText,
  session: Session,
  ports: SqlPorts,
): Promise<StatementResult> {
  switch (statement.kind) {
    case "set":
      if (!statement.option) return listOptions(session);
      setOption(session, statement.option.key, statement.option.value);
      return done("SET", `'${statement.option.key}' is '${statement.option.value}'.`);
    case "reset":
      return resetOption(session, statement.key);
    case "use":
      return use(statement.name.parts.at(-1)?.name ?? "", statement, source);
    case "stop job":
      return stopJob(statement, ports);
  }
  const catalog = visibleCatalog(await readCatalog(ports), ports.caller);
  const context = contextOf(source, session.options, catalog);
  switch (statement.kind) {
    case "query":
      return select(statement, context, session, ports);
    case "insert":
      return insert([statement], context, ports);
    case "statement set":
      return insert(statement.inserts, context, ports);
    case "create table":
      return createTable(statement, context, ports);
    case "create view":
      return createView(statement, context, ports);
    case "create function":
      return createFunction(statement, context, ports);
    case "alter function":
      return alterFunction(statement, context, ports);
    case "alter table":
    case "alter view":
      return alter(statement, context, ports);
    case "drop":
      return drop(statement, context, ports);
    case "show":
      return show(statement, context, ports);
    case "describe":
      return describe(statement, context);
    case "explain":
      return explain(statement, context);
  }
}

function contextOf(
  source: SourceText,
  options: SessionOptions,
  catalog: StatementContext["catalog"],
): StatementContext {
  return { source, catalog, options, named: new Map(), views: [], numbers: { next: 1 }, bindQuery };
}

function setOption(session: Session, key: string, value: string): void {
  checkOption(key, value);
  session.options = { ...session.options, [optionKey(key)]: value };
}

function resetOption(session: Session, key: string | undefined): StatementResult {
  if (key === undefined) session.options = {};
  else {
    const known = optionKey(key);
    session.options = Object.fromEntries(Object.entries(session.options).filter(([each]) => each !== known));
  }
  return done("RESET", key === undefined ? "All options have their defaults." : `'${key}' has its default.`);
}

function listOptions({ options }: Session): StatementResult {
  return {
    statement: "SET",
    table: {
      fields: textFields("key", "value", "help"),
      rows: Object.entries(sessionOptions).map(([key, { help }]) => [key, optionOf(options, key), help]),
    },
  };
}

function use(
  name: string,
  statement: Extract<Statement, { kind: "use" }>,
  source: SourceText,
): StatementResult {
  const only = statement.what === "CATALOG" ? "default_catalog" : "default_database";
  if (name === only) return done("USE", `${name} is used.`);
  throw statementError(
    source,
    statement,
    `There is no ${statement.what.toLowerCase()} ${name}; there is ${only}`,
  );
}

async function stopJob(
  { job, withSavepoint, withDrain }: StopJob,
  ports: SqlPorts,
): Promise<StatementResult> {
  if (!withSavepoint) {
    await ask(ports, (rpc) => rpc.deleteJob(job));
    return done("STOP JOB", `Job ${job} is stopped.`);
  }
  const taken = await ask(ports, (rpc) => rpc.createSavepoint(job, { stop: true, drain: withDrain }));
  return {
    statement: "STOP JOB",
    table: { fields: textFields("savepoint path"), rows: [[String(taken.savepoint)]] },
    message: `Job ${job} stops with savepoint ${taken.savepoint}.`,
  };
}

function explain({ statement, ...span }: Explain, context: StatementContext): StatementResult {
  const { source, options } = context;
  switch (statement.kind) {
    case "query": {
      const text = explainQuery(bindQuery(statement.query, context), options);
      return textResult("EXPLAIN", "result", [text]);
    }
    case "insert":
    case "statement set": {
      const inserts = statement.kind === "insert" ? [statement] : statement.inserts;
      const plans = inserts.map((each) => bindInsert(each, context));
      return textResult("EXPLAIN", "result", [explainInserts(plans, options)]);
    }
    case "create table":
      if (statement.query) {
        const { prepared } = planFilledTable(statement, statement.query, context);
        return textResult("EXPLAIN", "result", [explainInserts(prepared.bound, options)]);
      }
  }
  throw notSupported(source, span, "EXPLAIN of anything but a query, INSERT or CREATE TABLE … AS");
}
