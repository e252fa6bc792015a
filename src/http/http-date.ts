const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const MONTH = `(?<month>${MONTHS.join("|")})`;
const TIME = "(?<hour>[0-9]{2}):(?<minute>[0-9]{2}):(?<second>[0-9]{2})";
/** The three spellings of a date (RFC 9110, 5.6.7): the one that is sent, and two that are also read. */
const SPELLINGS = [
  new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?<day>[0-9]{2}) ${MONTH} (?<year>[0-9]{4}) ${TIME} GMT$`),
  new RegExp(`^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>[0-9]{2})-${MONTH}-(?<year>[0-9]{2}) ${TIME} GMT$`),
  new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ${MONTH} (?<day>[0-9 ][0-9]) ${TIME} (?<year>[0-9]{4})$`),
];

/** A date as headers have it, in whole seconds: IMF-fixdate (RFC 9110, 5.6.7). `unixMs` may have fractions. */
export function formatHttpDate(unixMs: number): string {
  return new Date(unixMs).toUTCString();
}

/**
 * Reads a date in any of the three spellings, as Unix ms; undefined if it is none. `nowMs` decides on years of two digits: one
 * that seems more than 50 years ahead is past (RFC 9110, 5.6.7).
 */
export function parseHttpDate(text: string, nowMs: number): number | undefined {
  for (const spelling of SPELLINGS) {
    const parts = spelling.exec(text)?.groups;
    if (parts !== undefined) return unixMsOf(parts, nowMs);
  }
  return undefined;
}

function unixMsOf(parts: Readonly<Record<string, string | undefined>>, nowMs: number): number | undefined {
  const number = (name: string) => Number(parts[name]);
  const month = MONTHS.indexOf(parts.month ?? "");
  const [day, hour, minute, second] = [number("day"), number("hour"), number("minute"), number("second")];
  // A leap second is valid; Date counts it as the next second.
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  let year = number("year");
  if (parts.year?.length === 2) {
    const now = new Date(nowMs).getUTCFullYear();
    year += now - (now % 100);
    if (year > now + 50) year -= 100;
  }
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  if (date.getUTCMonth() !== month || date.getUTCDate() !== day) return undefined;
  return date.setUTCHours(hour, minute, second);
}

/** The value of the Date header, made once a second. */
export class DateHeader {
  #second = Number.NaN;
  #text = "";

  /** The date of `unixMs`. */
  at(unixMs: number): string {
    const second = Math.floor(unixMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = formatHttpDate(second * 1000);
    }
    return this.#text;
  }
}
