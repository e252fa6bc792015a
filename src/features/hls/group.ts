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
  /** Whether a stream was told to be of the ladder whose base has this key. */
  isStep(stream: HlsStream, base: string): boolean;
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
  #suffixes: readonly string[];
  /** Those that another server has told of. */
  readonly #told = new Set<string>();

  /** `endings`: see `endingsOf`. */
  constructor(streams: GroupStreams, name: StreamName, endings: readonly string[]) {
    this.#streams = streams;
    this.name = name;
    this.key = `${name.vhost}/${name.app}/${name.stream}`;
    const isVariant = endings.some((suffix) => name.stream.endsWith(suffix) && name.stream !== suffix);
    this.#suffixes = isVariant ? [""] : ["", ...endings];
  }

  /** A server has told of endings. Returns the names of the streams that it did not have before. */
  grow(endings: readonly string[]): readonly StreamName[] {
    const added = endings.filter((ending) => ending !== "" && !this.#suffixes.includes(ending));
    this.#suffixes = [...this.#suffixes, ...added];
    for (const ending of added) this.#told.add(ending);
    return added.map((suffix) => this.#nameOf(suffix));
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
  open(config: HlsConfig): void {
    for (const name of this.names) this.#streams.open(name, config);
  }

  /**
   * Those that viewers may see: guards are asked about the group's name, so that who publishes one stream must not show others by calling
   * them its steps. The source of a step says so, too.
   */
  get #shown(): readonly GroupMember[] {
    return this.members.filter(({ suffix, hls }) => !this.#told.has(suffix) || this.#streams.isStep(hls, this.key));
  }

  /** Those that a playlist may name now: they can be carried, have segments and have not stopped while others go on. */
  get playable(): readonly GroupMember[] {
    const listed = this.#shown.filter(({ hls }) => hls.listed && hls.refusal === undefined);
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
    for (const { hls } of this.#shown)
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

/** What a viewer waits for. */
interface GroupWait {
  readonly group: HlsGroup;
  /** The variant that their link names. */
  readonly variant: string | undefined;
  /** Whether a member's list is not old. */
  readonly isFresh: (hls: HlsStream) => boolean;
}

/**
 * Whether there is an answer: of all members that are published, a list that is not old, or a reason why there is none; and of the one
 * that a link names, or of any.
 */
function isAnswerable({ group: { members }, variant, isFresh }: GroupWait): boolean {
  const done = members.filter(({ hls }) => hls.refusal !== undefined || isFresh(hls));
  const isThere = done.some(({ suffix }) => variant === undefined || suffix === variant);
  return isThere && members.every((member) => done.includes(member) || !member.hls.live);
}

/**
 * Calls `notify` once: at once, when there is an answer, or when that took too long. Returns how to wait no more, undefined where it has
 * called.
 */
export function whenAnswerable(wanted: GroupWait, notify: (what: WaitResult) => void): { cancel(): void } | undefined {
  if (isAnswerable(wanted)) {
    notify("listed");
    return undefined;
  }
  const waits = new Map<HlsStream, { cancel(): void }>();
  const cancel = () => {
    for (const wait of waits.values()) wait.cancel();
    waits.clear();
  };
  const look = (hls: HlsStream, what: WaitResult) => {
    waits.delete(hls);
    if (what === "late" || isAnswerable(wanted)) {
      cancel();
      notify(what);
    } else waitForAll();
  };
  // It is one of those that all were waited for; the others, or its parts, may be longer about it, and there may be more by now.
  const waitForAll = () => {
    for (const { hls } of wanted.group.members)
      if (!waits.has(hls))
        waits.set(
          hls,
          hls.wait(hls.window.version, (what) => look(hls, what)),
        );
  };
  waitForAll();
  return { cancel };
}
