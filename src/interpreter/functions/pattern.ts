/**
 * Text and patterns: LIKE, SIMILAR TO and regular expressions, which are Java's.
 *
 * What is no regular expression matches nothing or gives null; some functions refuse it where it is written
 * in the statement.
 */
import {
  type CallShape,
  evaluationError,
  type Refusal,
  type ScalarFunction,
  type Signature,
} from "../scalar-function.ts";
import {
  booleanShape,
  int,
  intShape,
  type ResultRule,
  returns,
  returnsNullable,
  stringShape,
  takes,
  text,
  wholeNumber,
} from "../signatures.ts";
import type { SqlShape } from "../types/sql-type.ts";
import type { SqlValue } from "../values/sql-value.ts";
import { compileJavaPattern, constantPattern, type JavaPattern } from "./regexp/java-pattern.ts";
import { compileLike, compileSimilar, type TextTest } from "./regexp/like-pattern.ts";

type Compile = (pattern: string, escaping?: string) => TextTest;

/** Refuses a pattern that is written and is none. */
function patternRefusal(compile: Compile, { constants }: CallShape): Refusal | undefined {
  const [, pattern, escaping] = constants;
  const hasEscape = constants.length > 2;
  if (typeof pattern !== "string" || (hasEscape && typeof escaping !== "string")) return undefined;
  try {
    compile(pattern, hasEscape ? String(escaping) : undefined);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return { refusal: `${thrown.message} (${pattern})` };
    throw thrown;
  }
}

/** The pattern is compiled again only where it is another than before. */
function patternTest(name: string, compile: Compile, isRefused: boolean): ScalarFunction {
  const taken = takes([text, text, text], returns(booleanShape), { optional: 1 });
  return {
    name,
    usage: `text ${name} pattern [ESCAPE character]`,
    signatures: [(call) => (isRefused ? patternRefusal(compile, call) : undefined) ?? taken(call)],
    prepare: () => {
      let known: readonly (SqlValue | undefined)[] = [];
      let test: TextTest = () => false;
      return (value, pattern, escaping) => {
        if (pattern !== known[0] || escaping !== known[1]) {
          test = compileOrFail(name, compile, pattern as string, escaping as string | undefined);
          known = [pattern, escaping];
        }
        return test(value as string);
      };
    },
  };
}

function compileOrFail(
  name: string,
  compile: Compile,
  pattern: string,
  escaping: string | undefined,
): TextTest {
  try {
    return compile(pattern, escaping);
  } catch (thrown) {
    if (thrown instanceof SyntaxError) throw evaluationError(`${name} has no pattern: ${thrown.message}.`);
    throw thrown;
  }
}

interface RegexpFunction {
  readonly name: string;
  /** Behind the text and the regular expression. */
  readonly more?: readonly (typeof text)[];
  readonly isOptional?: true;
  readonly usage: string;
  readonly result: ResultRule;
  /** The value where the pattern is none; one that is written is refused where this is `REFUSED`. */
  readonly ofNone?: SqlValue;
  readonly refusesNone?: true;
  readonly evaluate: (pattern: JavaPattern, value: string, more: SqlValue | undefined) => SqlValue;
}

function regexpFunction(facts: RegexpFunction): ScalarFunction {
  const { name, more = [], isOptional, result, ofNone = null, refusesNone, evaluate } = facts;
  const taken = takes([text, text, ...more], result, isOptional ? { optional: 1 } : {});
  const signature: Signature = (call) => {
    const [, pattern] = call.constants;
    if (refusesNone && typeof pattern === "string" && compileJavaPattern(pattern) === undefined) {
      return { refusal: `${name} takes a regular expression of Java, and '${pattern}' is none` };
    }
    return taken(call);
  };
  return {
    name,
    usage: `${name}(text, regular expression${facts.usage})`,
    signatures: [signature],
    prepare: ({ constants }) => {
      const compiled = constantPattern(constants[1]);
      return (value, source, third) => {
        const pattern = compiled(source);
        return pattern ? evaluate(pattern, value as string, third) : ofNone;
      };
    },
  };
}

/** The number of a group that the pattern has. */
function groupOf(pattern: JavaPattern, number: SqlValue): number | undefined {
  const group = Number(number);
  return group >= 0 && group <= pattern.groupCount ? group : undefined;
}

const textArray: SqlShape = Object.freeze({ name: "ARRAY", element: { ...stringShape, isNullable: true } });

const regexpFunctions: readonly ScalarFunction[] = [
  {
    name: "REGEXP",
    usage: "",
    result: returns(booleanShape),
    ofNone: false,
    refusesNone: true,
    evaluate: (pattern: JavaPattern, value: string) => pattern.find(value) !== undefined,
  } as const,
  {
    name: "REGEXP_COUNT",
    usage: "",
    result: returnsNullable(intShape),
    evaluate: (pattern: JavaPattern, value: string) => [...pattern.findAll(value)].length,
  } as const,
  {
    name: "REGEXP_EXTRACT",
    more: [int],
    isOptional: true,
    usage: " [, group]",
    result: returnsNullable(stringShape),
    refusesNone: true,
    evaluate: (pattern: JavaPattern, value: string, number: SqlValue = 0) => {
      const group = groupOf(pattern, number);
      return group === undefined ? null : (pattern.find(value)?.groups[group] ?? null);
    },
  } as const,
  {
    name: "REGEXP_EXTRACT_ALL",
    more: [wholeNumber],
    isOptional: true,
    usage: " [, group]",
    result: returnsNullable(textArray),
    evaluate: (pattern: JavaPattern, value: string, number: SqlValue = 1) => {
      const group = groupOf(pattern, number);
      if (group === undefined) return null;
      return Array.from(pattern.findAll(value), ({ groups }) => groups[group] ?? null);
    },
  } as const,
  {
    name: "REGEXP_INSTR",
    usage: "",
    result: returnsNullable(intShape),
    evaluate: (pattern: JavaPattern, value: string) => (pattern.find(value)?.index ?? -1) + 1,
  } as const,
  {
    name: "REGEXP_REPLACE",
    more: [text],
    usage: ", replacement",
    result: returnsNullable(stringShape),
    refusesNone: true,
    evaluate: (pattern: JavaPattern, value: string, by: SqlValue | undefined) =>
      pattern.replaceAll(value, by as string),
  } as const,
  {
    name: "REGEXP_SUBSTR",
    usage: "",
    result: returnsNullable(stringShape),
    evaluate: (pattern: JavaPattern, value: string) => pattern.find(value)?.groups[0] ?? null,
  } as const,
].map(regexpFunction);

export const patternFunctions: readonly ScalarFunction[] = [
  patternTest("LIKE", compileLike, true),
  patternTest("SIMILAR TO", compileSimilar, false),
  ...regexpFunctions,
];
