/**
 * What steps make of all values that a key has: bounds, ends and distinct values, of rows that may be taken
 * back or not; as a definition and as a slow answer.
 */

/** A row of `n` rows, negative where they are taken back; `total` is the value with that sign. */
interface WeighedRow {
  readonly n: number;
  readonly total: number | null;
  readonly least: string | null;
}

/** Of `n`, and of a text column. */
export function keptValuesBody(text?: string): object {
  const distinct = true;
  return {
    fewest: { function: "min", argument: "n" },
    most: { function: "max", argument: "n" },
    sizes: { function: "count", argument: "n", distinct },
    size_sum: { function: "sum", argument: "n", distinct },
    size_mean: { function: "avg", argument: ["cast", "n", "DOUBLE"], distinct },
    earliest: { function: "first_value", argument: "n" },
    latest: { function: "last_value", argument: "n" },
    ...(text && {
      lowest: { function: "min", argument: text },
      highest: { function: "max", argument: text },
      texts: { function: "count", argument: text, distinct },
      earliest_text: { function: "first_value", argument: text },
      latest_text: { function: "last_value", argument: text },
    }),
  };
}

/** The same of rows in the order in which they came, each with its sign; `least` is the text. */
export function keptValuesOf(rows: readonly WeighedRow[], hasTexts: boolean): Record<string, unknown> {
  const numbers = leftOf(rows.map((row) => ({ n: row.n, value: row.n * (row.total ?? 0) })));
  const different = [...new Set(numbers)];
  const sum = different.reduce((total, value) => total + value, 0);
  const texts = leftOf(rows.flatMap(({ n, least }) => (least === null ? [] : [{ n, value: least }])));
  const inOrder = [...texts].sort();
  return {
    ...{ fewest: Math.min(...numbers), most: Math.max(...numbers) },
    ...{ sizes: different.length, size_sum: sum, size_mean: sum / different.length },
    ...{ earliest: numbers[0], latest: numbers.at(-1) },
    ...(hasTexts && {
      ...{ lowest: inOrder[0] ?? null, highest: inOrder.at(-1) ?? null, texts: new Set(texts).size },
      ...{ earliest_text: texts[0] ?? null, latest_text: texts.at(-1) ?? null },
    }),
  };
}

/** The values that were not taken back, by arrival: each time the earliest of its equals goes. */
function leftOf<Value>(rows: readonly { readonly n: number; readonly value: Value }[]): Value[] {
  const left: Value[] = [];
  for (const { n, value } of rows) {
    if (n > 0) left.push(value);
    else if (left.includes(value)) left.splice(left.indexOf(value), 1);
  }
  return left;
}

/** A row of a view without what arrival decides: what is first and last. */
export function withoutEnds(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { first: _, last: __, earliest: ___, latest: ____, ...rest } = row;
  const { earliest_text: _____, latest_text: ______, ...others } = rest;
  return others;
}
