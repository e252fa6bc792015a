import type { Attempt, Engine, EngineFigures, OnFailure } from "./engine.ts";
import { explain } from "./explain.ts";

/** Lets the browser itself play HLS, if it has no Media Source Extensions (iPhones with iOS before 17.1). */
export class NativeEngine implements Engine {
  readonly #video: HTMLVideoElement;
  readonly #url: string;
  readonly #onFailure: OnFailure;
  readonly #closed = new AbortController();

  constructor(video: HTMLVideoElement, { url }: Attempt, onFailure: OnFailure) {
    this.#video = video;
    this.#url = url;
    this.#onFailure = onFailure;
    const { signal } = this.#closed;
    video.addEventListener("error", () => void this.#explainError(), { signal });
    video.addEventListener("ended", () => onFailure({ kind: "ended" }), { signal });
    video.src = url;
  }

  figures(): EngineFigures {
    return {};
  }

  close(): void {
    this.#closed.abort();
    this.#video.removeAttribute("src");
    this.#video.load();
  }

  async #explainError(): Promise<void> {
    const { signal } = this.#closed;
    const code = this.#video.error?.code;
    const failure = await explain(this.#url, signal);
    if (signal.aborted) return;
    const decoding = code === MediaError.MEDIA_ERR_DECODE || code === MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED;
    this.#onFailure(failure ?? (decoding ? { kind: "codec", codec: "" } : { kind: "lost" }));
  }
}
