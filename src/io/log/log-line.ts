import type { LogFields } from "../../base/log.ts";
import { hasInvisible, printable } from "../../base/printable.ts";
import type { LineFormat, LogLevel } from "./log.ts";

/** Maximum number of characters of a message in a line. */
export const maxMessage = 1024;
const maxValue = 512;
const maxLine = 4096;
/** Our own faults are rare and come with a stack, which is useless when cut. */
const maxFault = 4096;
const maxFaultLine = 8192;

/**
 * `2026-11-23 01:02:03.456 INFO  [c17] publish started addr=192.168.1.9:52144 stream=/live/livestream`, in local time.
 * Text from a peer can neither begin a line, nor imitate another field, nor make the line endless.
 */
export const textLine: LineFormat = (time, level, id, message, fields) =>
  formatText(`${formatTime(time)} `, level, id, message, fields);

/** The same for the system's journal, which adds the time and takes the level from the number in front (syslog's). */
export const journalLine: LineFormat = (_time, level, id, message, fields) =>
  formatText(`<${priorities[level]}>`, level, id, message, fields);

/** syslog's priorities of the levels. */
export const priorities: Readonly<Record<LogLevel, number>> = { debug: 7, info: 6, warn: 4, error: 3 };

function formatText(before: string, level: LogLevel, id: string, message: string, fields: LogFields): string {
  const head = `${before}${level.toUpperCase().padEnd(5)}${id && ` [${id}]`}`;
  let line = `${head} ${printable(shorten(message, maxMessage))}`;
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) line += ` ${name}=${formatValue(value, maxCharsOf(level, name))}`;
  }
  return shorten(line, level === "error" ? maxFaultLine : maxLine);
}

/** Maximum number of characters of a field in a line. */
export function maxCharsOf(level: LogLevel, name: string): number {
  return level === "error" && name === "error" ? maxFault : maxValue;
}

function formatValue(value: string | number | boolean, max: number): string {
  if (typeof value !== "string") return String(value);
  const text = shorten(value, max);
  if (/^[^\s"=\\]+$/.test(text) && !hasInvisible(text)) return text;
  return `"${printable(text.replace(/["\\]/g, "\\$&"))}"`;
}

/** The text, cut to the maximum length. */
export function shorten(text: string, max: number): string {
  return text.length > max ? `${text.slice(0, max)}…` : text;
}

function formatTime(time: Date): string {
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  return `${date} ${clock}.${String(time.getMilliseconds()).padStart(3, "0")}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
