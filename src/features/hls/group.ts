import type { StreamName } from "../../live/streams.ts";
import type { HlsConfig } from "./config.ts";
import type { HlsStream } from "./hls-stream.ts";
import type { WaitResult } from "./list-waits.ts";

/** A variant that has listed nothing for so many target durations has stopped, if another one goes on: players have as much of it, and one more. */
const MAX_QUIET_TARGETS = 2;

/** The HLS of all streams. */
interface GroupStreams {
  find(name: StreamName): HlsStream | undefined;
  /** That of a stream, made where there is none. */
  open(name: StreamName, config: HlsConfig): HlsStream;
  /** Forgets one that nobody has published and that nobody waits for. */
  closeIfIdle(stream: HlsStream): void;
}

/** One stream of a group: its name is the group's with the suffix behind it. */
export interface GroupMember {
  readonly suffix: string;
  readonly hls: HlsStream;
}

/**
 * The streams that one multivariant playlist lists: the one of its address and its variants, whose names are known by their endings.
 * Most streams are alone.
 */
export class HlsGroup {
  readonly name: StreamName;
  readonly key: string;
  readonly #streams: GroupStreams;
  readonly #suffixes: readonly string[];

  /** `endings`: see `endingsOf`. */
  constructor(streams: GroupStreams, name: StreamName, endings: readonly string[]) {
    this.#streams = streams;
    this.name = name;
    this.key = `${name.vhost}/${name.app}/${name.stream}`;
    const isVariant = endings.some((suffix) => name.stream.endsWith(suffix) && name.stream !== suffix);
    this.#suffixes = isVariant ? [""] : ["", ...endings];
  }

  /** Whether it may have variants: links then say which one they are for. */
  get hasVariants(): boolean {
    return this.#suffixes.length > 1;
  }

  /** The names of all its streams, of this one first. */
  get names(): readonly StreamName[] {
    return this.#suffixes.map((suffix) => this.#nameOf(suffix));
  }

  /** Those that are here. */
  get members(): readonly GroupMember[] {
    return this.#suffixes.flatMap((suffix) => {
      const hls = this.#streams.find(this.#nameOf(suffix));
      return hls === undefined ? [] : [{ suffix, hls }];
    });
  }

  /** All of them, made where there is none. */
  open(config: HlsConfig): readonly GroupMember[] {
    return this.#suffixes.map((suffix) => ({ suffix, hls: this.#streams.open(this.#nameOf(suffix), config) }));
  }

  /** Those that a playlist may name now: they can be carried, have segments and have not stopped while others go on. */
  get playable(): readonly GroupMember[] {
    const listed = this.members.filter(({ hls }) => hls.listed && hls.refusal === undefined);
    const recent = listed.filter(({ hls }) => hls.quietMs <= MAX_QUIET_TARGETS * 1000 * hls.window.targetSeconds);
    return recent.some(({ hls }) => hls.live) ? recent : listed;
  }

  /** The one that a link is for; a link that says none is for the first. */
  playableBy(suffix: string | undefined): HlsStream | undefined {
    if (!this.hasVariants) return this.members[0]?.hls;
    return this.playable.find((member) => suffix === undefined || member.suffix === suffix)?.hls;
  }

  /** A key of any of them by its name. */
  keyNamed(name: string): ReturnType<HlsStream["keyNamed"]> {
    for (const { hls } of this.members)
      for (const each of [hls, ...hls.renditions.values()]) {
        const key = each.keyNamed(name);
        if (key !== undefined) return key;
      }
    return undefined;
  }

  /** Whether any of them has a playlist. */
  get listed(): boolean {
    return this.members.some(({ hls }) => hls.listed);
  }

  /** As `HlsStream.expiryMs`. */
  get expiryMs(): number {
    return Math.max(2000, ...this.members.map(({ hls }) => hls.expiryMs));
  }

  /** Forgets those that nobody has published and that nobody waits for. */
  closeIdle(): void {
    for (const { hls } of this.members) this.#streams.closeIfIdle(hls);
  }

  #nameOf(suffix: string): StreamName {
    return suffix === "" ? this.name : { ...this.name, stream: this.name.stream + suffix };
  }
}

/**
 * Whether there is an answer: of all members that are published, a list that is not old, or a reason why there is none, and of one at
 * least.
 */
function isAnswerable(members: readonly GroupMember[], isFresh: (hls: HlsStream) => boolean): boolean {
  const done = members.filter(({ hls }) => hls.refusal !== undefined || isFresh(hls));
  return done.length > 0 && members.every((member) => done.includes(member) || !member.hls.live);
}

/**
 * Calls `notify` once: at once, when there is an answer for who asks for all members, or when that took too long. Returns how to wait no
 * more, undefined where it has called.
 */
export function whenAnswerable(
  members: readonly GroupMember[],
  isFresh: (hls: HlsStream) => boolean,
  notify: (what: WaitResult) => void,
): { cancel(): void } | undefined {
  if (isAnswerable(members, isFresh)) {
    notify("listed");
    return undefined;
  }
  const waits: { cancel(): void }[] = [];
  const cancel = () => {
    for (const wait of waits.splice(0)) wait.cancel();
  };
  const waitFor = (hls: HlsStream) =>
    waits.push(
      hls.wait(hls.window.version, (what) => {
        if (what !== "late" && !isAnswerable(members, isFresh)) {
          // It is one of those that all were waited for; the others, or its parts, may be longer about it.
          waitFor(hls);
          return;
        }
        cancel();
        notify(what);
      }),
    );
  for (const { hls } of members) waitFor(hls);
  return { cancel };
}
