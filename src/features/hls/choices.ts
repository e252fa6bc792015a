import { PacketKind } from "../../media/packet.ts";
import type { TrackLabel } from "../../media/track-labels.ts";
import type { HlsStream } from "./hls-stream.ts";
import { VIDEO } from "./rendition.ts";

/** A rendition that has listed nothing for so many target durations has stopped, if its stream goes on. */
const MAX_QUIET_TARGETS = 2;

/** Track 0, which a stream without video has in its own playlist. */
const MAIN_AUDIO = "a0";

/** An audio track to choose. */
export interface AudioChoice {
  readonly hls: HlsStream;
  /** Of the rendition. */
  readonly id: string;
  /** No two of one stream have the same. */
  readonly name: string;
  readonly language: string | undefined;
}

/** A stream's parts as playlists name them. */
export interface Choices {
  /** Undefined for a stream without video. */
  readonly video: HlsStream | undefined;
  /** By track, two at least. */
  readonly audio: readonly AudioChoice[];
}

/** What players may choose from now; undefined where a stream has no more than one audio track, so that it is listed as a whole. */
export function choicesOf(main: HlsStream): Choices | undefined {
  const playable = [...main.renditions].filter(([, hls]) => isPlayable(hls));
  const audio = playable.filter(([id]) => id !== VIDEO.id).sort(([a], [b]) => trackOf(a) - trackOf(b));
  const video = playable.find(([id]) => id === VIDEO.id)?.[1];
  const hasVideo = main.described.some(({ kind }) => kind === PacketKind.Video);
  if (!audio.some(([id]) => trackOf(id) > 0) || (hasVideo && video === undefined)) return undefined;
  return { video, audio: named(audio, main.tracks.labels) };
}

/** What the multivariant playlist names of a stream: all of it, or its video and what goes with that. */
export function listsOf(main: HlsStream): HlsStream[] {
  const { video, audio } = choicesOf(main) ?? {};
  if (audio === undefined) return [main];
  const isWithMain = (id: string) => video === undefined && id === MAIN_AUDIO;
  return [video ?? main, ...audio.flatMap(({ id, hls }) => (isWithMain(id) ? [] : [hls]))];
}

/** The part of a stream that a link is for: all of it where the link names none, undefined where there is no such part any more. */
export function partOf(main: HlsStream, id: string | undefined): HlsStream | undefined {
  if (id === undefined) return main;
  const hls = main.renditions.get(id);
  return hls !== undefined && isPlayable(hls) ? hls : undefined;
}

/** Whether a part has begun to come, and is not listed so far: who asks first would not see it. */
export function awaitsRendition(main: HlsStream): boolean {
  return [...main.renditions.values()].some((part) => part.isBeginning);
}

function isPlayable(hls: HlsStream): boolean {
  if (!hls.listed || hls.refusal !== undefined) return false;
  return !hls.live || hls.quietMs <= MAX_QUIET_TARGETS * 1000 * hls.window.targetSeconds;
}

function named(
  audio: readonly (readonly [string, HlsStream])[],
  labels: ReadonlyMap<number, TrackLabel>,
): AudioChoice[] {
  const taken = new Set<string>();
  return audio.map(([id, hls]) => {
    const track = trackOf(id);
    const { name: given, language } = labels.get(track) ?? {};
    const wanted = given ?? language ?? `Audio ${track + 1}`;
    const name = taken.has(wanted) ? `${wanted} (${track + 1})` : wanted;
    taken.add(name);
    return { hls, id, name, language };
  });
}

function trackOf(id: string): number {
  return Number(id.slice(1));
}
