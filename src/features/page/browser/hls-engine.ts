import type HlsModule from "hls.js";
import type { ErrorData, FragLoadedData, Loader, PlaylistLoaderConstructor, PlaylistLoaderContext } from "hls.js";
import type { Attempt, Engine, EngineFigures, Failure, OnFailure } from "./engine.ts";
import { explain } from "./explain.ts";
import { HlsPace } from "./hls-pace.ts";
import { withRedundantStreams } from "./redundant-streams.ts";
import { isSilent, SILENT_MS } from "./silence.ts";

type HlsClass = typeof HlsModule;

/** Timeouts with which hls.js leaves a silent server soon, as playlists and segments that exist are answered at once. */
const leaveSoon = {
  default: {
    maxTimeToFirstByteMs: SILENT_MS,
    maxLoadTimeMs: 20_000,
    timeoutRetry: null,
    errorRetry: { maxNumRetry: 1, retryDelayMs: 300, maxRetryDelayMs: 300 },
  },
};

/** With low-latency HLS, a picture that is this much behind its target, s, jumps, as playing faster would take too long. */
const MAX_LOW_LATENCY = 6;

/** Time that a server has for its first playlist: if it must fetch the stream first, it answers when it has a complete segment. */
const FIRST_LIST_MS = 10_000;

/** Plays HLS by hls.js, which continues at other servers by itself. */
export class HlsEngine implements Engine {
  readonly #onFailure: OnFailure;
  readonly #closed = new AbortController();
  readonly #url: string;
  readonly #others: readonly string[];
  readonly #video: HTMLVideoElement;
  readonly #pace = new HlsPace();
  /** Number of segments loaded so far of each kind: main, audio. */
  readonly #segments = new Map<string, number>();
  #hls: HlsModule | undefined;
  #kbps: number | undefined;
  #codecs: string | undefined;

  constructor(video: HTMLVideoElement, { url, others }: Attempt, onFailure: OnFailure) {
    this.#url = url;
    this.#others = others;
    this.#video = video;
    this.#onFailure = onFailure;
    void this.#open();
  }

  figures(): EngineFigures {
    const date = this.#hls?.playingDate?.getTime();
    const delay = date === undefined ? this.#hls?.latency : (Date.now() - date) / 1000;
    return { delay, kbps: this.#kbps, codecs: this.#codecs, segments: this.#fewestSegments() };
  }

  close(): void {
    this.#closed.abort();
    this.#hls?.destroy();
    this.#hls = undefined;
  }

  #fewestSegments(): number | undefined {
    return this.#segments.size === 0 ? undefined : Math.min(...this.#segments.values());
  }

  async #open(): Promise<void> {
    const loaded = await import("hls.js").catch(() => undefined);
    if (this.#closed.signal.aborted) return;
    if (loaded === undefined) {
      this.#fail({ kind: "player" });
      return;
    }
    try {
      this.#play(loaded.default);
    } catch (error) {
      this.#fail({ kind: "broken", detail: String(error) });
    }
  }

  #play(Hls: HlsClass): void {
    const hasOthers = this.#others.length > 0;
    const hls = new Hls({
      enableWorker: false, // it would need blob: in the page's policy
      maxLiveSyncPlaybackRate: 1, // see HlsPace
      backBufferLength: 20,
      pLoader: playlistLoader(Hls, this.#others),
      ...(hasOthers && { playlistLoadPolicy: leaveSoon, fragLoadPolicy: leaveSoon }),
    });
    // Set here, as the option needs liveSyncDurationCount, with which hls.js ignores the hold-back of a low-latency playlist.
    hls.config.liveMaxLatencyDurationCount = 10;
    this.#hls = hls;
    let begun = false;
    hls.on(Hls.Events.MANIFEST_LOADED, (_event, { contentSteering }) => {
      // The playlist names other servers, where hls.js continues by itself.
      if (contentSteering !== null)
        Object.assign(hls.config, { playlistLoadPolicy: leaveSoon, fragLoadPolicy: leaveSoon });
    });
    hls.on(Hls.Events.LEVEL_LOADED, (_event, { details }) => {
      // A playlist that has ended before any of it was played belongs to an earlier stream.
      if (!begun && !details.live) this.#fail({ kind: "ended" });
      const { partTarget, partHoldBack } = details;
      if (partTarget > 0)
        Object.assign(hls.config, {
          liveMaxLatencyDuration: MAX_LOW_LATENCY + partHoldBack,
          liveSyncOnStallIncrease: partTarget,
        });
    });
    hls.on(Hls.Events.FRAG_LOADED, (_event, { frag, part, payload }: FragLoadedData) => {
      begun = true;
      // A segment that comes in parts counts with its first one.
      if ((part?.index ?? 0) === 0) this.#segments.set(frag.type, (this.#segments.get(frag.type) ?? 0) + 1);
      if (frag.duration > 0) this.#kbps = (payload.byteLength * 8) / frag.duration / 1000;
    });
    hls.on(Hls.Events.BUFFER_CODECS, (_event, tracks) => {
      const { video, audio, audiovideo } = tracks;
      this.#codecs = [video, audio, audiovideo].flatMap((track) => track?.codec || track?.levelCodec || []).join(", ");
    });
    hls.on(Hls.Events.ERROR, (_event, data) => {
      if (!data.fatal) return;
      if (hasOthers && /^(?:level|frag)LoadTimeOut$/.test(data.details)) this.#fail({ kind: "lost" });
      else void this.#explainError(data, data.type === Hls.ErrorTypes.NETWORK_ERROR);
    });
    const { signal } = this.#closed;
    this.#video.addEventListener("ended", () => this.#fail({ kind: "ended" }), { signal });
    this.#video.addEventListener("timeupdate", () => this.#setRate(hls), { signal });
    if (hasOthers) this.#watchSilence(hls, Hls.Events.MANIFEST_LOADED);
    hls.loadSource(this.#url);
    hls.attachMedia(this.#video);
  }

  #setRate({ latency, targetLatency, latestLevelDetails }: HlsModule): void {
    if (targetLatency === null || latestLevelDetails?.live !== true) return;
    const rate = this.#pace.rate(latency, targetLatency, latestLevelDetails.partTarget > 0);
    if (this.#video.playbackRate !== rate) this.#video.playbackRate = rate;
  }

  /** The first playlist may take long, as it waits for a first segment. A server that answers nothing else either is left. */
  #watchSilence(hls: HlsModule, answered: Parameters<HlsModule["once"]>[0]): void {
    const { signal } = this.#closed;
    let isAnswered = false;
    hls.once(answered, () => {
      isAnswered = true;
    });
    setTimeout(async () => {
      if (isAnswered || signal.aborted || !(await isSilent(this.#url, signal))) return;
      if (!isAnswered) this.#fail({ kind: "lost" });
    }, SILENT_MS);
  }

  async #explainError(data: ErrorData, network: boolean): Promise<void> {
    const codec = codecOf(data);
    if (codec !== undefined) this.#fail({ kind: "codec", codec });
    else if (!network) this.#fail({ kind: "broken", detail: data.error.message });
    else {
      const { signal } = this.#closed;
      const failure = await explain(this.#url, signal);
      if (!signal.aborted) this.#fail(failure ?? { kind: "lost" });
    }
  }

  #fail(failure: Failure): void {
    if (!this.#closed.signal.aborted) this.#onFailure(failure);
  }
}

/** Makes a loader that adds the other servers to the first playlist, and that waits longer for the first answer of each server. */
function playlistLoader(Hls: HlsClass, others: readonly string[]): PlaylistLoaderConstructor {
  const answered = new Set<string>();
  return class extends (Hls.DefaultConfig.loader as PlaylistLoaderConstructor) {
    override load(...[context, config, callbacks]: Parameters<Loader<PlaylistLoaderContext>["load"]>): void {
      const onSuccess: typeof callbacks.onSuccess = (response, ...rest) => {
        const { data, url } = response;
        answered.add(new URL(context.url).origin);
        const isFirst = context.type === "manifest" && typeof data === "string";
        callbacks.onSuccess(
          isFirst ? { ...response, data: withRedundantStreams(data, url, others) } : response,
          ...rest,
        );
      };
      const { loadPolicy } = config;
      if (!answered.has(new URL(context.url).origin)) {
        const maxTimeToFirstByteMs = Math.max(loadPolicy.maxTimeToFirstByteMs, FIRST_LIST_MS);
        config.loadPolicy = { ...loadPolicy, maxTimeToFirstByteMs };
      }
      super.load(context, config, { ...callbacks, onSuccess });
    }
  };
}

/** The codec for which the browser has no decoder; undefined for other errors. */
function codecOf({ details, mimeType, level, error }: ErrorData): string | undefined {
  if (!/codec/i.test(details)) return undefined;
  const [, codec] = /codecs="?([\w.,-]+)/.exec(`${mimeType ?? ""} ${error.message}`) ?? [];
  return codec ?? (typeof level === "string" ? level : "");
}
