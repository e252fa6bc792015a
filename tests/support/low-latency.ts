import { expect } from "bun:test";
import { parse } from "hls-parser";
import { checkHistory } from "./playlists.ts";

/** A part as a playlist lists it. */
export interface ReadPart {
  readonly msn: number;
  readonly index: number;
  readonly uri: string;
  readonly ms: number;
  readonly independent: boolean;
}

/** What a playlist of low-latency HLS says, read line by line. */
export interface ReadList {
  readonly targetMs: number;
  readonly partTargetMs: number;
  readonly partHoldBackMs: number;
  readonly canSkipUntilMs: number;
  readonly skipped: number;
  readonly parts: readonly ReadPart[];
  /** Of the whole segments shown, by number. */
  readonly segments: ReadonlyMap<number, { readonly uri: string; readonly ms: number }>;
  /** Number of the last whole segment. */
  readonly last: number;
  readonly hints: readonly string[];
  readonly reports: readonly string[];
  readonly ended: boolean;
}

/** What a report says of another playlist: its address, and the last part in it. */
interface ReadReport {
  readonly uri: string;
  readonly msn: number;
  readonly index: number | undefined;
}

/** Reads EXT-X-RENDITION-REPORT, strictly. */
function readReports(text: string): ReadReport[] {
  return readLowLatency(text).reports.map((report) => {
    const [, uri = "", msn, index] = /^URI="([^"]+)",LAST-MSN=(\d+)(?:,LAST-PART=(\d+))?$/.exec(report) ?? [];
    if (msn === undefined) throw new Error(`no report: ${report}`);
    return { uri, msn: Number(msn), index: index === undefined ? undefined : Number(index) };
  });
}

/** What holds among the playlists that one multivariant playlist names, by address, all as of now: each has a report of each other one. */
export function checkReports(texts: ReadonlyMap<string, string>): void {
  for (const [own, text] of texts) {
    const others = [...texts].filter(([uri]) => uri !== own);
    const wanted = others.map(([uri, other]) => {
      const { parts, last } = readLowLatency(other);
      const { msn, index } = parts.at(-1) ?? { msn: last, index: undefined };
      return { uri, msn: Math.max(msn, last), index: msn < last ? undefined : index };
    });
    expect(readReports(text)).toEqual(wanted);
  }
}

/** `hls_part` of tests. */
const PART_MS = 300;

/** Reads a playlist of low-latency HLS, strictly. */
export function readLowLatency(text: string): ReadList {
  try {
    parse(text);
  } catch (error) {
    // Where the encoder was away, one part is longer than the others may be, and shows in PART-TARGET.
    if (!(String(error).includes("85%") && Number(/PART-TARGET=([\d.]+)/.exec(text)?.[1]) > PART_MS / 1000))
      throw error;
  }
  const number = (pattern: RegExp) => Number(pattern.exec(text)?.[1] ?? Number.NaN);
  const ms = (pattern: RegExp) => Math.round(1000 * number(pattern));
  const skipped = number(/#EXT-X-SKIP:SKIPPED-SEGMENTS=(\d+)/) || 0;
  const parts: ReadPart[] = [];
  const segments = new Map<number, { uri: string; ms: number }>();
  let [msn, index, duration] = [number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/) + skipped, 0, 0];
  for (const line of text.split("\n")) {
    const [, seconds, uri = "", independent] =
      /^#EXT-X-PART:DURATION=([\d.]+),URI="([^"]+)"(,INDEPENDENT=YES)?$/.exec(line) ?? [];
    if (seconds !== undefined)
      parts.push({
        msn,
        index: index++,
        uri,
        ms: Math.round(1000 * Number(seconds)),
        independent: independent !== undefined,
      });
    else if (line.startsWith("#EXTINF:")) duration = Math.round(1000 * Number(line.slice(8, -1)));
    else if (line !== "" && !line.startsWith("#")) {
      segments.set(msn++, { uri: line, ms: duration });
      index = 0;
    }
  }
  return {
    targetMs: ms(/#EXT-X-TARGETDURATION:(\d+)/),
    partTargetMs: ms(/#EXT-X-PART-INF:PART-TARGET=([\d.]+)\n/),
    partHoldBackMs: ms(/#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=([\d.]+),/),
    canSkipUntilMs: ms(/,CAN-SKIP-UNTIL=([\d.]+)\n/),
    skipped,
    parts,
    segments,
    last: msn - 1,
    hints: [...text.matchAll(/#EXT-X-PRELOAD-HINT:TYPE=PART,URI="([^"]+)"/g)].map(([, uri = ""]) => uri),
    reports: [...text.matchAll(/#EXT-X-RENDITION-REPORT:(.+)/g)].map(([, report = ""]) => report),
    ended: text.includes("#EXT-X-ENDLIST"),
  };
}

/** What holds of each playlist of low-latency HLS (RFC 8216bis), and among those that a server gave one after the other. */
export function checkLowLatency(texts: readonly string[]): void {
  const known = new Map<string, string>();
  let before: ReadList | undefined;
  for (const text of texts) {
    const list = readLowLatency(text);
    checkOne(list);
    for (const { msn, index, uri, ms, independent } of list.parts) {
      const said = `${uri} ${ms} ${independent}`;
      expect(known.get(`${msn}.${index}`) ?? said).toBe(said);
      known.set(`${msn}.${index}`, said);
    }
    // Parts are only added at the end, and removed at the beginning.
    const last = list.parts.at(-1);
    const lastBefore = before?.parts.at(-1);
    if (last !== undefined && lastBefore !== undefined)
      expect(1000 * last.msn + last.index).toBeGreaterThanOrEqual(1000 * lastBefore.msn + lastBefore.index);
    before = list;
  }
  checkHistory(texts.map(withoutParts));
}

function checkOne(list: ReadList): void {
  const { targetMs, partTargetMs, parts, segments, hints, ended } = list;
  expect(list.partHoldBackMs).toBeGreaterThanOrEqual(3 * partTargetMs);
  expect(list.canSkipUntilMs).toBeGreaterThanOrEqual(6 * targetMs);
  expect(hints.length).toBe(ended ? 0 : 1);
  expect(parts.map(({ uri }) => uri)).not.toContain(hints[0]);
  for (const { ms } of parts) expect(ms).toBeLessThanOrEqual(partTargetMs);
  let behind = 0;
  for (const msn of [...new Set(parts.map((part) => part.msn))].reverse()) {
    const own = parts.filter((part) => part.msn === msn);
    for (const part of own.slice(0, -1)) expect(part.ms).toBeGreaterThanOrEqual(0.85 * PART_MS);
    const ms = own.reduce((sum, part) => sum + part.ms, 0);
    const whole = segments.get(msn);
    if (whole !== undefined) expect(ms).toBe(whole.ms);
    // Tags of parts are gone three target durations before the end (6.2.2).
    expect(behind).toBeLessThan(3 * targetMs);
    behind += ms;
  }
}

/** What is left for players that know nothing of parts. */
export function withoutParts(text: string): string {
  const lines = text.split("\n").filter((line) => !/^#EXT-X-(?:PART|SERVER-CONTROL|PRELOAD-HINT|RENDITION)/.test(line));
  const end = lines.findLastIndex((line) => line !== "" && !line.startsWith("#"));
  const closing = text.includes("#EXT-X-ENDLIST") ? ["#EXT-X-ENDLIST"] : [];
  return `${[...lines.slice(0, end + 1), ...closing].join("\n")}\n`;
}
