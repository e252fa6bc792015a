import type { LogFields } from "../base/log.ts";

const longestMessage = 1024;
const longestValue = 512;
const longestLine = 4096;
/** Our own faults are rare and come with a stack, which says nothing when it is cut. */
const longestFault = 4096;
const longestFaultLine = 8192;

/**
 * `2026-11-23 01:02:03.456 INFO  [c17] publish started addr=192.168.1.9:52144 stream=/live/livestream`, in local time.
 * What a peer chose can neither begin a line, nor pass for another field, nor make the line endless.
 */
export function formatLine(time: Date, level: string, id: string, message: string, fields: LogFields = {}): string {
  const head = `${formatTime(time)} ${level.toUpperCase().padEnd(5)}${id && ` [${id}]`}`;
  let line = `${head} ${escapeControls(shorten(message, longestMessage))}`;
  for (const [name, value] of Object.entries(fields)) {
    const longest = level === "error" && name === "error" ? longestFault : longestValue;
    if (value !== undefined) line += ` ${name}=${formatValue(value, longest)}`;
  }
  return shorten(line, level === "error" ? longestFaultLine : longestLine);
}

function formatValue(value: string | number | boolean, longest: number): string {
  if (typeof value !== "string") return String(value);
  const text = shorten(value, longest);
  if (/^[^\s"=\\]+$/.test(text) && !invisible.test(text)) return text;
  return `"${escapeControls(text.replace(/["\\]/g, "\\$&"))}"`;
}

/**
 * Control characters, line and paragraph separators, half surrogates, and the characters that reorder or hide text in
 * a terminal. Spaces other than the plain one count, too: they look like the gap between two fields.
 */
const invisible = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;
const eachInvisible = new RegExp(invisible.source, "gu");

function escapeControls(text: string): string {
  return invisible.test(text) ? text.replace(eachInvisible, escapeOne) : text;
}

function escapeOne(character: string): string {
  switch (character) {
    case "\n":
      return "\\n";
    case "\r":
      return "\\r";
    case "\t":
      return "\\t";
    default: {
      const code = (character.codePointAt(0) ?? 0).toString(16);
      return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, "0")}`;
    }
  }
}

function shorten(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

function formatTime(time: Date): string {
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  return `${date} ${clock}.${String(time.getMilliseconds()).padStart(3, "0")}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
