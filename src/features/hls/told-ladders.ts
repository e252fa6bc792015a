import { type Ladder, sameLadder } from "../../live/source/ladder.ts";
import type { HlsStream } from "./hls-stream.ts";

/** The ladders that other servers have told with their streams. A stream's ladder stays known while the stream is away. */
export class ToldLadders {
  readonly #told = new Map<HlsStream, Ladder>();
  /** The streams that were told to be of a ladder, by the key of its base. */
  readonly #byBase = new Map<string, Set<HlsStream>>();

  /** Sets a stream's ladder, or none. Returns the key of the ladder's base; undefined if that is nothing new, or can't be the stream's. */
  tell(stream: HlsStream, ladder: Ladder | undefined): string | undefined {
    if (sameLadder(this.#told.get(stream), ladder)) return undefined;
    this.forget(stream);
    if (ladder === undefined) return undefined;
    // A stream that was renamed on its way is in no ladder.
    if (!["", ...ladder.endings].some((ending) => ladder.base + ending === stream.name.stream)) return undefined;
    const key = keyOf(stream, ladder);
    this.#told.set(stream, ladder);
    this.#byBase.set(key, (this.#byBase.get(key) ?? new Set()).add(stream));
    return key;
  }

  /** The ladder of a stream. */
  of(stream: HlsStream): Ladder | undefined {
    return this.#told.get(stream);
  }

  /** The key of the base of a stream's ladder. */
  baseOf(stream: HlsStream): string | undefined {
    const ladder = this.#told.get(stream);
    return ladder && keyOf(stream, ladder);
  }

  /** The endings of the ladder with this base, none where there is no ladder. */
  endings(key: string): readonly string[] {
    const [stream] = this.#byBase.get(key) ?? [];
    return (stream && this.#told.get(stream)?.endings) ?? [];
  }

  /** Forgets the ladder of a stream, which is closed or has another one. */
  forget(stream: HlsStream): void {
    const before = this.#told.get(stream);
    if (before === undefined) return;
    this.#told.delete(stream);
    const key = keyOf(stream, before);
    const streams = this.#byBase.get(key);
    streams?.delete(stream);
    if (streams?.size === 0) this.#byBase.delete(key);
  }
}

function keyOf({ name: { vhost, app } }: HlsStream, { base }: Ladder): string {
  return `${vhost}/${app}/${base}`;
}
