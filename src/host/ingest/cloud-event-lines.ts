/**
 * CloudEvents 1.0 in JSON, one or a batch, as JSON lines: `data` is the record. Attributes feed columns of
 * their name where `data` has no such field, so that a column `id` or `time` need not be repeated in it.
 *
 * Numbers stay as they are written: they may have more digits than a double.
 */
import { partBytesMax, partRowsMax } from "../../base/limits.ts";
import { encodeUtf8 } from "../../base/utf8.ts";
import { type BadRecord, BadRecordReason, rejectedBytesKept } from "../../columnar/bad-record.ts";
import { type BodyPosition, elementEnd, spaceEnd, textStart } from "../../kernel/json-body.ts";
import { LineWriter } from "./line-writer.ts";
import type { LinesPart, RecordLines } from "./record-lines.ts";

const [bracketOpen, bracketClose, comma, lineFeed] = [0x5b, 0x5d, 0x2c, 0x0a] as const;

const tooDeep = "Found too many levels of nesting, expected at most 64.";

const required = ["id", "source", "type"] as const;

/** Members of an event that are no attributes. */
const notAttributes: ReadonlySet<string> = new Set(["data", "data_base64", "specversion"]);

/** JSON as it has become: the text of a number is known where it is read, and written as it was. */
interface ExactJson {
  parse(
    text: string,
    revive: (key: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): boolean;
}

const exactJson = JSON as unknown as ExactJson;

interface Span {
  readonly start: number;
  readonly end: number;
  /** Whether it is all that is left of the body. */
  readonly isRest?: boolean;
}

export class CloudEventLines implements RecordLines {
  readonly isNested = true;
  readonly #body: Uint8Array;
  readonly #isBatch: boolean;

  constructor(body: Uint8Array, isBatch: boolean) {
    this.#body = body;
    this.#isBatch = isBatch;
  }

  partAt(from: BodyPosition): LinesPart {
    const writer = new LineWriter();
    const rejected: BadRecord[] = [];
    const spans: Span[] = [];
    let place: BodyPosition | undefined = from;
    let bytes = 0;
    while (place && spans.length < partRowsMax) {
      const event = this.#eventAt(place);
      if (!event) return this.#part(writer, rejected, spans, from, undefined);
      bytes += event.end - event.start;
      if (bytes > partBytesMax && spans.length > 0) break;
      const line = lineOf(this.#body, event, from.recordsBefore + spans.length + 1);
      if (typeof line === "string") writer.raw(encodeUtf8(line));
      else rejected.push(line);
      writer.byte(lineFeed);
      spans.push(event);
      place = this.#behind(event, from.recordsBefore + spans.length);
    }
    return this.#part(writer, rejected, spans, from, place);
  }

  #part(
    writer: LineWriter,
    rejected: readonly BadRecord[],
    spans: readonly Span[],
    from: BodyPosition,
    next: BodyPosition | undefined,
  ): LinesPart {
    return {
      lines: writer.bytes,
      rejected,
      next,
      sourceOf: (record) => {
        const span = spans[record - from.recordsBefore - 1];
        return span && { bytes: kept(this.#body, span), column: 1 };
      },
    };
  }

  /** The event, or what stands where one should: nothing where the batch is empty or over. */
  #eventAt({ place, offset }: BodyPosition): Span | undefined {
    const body = this.#body;
    const start = spaceEnd(body, place === "start" ? textStart(body) : offset);
    if (!this.#isBatch || (place === "start" && body[start] !== bracketOpen)) {
      return { start, end: body.length, isRest: true };
    }
    if (place === "end") return { start, end: body.length, isRest: true };
    const first = place === "start" ? spaceEnd(body, start + 1) : start;
    if (place === "start" && body[first] === bracketClose) {
      const behind = spaceEnd(body, first + 1);
      return behind === body.length ? undefined : { start: behind, end: body.length, isRest: true };
    }
    return { start: first, end: elementEnd(body, first) };
  }

  /** Behind the last element stands its bracket, and nothing but white space. */
  #behind({ end, isRest }: Span, recordsBefore: number): BodyPosition | undefined {
    const body = this.#body;
    if (!isRest && body[end] === comma) return { offset: end + 1, recordsBefore, place: "record" };
    if (isRest || spaceEnd(body, end + 1) === body.length) return undefined;
    return { offset: Math.min(end + 1, body.length), recordsBefore, place: "end" };
  }
}

/** The record of an event as JSON without line breaks, or why there is none. */
function lineOf(body: Uint8Array, span: Span, record: number): string | BadRecord {
  const refuse = (reason: BadRecordReason, message: string, field?: string): BadRecord => ({
    ...{ record, column: 1, reason, field, message },
    bytes: kept(body, span),
  });
  const bytes = body.subarray(span.start, span.end);
  if (bytes.length > partBytesMax) {
    const message = `Found an event of ${bytes.length} bytes, expected at most ${partBytesMax}.`;
    return refuse(BadRecordReason.TooLong, message);
  }
  let event: unknown;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    event = exactJson.parse(text, (_key, value, { source }) =>
      typeof value === "number" && source !== undefined ? exactJson.rawJSON(source) : value,
    );
  } catch (cause) {
    if (cause instanceof RangeError) return refuse(BadRecordReason.TooDeep, tooDeep);
    if (!(cause instanceof SyntaxError))
      return refuse(BadRecordReason.NotUtf8, "Found bytes that are no UTF-8.");
    return refuse(BadRecordReason.NotJson, `Found no JSON: ${cause.message}.`);
  }
  const why = whyNot(event);
  if (why !== undefined) return refuse(BadRecordReason.NotACloudEvent, why);
  const { data, ...members } = event as Readonly<Record<string, unknown>>;
  const attributes = Object.entries(members).filter(([name]) => !notAttributes.has(name));
  try {
    return JSON.stringify(Object.fromEntries([...attributes, ...Object.entries(data ?? {})]));
  } catch {
    return refuse(BadRecordReason.TooDeep, tooDeep);
  }
}

/** What an event lacks, in words. */
function whyNot(event: unknown): string | undefined {
  if (typeof event !== "object" || event === null || Array.isArray(event) || exactJson.isRawJSON(event)) {
    return "Found no object, expected a CloudEvent.";
  }
  const members = event as Readonly<Record<string, unknown>>;
  if (members.specversion !== "1.0") {
    const found = JSON.stringify(members.specversion) ?? "nothing";
    return `Found ${found.slice(0, 40)} as "specversion", expected "1.0".`;
  }
  const missing = required.find((name) => typeof members[name] !== "string" || members[name] === "");
  if (missing !== undefined) return `Found no text as "${missing}", which a CloudEvent must have.`;
  if (members.data_base64 !== undefined) {
    return 'Found "data_base64", expected a JSON object as "data": bytes have no columns.';
  }
  const { data } = members;
  if (data === undefined || data === null) return undefined;
  if (typeof data === "object" && !Array.isArray(data) && !exactJson.isRawJSON(data)) return undefined;
  return 'Found no object as "data", expected the record.';
}

function kept(body: Uint8Array, { start, end }: Span): Uint8Array {
  return body.slice(start, Math.min(end, start + rejectedBytesKept));
}
