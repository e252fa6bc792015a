import type { Way } from "./media-address.ts";

const COMMON = 'video/mp4; codecs="avc1.42E01E,mp4a.40.2"';

/** What the browser can play by, the best first. Chromium answers "maybe" to HLS of its own, so that scripts come first. */
export function possibleWays(video: HTMLVideoElement): Way[] {
  const native: Way[] = video.canPlayType("application/vnd.apple.mpegurl") === "" ? [] : ["native"];
  const source = "ManagedMediaSource" in window ? window.ManagedMediaSource : window.MediaSource;
  const scripted = (source as typeof MediaSource | undefined)?.isTypeSupported?.(COMMON) ?? false;
  return scripted ? ["flv", "ws", "hls", ...native] : native;
}

/** The ways that are tried one after the other when the viewer has chosen so; "" or undefined: whichever works. */
export function waysFor(chosen: string | undefined, possible: readonly Way[]): Way[] {
  const wanted: readonly Way[] = chosen === "flv" || chosen === "ws" ? [chosen] : ["hls", "native"];
  const ways = possible.filter((way) => (chosen ? wanted.includes(way) : way !== "ws"));
  // A native player and a script for the same playlist fail alike: one of them will do.
  return ways.includes("hls") ? ways.filter((way) => way !== "native") : ways;
}
