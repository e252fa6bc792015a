import type { Way } from "./media-address.ts";

const COMMON = 'video/mp4; codecs="avc1.42E01E,mp4a.40.2"';

/** The ways that the browser supports, the best first. Scripts come before native HLS, to which Chromium answers "maybe". */
export function possibleWays(video: HTMLVideoElement): Way[] {
  const native: Way[] = video.canPlayType("application/vnd.apple.mpegurl") === "" ? [] : ["native"];
  const source = "ManagedMediaSource" in window ? window.ManagedMediaSource : window.MediaSource;
  const scripted = (source as typeof MediaSource | undefined)?.isTypeSupported?.(COMMON) ?? false;
  return scripted ? ["flv", "ws", "hls", ...native] : native;
}

/** The ways to try, one after the other, for the viewer's choice; "" or undefined: all but WebSockets. */
export function waysFor(chosen: string | undefined, possible: readonly Way[]): Way[] {
  const wanted: readonly Way[] = chosen === "flv" || chosen === "ws" ? [chosen] : ["hls", "native"];
  const ways = possible.filter((way) => (chosen ? wanted.includes(way) : way !== "ws"));
  // Native HLS and a script fail alike for the same playlist, so one of them is enough.
  return ways.includes("hls") ? ways.filter((way) => way !== "native") : ways;
}
