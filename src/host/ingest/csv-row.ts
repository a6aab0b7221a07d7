/**
 * One row of CSV at a time (RFC 4180): where its fields lie, which are in quotes, and where it ends.
 *
 * No text is made of it: a parser of texts would lose which fields were in quotes, and with that the
 * difference between nothing and an empty text, and the bytes by which a body is cut.
 */
const quote = 0x22;
const comma = 0x2c;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;

export interface CsvFault {
  readonly offset: number;
  readonly message: string;
}

export class CsvRow {
  /** Offsets of the fields' text, without quotes around it. */
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  readonly isQuoted: boolean[] = [];
  /** Fields in which two quotes stand for one. */
  readonly isDoubled: boolean[] = [];
  count = 0;
  start = 0;
  /** Behind the last field, in front of the line break. */
  contentEnd = 0;
  /** Behind the line break. */
  end = 0;
  fault: CsvFault | undefined;
  readonly #body: Uint8Array;

  constructor(body: Uint8Array) {
    this.#body = body;
  }

  /** Reads the row that begins at `start`; false where the body is over. Blank lines are no rows. */
  read(start: number): boolean {
    const body = this.#body;
    let at = start;
    while (body[at] === lineFeed || body[at] === carriageReturn) at++;
    this.start = at;
    this.end = at;
    this.count = 0;
    this.fault = undefined;
    if (at >= body.length) return false;
    while (true) {
      at = body[at] === quote ? this.#readQuoted(at + 1) : this.#readPlain(at);
      if (body[at] !== comma) break;
      at++;
    }
    this.contentEnd = at;
    this.end = body[at] === carriageReturn && body[at + 1] === lineFeed ? at + 2 : at + 1;
    if (this.end > body.length) this.end = body.length;
    return true;
  }

  /** Returns the offset behind the field, where a comma, a line break or nothing stands. */
  #readPlain(start: number): number {
    const body = this.#body;
    let at = start;
    for (; at < body.length; at++) {
      const byte = body[at] as number;
      if (byte === comma || byte === lineFeed || byte === carriageReturn) break;
      if (byte === quote) {
        const message =
          "Found a quote in a field that does not begin with one; " +
          "put the field in quotes and double those in it.";
        this.fault ??= { offset: at, message };
      }
    }
    this.#add(start, at, false, false);
    return at;
  }

  #readQuoted(start: number): number {
    const body = this.#body;
    let isDoubled = false;
    let at = start;
    while (true) {
      at = body.indexOf(quote, at);
      if (at < 0) {
        const message = "Found the end of the body, expected the quote that closes the field.";
        this.fault ??= { offset: start - 1, message };
        this.#add(start, body.length, true, isDoubled);
        return body.length;
      }
      if (body[at + 1] !== quote) break;
      isDoubled = true;
      at += 2;
    }
    this.#add(start, at, true, isDoubled);
    return this.#readBehindQuote(at + 1);
  }

  #readBehindQuote(start: number): number {
    const body = this.#body;
    let at = start;
    while (at < body.length) {
      const byte = body[at] as number;
      if (byte === comma || byte === lineFeed || byte === carriageReturn) break;
      const message = "Found text behind a closing quote, expected a comma or the end of the line.";
      this.fault ??= { offset: at, message };
      at++;
    }
    return at;
  }

  #add(start: number, end: number, isQuoted: boolean, isDoubled: boolean): void {
    const index = this.count++;
    this.starts[index] = start;
    this.ends[index] = end;
    this.isQuoted[index] = isQuoted;
    this.isDoubled[index] = isDoubled;
  }
}
