import { expect } from "bun:test";
import { parse, setOptions } from "hls-parser";
import type { MediaPlaylist } from "hls-parser/types";

setOptions({ strictMode: true });

/** A media playlist, read strictly, with what the reader does not look at: that its tags are true of each other (RFC 8216). */
export function readMedia(text: string): MediaPlaylist {
  const playlist = parse(text);
  if (playlist.isMasterPlaylist) throw new Error(`not a media playlist:\n${text}`);
  const { segments, targetDuration, version = 0, independentSegments } = playlist as MediaPlaylist;
  let until = 0;
  let init: string | undefined;
  for (const { duration, programDateTime, gap, discontinuity, map } of segments) {
    // 4.3.3.1: rounded to the nearest second.
    expect(Math.round(duration)).toBeLessThanOrEqual(targetDuration);
    const from = programDateTime?.getTime() ?? Number.NaN;
    if (until !== 0 && !discontinuity) expect(from).toBe(until);
    else expect(from).toBeGreaterThanOrEqual(until);
    until = from + Math.round(duration * 1000);
    // 4.3.2.3: tracks and their codecs change behind a discontinuity only.
    if (discontinuity) init = undefined;
    init ??= gap ? undefined : map?.uri;
    if (!gap && init !== undefined) expect(map?.uri).toBe(init);
    if (gap) expect(version).toBeGreaterThanOrEqual(8);
  }
  expect(text.includes("#EXT-X-INDEPENDENT-SEGMENTS")).toBe(independentSegments ?? false);
  return playlist as MediaPlaylist;
}

/** What has to hold among all playlists of one stream that a server ever gave, in their order (RFC 8216, 6.2.2). */
export function checkHistory(texts: readonly string[]): void {
  const known = new Map<string, string>();
  let [sequence, discontinuity, target] = [0, 0, 0];
  for (const text of texts) {
    const playlist = readMedia(text);
    expect(playlist.mediaSequenceBase).toBeGreaterThanOrEqual(sequence);
    expect(playlist.discontinuitySequenceBase).toBeGreaterThanOrEqual(discontinuity);
    sequence = playlist.mediaSequenceBase ?? 0;
    discontinuity = playlist.discontinuitySequenceBase ?? 0;
    target = Math.max(target, playlist.targetDuration);
    for (const {
      uri,
      duration,
      mediaSequenceNumber,
      discontinuitySequence,
      programDateTime,
      gap,
    } of playlist.segments) {
      const said = JSON.stringify([duration, mediaSequenceNumber, discontinuitySequence, programDateTime, gap]);
      expect(known.get(uri) ?? said).toBe(said);
      known.set(uri, said);
    }
  }
}

/** The init segment that each segment of a media playlist needs. */
export function mapsOf(text: string): string[] {
  return readMedia(text).segments.flatMap(({ map }) => (map === null ? [] : [map.uri]));
}
