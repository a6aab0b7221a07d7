/**
 * Statements about functions: a name in SQL for what the deployed worker registers.
 */
import { suggestName } from "../../base/suggest-name.ts";
import { findAggregate } from "../../interpreter/aggregates/built-in.ts";
import { findFunction } from "../../interpreter/functions/built-in.ts";
import { simpleName } from "../../sql/bind/bind-context.ts";
import { declarationOf, usageOf } from "../../sql/bind/user-function.ts";
import type { AlterFunction, CreateFunction, FunctionFacts, Show } from "../../sql/parse/statement-tree.ts";
import { notSupported, statementError } from "../../sql/parse/syntax-error.ts";
import type { QualifiedName } from "../../sql/parse/syntax-tree.ts";
import type { FunctionDefinition } from "../coordinator/sql-objects.ts";
import { functionNamed, registeredAs, type StatementContext } from "./read-catalog.ts";
import { ask, type SqlPorts } from "./sql-ports.ts";
import { done, type StatementResult, textFields, textResult } from "./statement-result.ts";

export async function createFunction(
  statement: CreateFunction,
  context: StatementContext,
  ports: SqlPorts,
): Promise<StatementResult> {
  const { source, catalog } = context;
  const name = simpleName(source, statement.name);
  const upper = name.toUpperCase();
  if (findFunction(upper) ?? findAggregate(upper)) {
    throw statementError(source, statement.name, `${upper} is built in; give the function another name`);
  }
  if (functionNamed(catalog.functions, name)) {
    if (statement.ifNotExists) return done("CREATE FUNCTION", `Function ${name} is there already.`);
    const message = `There is a function ${name} already; say IF NOT EXISTS to keep it`;
    throw statementError(source, statement.name, message);
  }
  const definition = definedBy(statement, name, context, ports);
  const existing = statement.ifNotExists ? "keep" : "error";
  const isNew = await ask(ports, (rpc) => rpc.putSqlObject({ kind: "function", definition }, existing));
  return done("CREATE FUNCTION", `Function ${name} is ${isNew ? "made" : "there already"}.`);
}

/** Gives a function another implementation; jobs go on with that which they were made with. */
export async function alterFunction(
  statement: AlterFunction,
  context: StatementContext,
  ports: SqlPorts,
): Promise<StatementResult> {
  const { catalog, source } = context;
  const name = simpleName(source, statement.name);
  const found = functionNamed(catalog.functions, name);
  if (!found) {
    if (statement.ifExists) return done("ALTER FUNCTION", `There is no function ${name}.`);
    throw unknownFunction(statement.name, context);
  }
  const definition = definedBy(statement, found.name, context, ports);
  await ask(ports, (rpc) => rpc.putSqlObject({ kind: "function", definition }, "replace"));
  return done("ALTER FUNCTION", `Function ${found.name} is changed.`);
}

function definedBy(
  { implementation, language, ...span }: FunctionFacts,
  name: string,
  { source }: StatementContext,
  { functions }: SqlPorts,
): FunctionDefinition {
  if (language !== undefined && language !== "TYPESCRIPT" && language !== "JAVASCRIPT") {
    const what = `functions in ${language}; write it in TypeScript and register it in the worker`;
    throw notSupported(source, span, what);
  }
  const definition = { name, implementation, ...(language !== undefined && { language }) };
  declarationOf(name, registeredAs(definition, functions));
  return definition;
}

export function describeFunction(named: QualifiedName, context: StatementContext): StatementResult {
  const { name, implementation, language } = findNamed(named, context);
  const user = context.catalog.function(name);
  const facts: [string, string | undefined][] = [
    ["is system function", "false"],
    ["is temporary", "false"],
    ["implementation", implementation],
    ["function language", language ?? "TYPESCRIPT"],
    ["kind", user?.kind.toUpperCase()],
    ["is deterministic", String(user?.isDeterministic !== false)],
    ["signature", user && `${usageOf(name, user)} -> ${user.returns}`],
  ];
  return {
    statement: "DESCRIBE",
    table: {
      fields: textFields("info name", "info value"),
      rows: facts.map(([fact, value]) => [fact, value ?? null]),
    },
  };
}

export function showCreateFunction({ what, of }: Show, context: StatementContext): StatementResult {
  const { name, implementation, language } = findNamed(of, context);
  const said = language === undefined ? "" : ` LANGUAGE ${language}`;
  const text = `CREATE FUNCTION \`${name}\` AS '${implementation.replaceAll("'", "''")}'${said}`;
  return textResult(`SHOW ${what}`, "result", [text]);
}

function findNamed(named: QualifiedName | undefined, context: StatementContext): FunctionDefinition {
  const found = named && functionNamed(context.catalog.functions, simpleName(context.source, named));
  if (found) return found;
  throw unknownFunction(named, context);
}

function unknownFunction(named: QualifiedName | undefined, { source, catalog }: StatementContext) {
  const name = named ? simpleName(source, named) : "";
  const suggestion = suggestName(
    name,
    catalog.functions.map((each) => each.name),
  );
  const message = `There is no function ${name} that CREATE FUNCTION made${suggestion}`;
  return statementError(source, named ?? { start: 0, end: 0 }, message);
}
