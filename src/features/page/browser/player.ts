import { type Elements, show } from "./elements.ts";
import type { Attempt, Engine, OnFailure } from "./engine.ts";
import { drawFigures } from "./figure-list.ts";
import { figureLines } from "./figures.ts";
import { FlvEngine } from "./flv-engine.ts";
import { freeze } from "./frozen-frame.ts";
import { HlsEngine } from "./hls-engine.ts";
import { LiveEdge, type Look } from "./live-edge.ts";
import type { PageAddress, Way } from "./media-address.ts";
import { NativeEngine } from "./native-engine.ts";
import { Playback } from "./playback.ts";
import { type StopReason, View } from "./view.ts";
import { waysFor } from "./ways.ts";

const LOOK_MS = 250;
/** Maximum wait for a first picture: a key frame may be seconds away, and a first HLS segment must be complete. */
const START_LIMIT_MS: Readonly<Record<Way, number>> = { flv: 15_000, ws: 15_000, hls: 45_000, native: 45_000 };
/** If the picture stands still for this long, the player connects anew. */
const STALL_LIMIT_MS: Readonly<Record<Way, number>> = { flv: 6000, ws: 6000, hls: 15_000, native: 15_000 };
/** A picture that stands still for this long is shown as buffering. */
const BUFFERING_MS = 600;

const clock = {
  now: () => performance.now(),
  after(ms: number, call: () => void) {
    const timer = setTimeout(call, ms);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Plays a stream in the page's video element, watches the picture, and shows the state. */
export class Player {
  readonly #elements: Elements;
  readonly #address: PageAddress;
  readonly #possible: readonly Way[];
  readonly #view: View;
  readonly #playback: Playback;
  #edge = new LiveEdge();
  #stopReason: StopReason | undefined = "paused";
  #mutedByBrowser = false;

  constructor(elements: Elements, address: PageAddress, possible: readonly Way[]) {
    this.#elements = elements;
    this.#address = address;
    this.#possible = possible;
    this.#view = new View(elements);
    this.#playback = new Playback({
      servers: address.servers,
      ways: waysFor(address.chosen, possible),
      clock,
      random: Math.random,
      open: (attempt, onFailure) => this.#open(attempt, onFailure),
      onChange: () => this.#draw(),
    });
    elements.video.addEventListener("loadedmetadata", () => void this.#play());
    document.addEventListener("visibilitychange", () => this.#shown());
    window.addEventListener("online", () => this.again());
    setInterval(() => this.#look(), LOOK_MS);
    setInterval(() => this.#tick(), 1000);
  }

  get isStopped(): boolean {
    return this.#playback.state.kind === "stopped";
  }

  start(): void {
    this.#stopReason = undefined;
    this.#playback.start();
  }

  /** Closes the stream: a later start is live again, without what was missed. */
  pause(): void {
    this.#stopReason = "paused";
    this.#playback.stop();
  }

  toggle(): void {
    if (this.isStopped) this.start();
    else this.pause();
  }

  /** Ends a wait. */
  again(): void {
    if (this.#playback.state.kind === "waiting") this.#playback.start();
  }

  /** Continues in the way that the viewer chose; "" for the best. */
  use(chosen: string): void {
    this.#stopReason = undefined;
    this.#playback.use(waysFor(chosen, this.#possible));
  }

  #draw(): void {
    this.#view.draw(this.#playback.state, this.#playback.hadPicture, this.#stopReason);
    this.#tick();
  }

  #open(attempt: Attempt, onFailure: OnFailure): Engine {
    const { video, frozen } = this.#elements;
    this.#edge = new LiveEdge();
    video.playbackRate = 1;
    const engine = openEngine(video, attempt, onFailure);
    if (attempt.way === "native") void this.#play();
    return {
      figures: () => engine.figures(),
      close() {
        freeze(video, frozen);
        engine.close();
      },
    };
  }

  /** Browsers may want a click before sound, or before any picture. */
  async #play(): Promise<void> {
    const { video, sound } = this.#elements;
    let is = await plays(video);
    if (!is && !video.muted) {
      video.muted = true;
      this.#mutedByBrowser = true;
      is = await plays(video);
    }
    if (is && this.#mutedByBrowser) show(sound, video.muted);
    if (is || this.isStopped) return;
    this.#stopReason = "blocked";
    this.#playback.stop();
  }

  #look(): void {
    const { state } = this.#playback;
    if (state.kind !== "connecting" && state.kind !== "playing") return;
    const { video } = this.#elements;
    // Browsers may suspend hidden pages: a missing picture is no failure then.
    if (document.hidden) return;
    const { way } = state.attempt;
    const advice = this.#edge.look({ ...lookAt(video), segments: this.#playback.engine?.figures().segments });
    if (advice.moved && advice.stillForMs === 0) this.#playback.picture();
    if (video.paused && video.readyState >= HTMLMediaElement.HAVE_METADATA && advice.moved) void this.#play();
    if (way === "flv" || way === "ws") {
      if (video.playbackRate !== advice.rate) video.playbackRate = advice.rate;
      if (advice.jumpTo !== undefined) video.currentTime = advice.jumpTo;
    }
    this.#view.buffering(advice.moved && advice.stillForMs >= BUFFERING_MS);
    const limitMs = (advice.moved ? STALL_LIMIT_MS : START_LIMIT_MS)[way];
    if (advice.stuck && state.kind === "playing") this.#playback.fail({ kind: "stuck" });
    else if (advice.stillForMs >= limitMs) this.#playback.fail({ kind: "stalled" });
  }

  #shown(): void {
    if (document.hidden) return;
    this.#edge = new LiveEdge();
    this.again();
  }

  #tick(): void {
    const { state } = this.#playback;
    const seconds = state.kind === "waiting" ? Math.ceil((state.retryAt - clock.now()) / 1000) : undefined;
    this.#view.countdown(seconds === undefined ? undefined : Math.max(1, seconds));
    this.drawFigures();
  }

  /** Updates the details if they are shown. */
  drawFigures(): void {
    const { figures, video } = this.#elements;
    if (figures.hidden) return;
    const { state } = this.#playback;
    const attempt = state.kind === "playing" || state.kind === "connecting" ? state.attempt : undefined;
    const quality = video.getVideoPlaybackQuality();
    const { position, end } = lookAt(video);
    const lines = figureLines({
      engine: this.#playback.engine?.figures() ?? {},
      behind: end === undefined ? undefined : end - position,
      width: video.videoWidth,
      height: video.videoHeight,
      droppedFrames: quality.droppedVideoFrames,
      totalFrames: quality.totalVideoFrames,
      way: attempt?.way,
      host: new URL(this.#address.servers[attempt?.server ?? 0]?.base ?? location.href).host,
    });
    drawFigures(figures, lines);
  }
}

function openEngine(video: HTMLVideoElement, attempt: Attempt, onFailure: OnFailure): Engine {
  switch (attempt.way) {
    case "flv":
    case "ws":
      return new FlvEngine(video, attempt, onFailure);
    case "hls":
      return new HlsEngine(video, attempt, onFailure);
    case "native":
      return new NativeEngine(video, attempt, onFailure);
  }
}

/** Starts the video; false if the browser does not allow it. A source that is removed meanwhile is no refusal. */
async function plays(video: HTMLVideoElement): Promise<boolean> {
  try {
    await video.play();
    return true;
  } catch (error) {
    return !(error instanceof DOMException && error.name === "NotAllowedError");
  }
}

function lookAt(video: HTMLVideoElement): Look {
  const { buffered, currentTime: position } = video;
  let [from, afterGap]: (number | undefined)[] = [];
  let inside = false;
  for (let at = 0; at < buffered.length; at++) {
    const start = buffered.start(at);
    if (start <= position && position <= buffered.end(at)) from = start;
    // A range that ends here has nothing left to play.
    if (start <= position && position < buffered.end(at) - 0.1) inside = true;
    else if (start > position) afterGap ??= start;
  }
  return {
    now: clock.now(),
    position,
    hasData: from !== undefined || video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA,
    from,
    end: buffered.length === 0 ? undefined : buffered.end(buffered.length - 1),
    afterGap: inside ? undefined : afterGap,
  };
}
