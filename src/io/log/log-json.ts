import { eachInvisible } from "../../base/printable.ts";
import type { LineFormat } from "./log.ts";
import { maxCharsOf, maxMessage, priorities, shorten } from "./log-line.ts";

/** Names used by every line; a field of the same name gets a trailing underscore. */
const reserved = new Set(["time", "level", "id", "msg"]);
/** Limit on the fields of a line, more than any event has. */
const maxFields = 64;

/** `{"time":"2026-11-23T01:02:03.456Z","level":"info","id":"c17","msg":"publish started","addr":"…"}`, the time in UTC. */
export const jsonLine: LineFormat = (time, level, id, message, fields) => {
  const entries: [string, string | number | boolean][] = [
    ["time", time.toISOString()],
    ["level", level],
    ...(id === "" ? [] : [["id", id] as [string, string]]),
    ["msg", shorten(message, maxMessage)],
  ];
  for (const [name, value] of Object.entries(fields).slice(0, maxFields)) {
    if (value === undefined) continue;
    const shown = typeof value === "string" ? shorten(value, maxCharsOf(level, name)) : value;
    entries.push([reserved.has(name) ? `${name}_` : name, shown]);
  }
  return visible(JSON.stringify(Object.fromEntries(entries)));
};

/** The same for the system's journal, with the level as a syslog number in front, which the journal strips. */
export const journalJsonLine: LineFormat = (time, level, id, message, fields) =>
  `<${priorities[level]}>${jsonLine(time, level, id, message, fields)}`;

/** The same JSON with characters that hide or reorder text in a terminal as escapes. */
function visible(json: string): string {
  return json.replace(eachInvisible, (character) =>
    [...Array(character.length).keys()]
      .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`)
      .join(""),
  );
}
