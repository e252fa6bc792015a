import { type EncodedTrack, trackArguments } from "./arguments.ts";
import type { TrackCodec } from "./codecs.ts";
import type { EngineConfig } from "./config.ts";
import { deviceArguments, softwareEncoder } from "./hardware.ts";

/** The codecs of a stream's tracks; undefined for a missing track. */
export interface StreamTracks {
  readonly video: TrackCodec | undefined;
  readonly audio: TrackCodec | undefined;
}

/** The treatment of a track: FFmpeg encodes it, it passes beside FFmpeg, or it is left out or missing. */
export type Action = "encode" | "copy" | "none";

/** The treatment of both tracks of a stream by an engine. */
export interface Actions {
  readonly video: Action;
  readonly audio: Action;
}

/** An engine's work on a stream. */
export function actionsOf(engine: EngineConfig, { video, audio }: StreamTracks): Actions {
  return {
    video: actionOf(engine.vcodec, engine.only_if_video, video),
    audio: actionOf(engine.acodec, engine.only_if_audio, audio),
  };
}

function actionOf(encoder: string, onlyIf: readonly string[], codec: TrackCodec | undefined): Action {
  if (codec === undefined || encoder === "none" || encoder === "") return "none";
  if (encoder === "copy") return "copy";
  return onlyIf.length === 0 || onlyIf.includes(codec.name) ? "encode" : "copy";
}

/** An engine's plan, and the receiver of its tracks. */
export interface Part<R> {
  readonly engine: EngineConfig;
  readonly actions: Actions;
  readonly result: R;
}

/** A track that one FFmpeg encodes, for one or more results. */
export interface PlannedTrack<R> {
  readonly kind: "video" | "audio";
  readonly engine: EngineConfig;
  readonly results: R[];
}

/** Engines with the same input, which share one FFmpeg. */
export interface Group<R> {
  /** The same text for the same group. */
  readonly key: string;
  readonly ffmpeg: string;
  readonly video: boolean;
  readonly audio: boolean;
  readonly tracks: readonly PlannedTrack<R>[];
}

/** The groups of a stream's engines. Engines that encode no video form groups without video, so that only audio goes through FFmpeg. */
export function groupsOf<R>(parts: readonly Part<R>[], ffmpeg: string): Group<R>[] {
  const byInput = new Map<string, Part<R>[]>();
  for (const part of parts) {
    const { video, audio } = part.actions;
    if (video !== "encode" && audio !== "encode") continue;
    const { engine } = part;
    // All filters of one FFmpeg use one device.
    const device = video === "encode" ? deviceArguments(engine.vcodec, engine.hw_device) : [];
    const key = JSON.stringify([engine.ffmpeg || ffmpeg, engine.perfile, engine.inputs, video === "encode", device]);
    const others = byInput.get(key);
    if (others === undefined) byInput.set(key, [part]);
    else others.push(part);
  }
  return [...byInput.values()].map((members) => groupOf(members, ffmpeg));
}

function groupOf<R>(parts: readonly Part<R>[], ffmpeg: string): Group<R> {
  const tracks = new Map<string, PlannedTrack<R>>();
  for (const { engine, actions, result } of parts) {
    for (const kind of ["video", "audio"] as const) {
      if (actions[kind] !== "encode") continue;
      const key = JSON.stringify([kind, ...trackArguments(encodedTrack({ kind, engine }, false), 0), engine.fallback]);
      const equal = tracks.get(key);
      if (equal === undefined) tracks.set(key, { kind, engine, results: [result] });
      else equal.results.push(result);
    }
  }
  const list = [...tracks.values()];
  const own = parts[0]?.engine.ffmpeg || ffmpeg;
  const video = list.some(({ kind }) => kind === "video");
  const audio = list.some(({ kind }) => kind === "audio");
  return { key: JSON.stringify([own, video, audio, ...tracks.keys()]), ffmpeg: own, video, audio, tracks: list };
}

/** A track with its encoder: the one that the engine names, or with `software` its software encoder instead of a hardware one. */
export function encodedTrack(
  { kind, engine }: Pick<PlannedTrack<unknown>, "kind" | "engine">,
  software: boolean,
): EncodedTrack {
  const named = kind === "video" ? engine.vcodec : engine.acodec;
  const instead = software && kind === "video" ? softwareEncoder(engine) : undefined;
  return { kind, engine, encoder: instead ?? named };
}
