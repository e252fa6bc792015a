import { PacketKind } from "../../media/packet.ts";
import type { TrackLabel } from "../../media/track-labels.ts";
import type { HlsStream } from "./hls-stream.ts";
import { VIDEO } from "./rendition.ts";

/** A rendition has stopped if it has listed nothing for this many target durations, while its stream continues. */
const MAX_QUIET_TARGETS = 2;

/** The id of audio track 0, which a stream without video has in its own playlist. */
const MAIN_AUDIO = "a0";

/** An audio track to choose. */
export interface AudioChoice {
  readonly hls: HlsStream;
  /** The rendition's id. */
  readonly id: string;
  /** Unique in its stream. */
  readonly name: string;
  readonly language: string | undefined;
}

/** A stream's parts as playlists name them. */
export interface Choices {
  /** Undefined for a stream without video. */
  readonly video: HlsStream | undefined;
  /** In the order of tracks; one of them at least is not track 0. */
  readonly audio: readonly AudioChoice[];
}

/** The parts that players may choose from now; undefined where a stream is listed as a whole, with track 0 alone or video not ready. */
export function choicesOf(main: HlsStream): Choices | undefined {
  const playable = [...main.renditions].filter(([, hls]) => isPlayable(hls));
  const audio = playable.filter(([id]) => id !== VIDEO.id).sort(([a], [b]) => trackOf(a) - trackOf(b));
  const video = playable.find(([id]) => id === VIDEO.id)?.[1];
  const hasVideo = main.described.some(({ kind }) => kind === PacketKind.Video);
  if (!audio.some(([id]) => trackOf(id) > 0) || (hasVideo && video === undefined)) return undefined;
  return { video, audio: named(audio, main.tracks.labels) };
}

/** A stream's lists in the multivariant playlist: one of the whole stream, or those of its video and its audio tracks. */
export function listsOf(main: HlsStream): HlsStream[] {
  const { video, audio } = choicesOf(main) ?? {};
  if (audio === undefined) return [main];
  const isWithMain = (id: string) => video === undefined && id === MAIN_AUDIO;
  return [video ?? main, ...audio.flatMap(({ id, hls }) => (isWithMain(id) ? [] : [hls]))];
}

/** The part of a stream that a link is for: the whole stream where the link names none, undefined where that part is not playable. */
export function partOf(main: HlsStream, id: string | undefined): HlsStream | undefined {
  if (id === undefined) return main;
  const hls = main.renditions.get(id);
  return hls !== undefined && isPlayable(hls) ? hls : undefined;
}

/** Whether a part has begun to come and is not listed yet, so that a playlist would lack it now. */
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
