import type MpegtsModule from "mpegts.js";
import type { Attempt, Engine, EngineFigures, Failure, OnFailure } from "./engine.ts";
import { explain } from "./explain.ts";

type Mpegts = typeof MpegtsModule;

/** Plays FLV over HTTP or over a WebSocket by mpegts.js. */
export class FlvEngine implements Engine {
  readonly #onFailure: OnFailure;
  readonly #closed = new AbortController();
  readonly #url: string;
  readonly #way: string;
  #player: ReturnType<Mpegts["createPlayer"]> | undefined;
  #kbps: number | undefined;
  #codecs: string | undefined;
  #frameRate: number | undefined;
  #reports = 0;
  /** Whether an error is being explained; further ones are ignored. */
  #explaining = false;

  constructor(video: HTMLVideoElement, { url, way }: Attempt, onFailure: OnFailure) {
    this.#url = url;
    this.#way = way;
    this.#onFailure = onFailure;
    void this.#open(video);
  }

  figures(): EngineFigures {
    return { kbps: this.#kbps, codecs: this.#codecs, frameRate: this.#frameRate };
  }

  close(): void {
    this.#closed.abort();
    this.#player?.destroy();
    this.#player = undefined;
  }

  async #open(video: HTMLVideoElement): Promise<void> {
    const loaded = await import("mpegts.js").catch(() => undefined);
    if (this.#closed.signal.aborted) return;
    if (loaded === undefined) {
      this.#fail({ kind: "player" });
      return;
    }
    try {
      this.#play(loaded.default, video);
    } catch (error) {
      this.#fail({ kind: "broken", detail: String(error) });
    }
  }

  #play(mpegts: Mpegts, video: HTMLVideoElement): void {
    mpegts.LoggingControl.enableAll = false;
    const player = mpegts.createPlayer(
      { type: "flv", isLive: true, url: this.#url },
      // live-edge.ts keeps the picture near the live edge. Workers would need blob: in the page's policy.
      { enableWorker: false, enableStashBuffer: false, lazyLoad: false, autoCleanupSourceBuffer: true, ...cleanup },
    );
    this.#player = player;
    player.on(mpegts.Events.ERROR, (type: string, detail: string, info: string | { msg?: string } | undefined) => {
      const message = typeof info === "string" ? info : (info?.msg ?? "");
      void this.#explainError(type === mpegts.ErrorTypes.NETWORK_ERROR, detail, message);
    });
    player.on(mpegts.Events.LOADING_COMPLETE, () => {
      // A WebSocket ends in the same way for an ended stream, a lost server and a refusal.
      if (this.#way === "ws") void this.#explainError(true, "", "");
      else this.#fail({ kind: "ended" });
    });
    player.on(mpegts.Events.MEDIA_INFO, (info: { videoCodec?: string; audioCodec?: string; fps?: number }) => {
      this.#codecs = [info.videoCodec, info.audioCodec].filter(Boolean).join(", ");
      this.#frameRate = info.fps;
    });
    player.on(mpegts.Events.STATISTICS_INFO, ({ speed }: { speed?: number }) => {
      const kbps = (speed ?? 0) * 8.192;
      // The first reports include the server's cached GOP, which comes at once.
      if (this.#reports++ < FIRST_REPORTS) return;
      // Frames come in bursts, so the figure is an average over some seconds.
      this.#kbps = this.#kbps === undefined ? kbps : this.#kbps * 0.8 + kbps * 0.2;
    });
    player.attachMediaElement(video);
    player.load();
  }

  async #explainError(network: boolean, detail: string, message: string): Promise<void> {
    if (this.#explaining) return;
    this.#explaining = true;
    if (!network) {
      this.#fail(mediaFailure(detail, message));
      return;
    }
    const { signal } = this.#closed;
    const failure = await explain(this.#url, signal);
    if (!signal.aborted) this.#fail(failure ?? { kind: "lost" });
  }

  /** Reports a failure later, as mpegts.js must not be destroyed within its own event. */
  #fail(failure: Failure): void {
    queueMicrotask(() => {
      if (!this.#closed.signal.aborted) this.#onFailure(failure);
    });
  }
}

/** Number of first bitrate reports, 600 ms apart, that are ignored. */
const FIRST_REPORTS = 3;
/** Seconds behind the picture that stay in memory. */
const cleanup = { autoCleanupMaxBackwardDuration: 20, autoCleanupMinBackwardDuration: 10 };

function mediaFailure(detail: string, message: string): Failure {
  const [, mime] = /codecs=([\w.,-]+)/.exec(message) ?? [];
  if (mime !== undefined) return { kind: "codec", codec: mime };
  if (detail === "CodecUnsupported") return { kind: "codec", codec: flvCodec(message) };
  return { kind: "broken", detail: message };
}

/** FLV codecs that no browser plays, by their numbers. */
const oldVideo: Readonly<Record<string, string>> = {
  "2": "Sorenson H.263",
  "3": "Screen video",
  "4": "VP6",
  "5": "VP6 with alpha",
  "6": "Screen video 2",
};
const oldAudio: Readonly<Record<string, string>> = {
  "1": "ADPCM",
  "4": "Nellymoser",
  "5": "Nellymoser",
  "6": "Nellymoser",
  "7": "G.711 A-law",
  "8": "G.711 µ-law",
  "11": "Speex",
};

/** The codec that mpegts.js names in an error, by its number in FLV or by its FourCC. */
function flvCodec(message: string): string {
  const [, id = ""] = /:\s*"?([\w-]+)"?\s*$/.exec(message) ?? [];
  return (message.includes("audio") ? oldAudio : oldVideo)[id] ?? id;
}
