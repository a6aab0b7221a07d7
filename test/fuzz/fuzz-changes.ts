/**
 * Requests for changes of a view, good and bad ones: each is answered as the description of the API says. A
 * stream has no end, so only its beginning is read.
 */
import type { Random } from "../arbitraries/random.ts";

/** Of each example a query is made of one value for each parameter, or none. */
const queriesPerExample = 20;
/** How long an answer may take; that of a stream begins at once. */
const answerMsMax = 20_000;

const strange = [
  "",
  "0",
  "null",
  "{}",
  "[]",
  '{"user":null}',
  '{"user":7}',
  "\u0000",
  "ü😀",
  "x".repeat(5000),
];

const values: Readonly<Record<string, readonly string[]>> = {
  key: [...strange, "ann", '{"user":"ann"}', '{"user":"ann","other":1}'],
  snapshot: ["true", "false", "yes", ...strange],
  lastEventId: [
    ...strange,
    "1.1/0:1",
    "1.1/0:1.5,1:2",
    "2.1/0:1",
    "1.9/0:1",
    "1.1/7:1",
    `1.1/0:${"9".repeat(15)}`,
  ],
};

interface Described {
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>;
}

/** Returns whether all was as described; prints what was not. */
export async function fuzzChanges(
  url: string,
  view: string,
  random: Random,
  examples: number,
): Promise<boolean> {
  const api = (await (await fetch(`${url}/openapi.json`)).json()) as {
    readonly paths: Readonly<Record<string, { readonly get: Described }>>;
  };
  const described = api.paths["/v1/views/{view}/changes"]?.get;
  if (!described) throw new Error("The API's description has no changes of views.");
  const statuses = new Map<number, number>();
  for (let query = 0; query < examples * queriesPerExample; query++) {
    const address = new URL(`${url}/v1/views/${random.chance(0.9) ? view : "none"}/changes`);
    for (const [name, all] of Object.entries(values)) {
      if (random.chance(0.5)) address.searchParams.append(name, random.pick(all));
      if (random.chance(0.05)) address.searchParams.append(name, random.pick(all));
    }
    const accepts = random.pick(["text/event-stream", "application/json", "*/*", undefined]);
    const { status, problem } = await ask(address, accepts, described);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (problem === undefined) continue;
    console.error(`GET ${address.pathname}${address.search} with Accept ${accepts}: ${problem}`);
    return false;
  }
  console.log(`changes: ${[...statuses].map(([status, count]) => `${count} × ${status}`).join(", ")}`);
  return true;
}

async function ask(address: URL, accepts: string | undefined, { responses }: Described) {
  const stop = new AbortController();
  const late = setTimeout(() => stop.abort(), answerMsMax);
  try {
    const headers = accepts === undefined ? {} : { Accept: accepts };
    const response = await fetch(address, { headers, signal: stop.signal });
    const { status } = response;
    const type = response.headers.get("content-type")?.split(";")[0] ?? "none";
    const types = Object.keys(responses[status]?.content ?? {});
    if (status >= 500) return { status, problem: `it is answered with ${status}` };
    const isDescribed = types.includes(type);
    const problem = isDescribed ? undefined : `${status} as ${type} is not described, ${status} is ${types}`;
    if (status !== 200) return { status, problem: problem ?? problemOf(status, await response.json()) };
    const first = await response.body?.getReader().read();
    return { status, problem: first?.done ? "its stream ends at once" : problem };
  } catch (thrown) {
    return { status: 0, problem: `there is no answer: ${thrown}` };
  } finally {
    clearTimeout(late);
    stop.abort();
  }
}

function problemOf(status: number, body: unknown): string | undefined {
  const { status: told, code, detail } = body as Record<string, unknown>;
  const isProblem = told === status && typeof code === "string" && typeof detail === "string";
  return isProblem ? undefined : `its body is ${JSON.stringify(body).slice(0, 500)}`;
}
