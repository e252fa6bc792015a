import { printable } from "../../../base/printable.ts";
import { spoken, t } from "./words.ts";

/** A bitrate in kbit/s, for people. */
export function rate(kbps: number | null): string {
  if (kbps === null) return "–";
  if (kbps < 1000) return `${Math.round(kbps)}\u00a0kbit/s`;
  const [value, unit] = kbps < 1e6 ? [kbps / 1000, "Mbit/s"] : [kbps / 1e6, "Gbit/s"];
  return `${number(value, value < 100 ? 1 : 0)}\u00a0${unit}`;
}

/** A duration in milliseconds, in its largest units. */
export function duration(ms: number | null): string {
  if (ms === null) return "–";
  if (ms < 1000) return t("{n} ms", { n: Math.round(ms) });
  const s = Math.round(ms / 1000);
  if (s < 60) return t("{n} s", { n: s });
  if (s < 3600) return two(s, 60, "{n} min", "{n} s");
  if (s < 86_400) return two(Math.round(s / 60), 60, "{n} h", "{n} min");
  return two(Math.round(s / 3600), 24, "{n} d", "{n} h");
}

/** A number with this many decimals at most. */
export function number(value: number, decimals = 0): string {
  return value.toLocaleString(spoken(), { maximumFractionDigits: decimals });
}

/** The time of day of `at`, Unix ms, with the date if it is not today. */
export function timeOfDay(at: number, now = Date.now()): string {
  const date = new Date(at);
  const isToday = date.toDateString() === new Date(now).toDateString();
  const time = date.toLocaleTimeString(spoken(), { hour12: false });
  return isToday ? time : `${date.toLocaleDateString(spoken())} ${time}`;
}

/** A text from outside; characters that would hide or reorder its parts are escaped. */
export function shown(text: string): string {
  return printable(text);
}

/** The name of an API caller: a user, or this machine, which needs no user. */
export function callerName(user: string): string {
  return user === "this machine" ? t("this machine") : shown(user);
}

/** The vhost of a stream's `tcUrl`. */
export function vhostOf(tcUrl: string): string {
  return /^rtmp:\/\/([^/]*)/.exec(tcUrl)?.[1] ?? "";
}

function two(value: number, size: number, large: "{n} min" | "{n} h" | "{n} d", small: "{n} s" | "{n} min" | "{n} h") {
  const rest = value % size;
  const first = t(large, { n: Math.floor(value / size) });
  return rest === 0 ? first : `${first} ${t(small, { n: rest })}`;
}
