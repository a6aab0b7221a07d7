/**
 * Table programs: the changes that reach a sink are Flink's, before and behind a savepoint that restores at
 * another number of partitions.
 */
import { EngineError } from "../../src/base/errors.ts";
import { idOf, type Outcome, type Suite } from "./suite.ts";
import { type ProgramRow, type ProgramTable, TableProgram } from "./table-program.ts";
import { Unresolved } from "./tagged-values.ts";

interface ProgramCase {
  readonly uid: string;
  readonly file: string;
  readonly usedBy: readonly {
    readonly kind: string | null;
    readonly afterRestoreSource?: "FINITE" | "INFINITE" | "NO_RESTORE";
  }[];
  readonly sources: readonly (ProgramTable & {
    readonly rows: readonly ProgramRow[];
    readonly rowsAfterRestore: readonly ProgramRow[];
  })[];
  readonly sinks: readonly (ProgramTable & {
    readonly compare: "changelog" | "materialized";
    readonly expected?: readonly Expected[];
    readonly expectedAfterRestore?: readonly Expected[];
  })[];
  readonly sql: readonly string[];
  readonly config?: readonly { readonly key: string; readonly value: unknown }[];
  readonly portability: string;
}

interface Expected {
  readonly str: string;
}

/** Files of which every portable program passes; the others need what comes later. */
const required: ReadonlySet<string> = new Set(
  (
    "WindowAggregate GroupWindowAggregate WindowTableFunction GroupAggregate Calc Union Sort Correlate " +
    "WatermarkAssigner MiniBatchAssigner TableSourceScan Sink TableSink ConstraintEnforcer"
  ).split(" "),
);

/** Programs of these files that need what comes later. */
const exceptions: Readonly<Record<string, string>> = {
  MINI_BATCH_ASSIGNER_ROW_TIME: "joins",
  UPSERT_KEY_DIFFERS_FROM_PK_WITH_ON_CONFLICT: "joins",
  SORT_LIMIT_ASC: "Top-N",
  SORT_LIMIT_DESC: "Top-N",
};

export const programsSuite: Suite = {
  file: "programs.json",
  required: 1,
  read: (content) =>
    (content as { readonly cases: readonly ProgramCase[] }).cases.map((each) => ({
      id: idOf(each.uid),
      title: each.uid,
      run: () => judge(each),
    })),
};

function judge(each: ProgramCase): Outcome {
  const why = laterWhy(each);
  if (why !== undefined) return { outcome: "later", why };
  const kinds = each.usedBy.filter(({ kind }) => kind === "restore" || kind === "semantic");
  try {
    for (const { kind, afterRestoreSource } of kinds) {
      const failure = kind === "semantic" ? runOnce(each) : runRestored(each, afterRestoreSource ?? "FINITE");
      if (failure !== undefined) return { outcome: "failed", why: failure };
    }
    return { outcome: "passed" };
  } catch (thrown) {
    if (thrown instanceof Unresolved) return { outcome: "later", why: `not spelled out: ${thrown.message}` };
    if (thrown instanceof EngineError) return { outcome: "failed", why: thrown.message };
    throw thrown;
  }
}

/** What a program needs that is not there yet, by its name; undefined where it must pass. */
function laterWhy({ uid, file, portability, usedBy }: ProgramCase): string | undefined {
  const name = uid.split(".")[1] ?? "";
  if (exceptions[name]) return exceptions[name];
  const ofFile =
    file
      .split("/")
      .at(-1)
      ?.replace(/(Semantic)?Test(Programs)?\.java$/, "") ?? "";
  if (!portability.startsWith("A")) return `${portability}: not a portable program`;
  if (!required.has(ofFile)) return `${ofFile}: joins, OVER, Top-N and patterns come next`;
  const isJudged = usedBy.some(({ kind }) => kind === "restore" || kind === "semantic");
  return isJudged ? undefined : "no test of Flink runs it over streams";
}

function programOf({ sources, sinks, sql, config = [] }: ProgramCase): TableProgram {
  const options = config.map(({ key, value }) => [key, optionText(value)] as const);
  return new TableProgram(sources, sinks, sql, Object.fromEntries(options));
}

function optionText(value: unknown): string {
  if (typeof value === "object" && value !== null && "ms" in value) return `${value.ms} ms`;
  return String(value);
}

/** One run to the end of the sources. */
function runOnce(each: ProgramCase): string | undefined {
  const program = programOf(each);
  program.start(2);
  for (const { name, rows, rowsAfterRestore } of each.sources)
    program.feed(name, [...rows, ...rowsAfterRestore]);
  program.end();
  return differenceIn(each, program, true);
}

/** A run up to a savepoint, and one that goes on from it, at other numbers of partitions. */
function runRestored(each: ProgramCase, after: "FINITE" | "INFINITE" | "NO_RESTORE"): string | undefined {
  for (const [before, behind] of [
    [1, 1],
    [2, 3],
  ] as const) {
    const program = programOf(each);
    program.start(before);
    for (const { name, rows } of each.sources) program.feed(name, rows);
    if (after === "NO_RESTORE") {
      program.end();
      const ended = differenceIn(each, program, true);
      if (ended !== undefined) return ended;
      continue;
    }
    const first = differenceIn(each, program, false);
    if (first !== undefined) return `before the savepoint: ${first}`;
    program.restore(behind);
    for (const { name, rowsAfterRestore } of each.sources) program.feed(name, rowsAfterRestore);
    if (after === "FINITE") program.end();
    const second = differenceIn(each, program, true);
    if (second !== undefined) return `at ${behind} partitions behind ${before}: ${second}`;
  }
  return undefined;
}

function differenceIn({ sinks }: ProgramCase, program: TableProgram, isWhole: boolean): string | undefined {
  for (const { name, compare, expected = [], expectedAfterRestore = [] } of sinks) {
    const wanted = [...expected, ...(isWhole ? expectedAfterRestore : [])].map(({ str }) => str).sort();
    const found = (compare === "materialized" ? contentOf(program, name) : textsOf(program, name)).sort();
    if (JSON.stringify(found) !== JSON.stringify(wanted)) {
      const [extra, missing] = [without(found, wanted), without(wanted, found)];
      return `${name}: too many ${extra.join(" ")}; missing ${missing.join(" ")}`;
    }
  }
  return undefined;
}

function textsOf(program: TableProgram, sink: string): string[] {
  return program.rows(sink).map(({ text }) => text);
}

/** What is left of the changes, as rows that are there. */
function contentOf(program: TableProgram, sink: string): string[] {
  const rows: string[] = [];
  for (const { kind, text } of program.rows(sink)) {
    const plain = `+I${text.slice(2)}`;
    if (kind === "+I" || kind === "+U") rows.push(plain);
    else rows.splice(rows.indexOf(plain), 1);
  }
  return rows;
}

/** Those of `some` that are not among `others`, each as often as it is too many. */
function without(some: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return some.filter((each) => {
    const place = left.indexOf(each);
    if (place >= 0) left.splice(place, 1);
    return place < 0;
  });
}
