/** Dates and timestamps in text, read with regular expressions and the platform's Date. */

const dayGrammar = /^(\d{4})([-/])(\d\d)\2(\d\d)$/;
const timeGrammar =
  /^(\d{4}([-/])\d\d\2\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(?:[Zz]|([+-])(\d\d):(\d\d))?$/;

/** Returns days since 1970, `undefined` where the text names no day. */
export function dayOf(text: string): bigint | undefined {
  const match = dayGrammar.exec(text);
  if (!match) return undefined;
  const [year, month, day] = [Number(match[1]), Number(match[3]), Number(match[4])];
  const date = new Date(0);
  // Date.UTC takes the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCFullYear() !== year || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) {
    return undefined;
  }
  return BigInt(date.getTime() / 86_400_000);
}

/** Returns milliseconds since 1970, `undefined` where the text names no time. */
export function timeOf(text: string): bigint | undefined {
  const match = timeGrammar.exec(text);
  const day = match ? dayOf(match[1] ?? "") : undefined;
  if (!match || day === undefined) return undefined;
  const [hour, minute, second] = [Number(match[3]), Number(match[4]), Number(match[5] ?? 0)];
  const millis = Number((match[6] ?? "").slice(0, 3).padEnd(3, "0"));
  const [offsetHour, offsetMinute] = [Number(match[8] ?? 0), Number(match[9] ?? 0)];
  if (hour > 23 || minute > 59 || second > 59 || offsetHour > 23 || offsetMinute > 59) return undefined;
  const offset = (offsetHour * 60 + offsetMinute) * 60_000 * (match[7] === "-" ? -1 : 1);
  const time = ((hour * 60 + minute) * 60 + second) * 1000 + millis - offset;
  return day * 86_400_000n + BigInt(time);
}
