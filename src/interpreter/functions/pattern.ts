/**
 * Text and patterns: LIKE, SIMILAR TO and regular expressions, which are Java's.
 *
 * What is no regular expression matches nothing or gives null; some functions refuse it where it is written
 * in the statement. The empty one is found nowhere by REGEXP, and everywhere by others.
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
import type { SqlValue } from "../values/sql-value.ts";
import { compileJavaPattern, constantPattern, type JavaPattern } from "./regexp/java-pattern.ts";
import { compileLike, compileSimilar, type TextTest } from "./regexp/like-pattern.ts";
import { checkMadeText, textArrayShape } from "./text-shapes.ts";

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
  /** The value where the pattern is none: null where not said. */
  readonly ofNone?: SqlValue;
  /** A pattern that is written and is none is refused. */
  readonly refusesNone?: true;
  readonly evaluate: (pattern: JavaPattern, value: string, more: SqlValue | undefined) => SqlValue;
}

/** What Java knows and patterns here do not is said by its name. */
function whatIsWrong(pattern: string): string {
  const [unknown, block] = /\\(?:[GX]|N\{[^}]*\}|[pP]\{(?:In|blk=|block=)(\w*)\})/.exec(pattern) ?? [];
  if (unknown === undefined) return `and '${pattern}' is none`;
  const instead = block ? `; write the script, as \\p{Is${block}}, or a range of characters` : "";
  return `and '${pattern}' has ${unknown}, which is not supported${instead}`;
}

function regexpFunction(facts: RegexpFunction): ScalarFunction {
  const { name, more = [], isOptional, result, ofNone = null, refusesNone, evaluate } = facts;
  const taken = takes([text, text, ...more], result, isOptional ? { optional: 1 } : {});
  const signature: Signature = (call) => {
    const [, pattern] = call.constants;
    if (refusesNone && typeof pattern === "string" && compileJavaPattern(pattern) === undefined) {
      return { refusal: `${name} takes a regular expression of Java, ${whatIsWrong(pattern)}` };
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

/** The replacement is taken as it is. */
function replaceAll(pattern: JavaPattern, value: string, by: string): string {
  let made = value.length;
  return pattern.replaceAll(value, () => {
    made += by.length;
    checkMadeText("REGEXP_REPLACE", made);
    return by;
  });
}

const regexpFunctions: readonly RegexpFunction[] = [
  {
    name: "REGEXP",
    usage: "",
    result: returns(booleanShape),
    ofNone: false,
    refusesNone: true,
    evaluate: (pattern, value) => pattern.source !== "" && pattern.indexIn(value) >= 0,
  },
  {
    name: "REGEXP_COUNT",
    usage: "",
    result: returnsNullable(intShape),
    evaluate: (pattern, value) => [...pattern.findAll(value)].length,
  },
  {
    name: "REGEXP_EXTRACT",
    more: [int],
    isOptional: true,
    usage: " [, group]",
    result: returnsNullable(stringShape),
    refusesNone: true,
    evaluate: (pattern, value, number = 0) => {
      const group = groupOf(pattern, number);
      return group === undefined ? null : (pattern.find(value)?.groups[group] ?? null);
    },
  },
  {
    name: "REGEXP_EXTRACT_ALL",
    more: [wholeNumber],
    isOptional: true,
    usage: " [, group]",
    result: returnsNullable(textArrayShape),
    evaluate: (pattern, value, number = 1) => {
      const group = groupOf(pattern, number);
      if (group === undefined) return null;
      return Array.from(pattern.findAll(value), ({ groups }) => groups[group] ?? null);
    },
  },
  {
    name: "REGEXP_INSTR",
    usage: "",
    result: returnsNullable(intShape),
    evaluate: (pattern, value) => pattern.indexIn(value) + 1,
  },
  {
    name: "REGEXP_REPLACE",
    more: [text],
    usage: ", replacement",
    result: returnsNullable(stringShape),
    refusesNone: true,
    evaluate: (pattern, value, by) => replaceAll(pattern, value, by as string),
  },
  {
    name: "REGEXP_SUBSTR",
    usage: "",
    result: returnsNullable(stringShape),
    evaluate: (pattern, value) => pattern.find(value)?.groups[0] ?? null,
  },
];

export const patternFunctions: readonly ScalarFunction[] = [
  patternTest("LIKE", compileLike, true),
  patternTest("SIMILAR TO", compileSimilar, false),
  ...regexpFunctions.map(regexpFunction),
];
