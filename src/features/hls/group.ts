import type { StreamName } from "../../live/streams.ts";
import type { HlsConfig } from "./config.ts";
import type { HlsStream } from "./hls-stream.ts";
import type { WaitResult } from "./list-waits.ts";

/** A variant has stopped if it has listed nothing for this many target durations while another one continues: players hold one more. */
const MAX_QUIET_TARGETS = 2;

/** The HLS of all streams. */
interface GroupStreams {
  find(name: StreamName): HlsStream | undefined;
  /** The HLS of a stream, made where there is none. */
  open(name: StreamName, config: HlsConfig): HlsStream;
  /** Whether the stream's own ladder is the one whose base has this key. */
  isStep(stream: HlsStream, base: string): boolean;
  /** Forgets the stream if it is idle. */
  closeIfIdle(stream: HlsStream): void;
}

/** One stream of a group: its name is the group's with the suffix behind it. */
export interface GroupMember {
  readonly suffix: string;
  readonly hls: HlsStream;
}

/**
 * The streams that one multivariant playlist lists: the stream of its address, and variants, whose names have endings behind that stream's.
 * Most groups have one stream.
 */
export class HlsGroup {
  readonly name: StreamName;
  readonly key: string;
  readonly #streams: GroupStreams;
  #suffixes: readonly string[];
  /** The suffixes that came with a ladder, see `grow`. */
  readonly #told = new Set<string>();

  /** `endings`: see `endingsOf`. */
  constructor(streams: GroupStreams, name: StreamName, endings: readonly string[]) {
    this.#streams = streams;
    this.name = name;
    this.key = `${name.vhost}/${name.app}/${name.stream}`;
    const isVariant = endings.some((suffix) => name.stream.endsWith(suffix) && name.stream !== suffix);
    this.#suffixes = isVariant ? [""] : ["", ...endings];
  }

  /** Adds the endings of a ladder that a server has told. Returns the names of the streams that are new in the group. */
  grow(endings: readonly string[]): readonly StreamName[] {
    const added = endings.filter((ending) => ending !== "" && !this.#suffixes.includes(ending));
    this.#suffixes = [...this.#suffixes, ...added];
    for (const ending of added) this.#told.add(ending);
    return added.map((suffix) => this.#nameOf(suffix));
  }

  /** Whether the group may have variants: links then name one. */
  get hasVariants(): boolean {
    return this.#suffixes.length > 1;
  }

  /** The names of all streams of the group, its own name first. */
  get names(): readonly StreamName[] {
    return this.#suffixes.map((suffix) => this.#nameOf(suffix));
  }

  /** The group's streams that this server has. */
  get members(): readonly GroupMember[] {
    return this.#suffixes.flatMap((suffix) => {
      const hls = this.#streams.find(this.#nameOf(suffix));
      return hls === undefined ? [] : [{ suffix, hls }];
    });
  }

  /** Makes those of the group's streams that this server does not have. */
  open(config: HlsConfig): void {
    for (const name of this.names) this.#streams.open(name, config);
  }

  /**
   * The streams that viewers may see. Guards check the group's name only, so a publisher must not expose other streams by telling them as
   * its steps: the source of a step must tell the same ladder.
   */
  get #shown(): readonly GroupMember[] {
    return this.members.filter(({ suffix, hls }) => !this.#told.has(suffix) || this.#streams.isStep(hls, this.key));
  }

  /** The streams that a playlist may name now: they can be carried, have segments and have not stopped while others continue. */
  get playable(): readonly GroupMember[] {
    const listed = this.#shown.filter(({ hls }) => hls.listed && hls.refusal === undefined);
    const recent = listed.filter(({ hls }) => hls.quietMs <= MAX_QUIET_TARGETS * 1000 * hls.window.targetSeconds);
    return recent.some(({ hls }) => hls.live) ? recent : listed;
  }

  /** The stream that a link is for; a link that names no variant is for the first. */
  playableBy(suffix: string | undefined): HlsStream | undefined {
    if (!this.hasVariants) return this.members[0]?.hls;
    return this.playable.find((member) => suffix === undefined || member.suffix === suffix)?.hls;
  }

  /** A key of any of the group's streams, by the key's name. */
  keyNamed(name: string): ReturnType<HlsStream["keyNamed"]> {
    for (const { hls } of this.#shown)
      for (const each of [hls, ...hls.renditions.values()]) {
        const key = each.keyNamed(name);
        if (key !== undefined) return key;
      }
    return undefined;
  }

  /** Whether any of the group's streams has a playlist. */
  get listed(): boolean {
    return this.members.some(({ hls }) => hls.listed);
  }

  /** The largest `HlsStream.expiryMs` of the group, at least 2000 ms. */
  get expiryMs(): number {
    return Math.max(2000, ...this.members.map(({ hls }) => hls.expiryMs));
  }

  /** Forgets the group's streams that are idle. */
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
  /** The variant that the viewer's link names. */
  readonly variant: string | undefined;
  /** Whether a member's list is not old. */
  readonly isFresh: (hls: HlsStream) => boolean;
  /** Monotonic ms. */
  now(): number;
}

/**
 * Whether the viewer can be answered: every published member has a fresh list or a refusal, and so has the variant that the link names, or
 * any member if it names none.
 */
function isAnswerable({ group: { members }, variant, isFresh }: GroupWait): boolean {
  const done = members.filter(({ hls }) => hls.refusal !== undefined || isFresh(hls));
  const isThere = done.some(({ suffix }) => variant === undefined || suffix === variant);
  return isThere && members.every((member) => done.includes(member) || !member.hls.live);
}

/**
 * Calls `notify` once: when the viewer can be answered, which may be now, or when that took too long. Returns a way to cancel the wait;
 * undefined if `notify` was called already.
 */
export function whenAnswerable(wanted: GroupWait, notify: (what: WaitResult) => void): { cancel(): void } | undefined {
  if (isAnswerable(wanted)) {
    notify("listed");
    return undefined;
  }
  const begunAt = wanted.now();
  // Members that continue must not prolong the wait for one that never comes.
  const isLate = () =>
    wanted.now() - begunAt > Math.max(...wanted.group.members.map(({ hls: { maxWaitMs } }) => maxWaitMs));
  const waits = new Map<HlsStream, { cancel(): void }>();
  const cancel = () => {
    for (const wait of waits.values()) wait.cancel();
    waits.clear();
  };
  const look = (hls: HlsStream, what: WaitResult) => {
    waits.delete(hls);
    const isDone = isAnswerable(wanted);
    if (what === "late" || isDone || isLate()) {
      cancel();
      notify(isDone ? what : "late");
    } else waitForAll();
  };
  // One member has an answer; the others, or its own parts, may take longer, and the group may have more members by now.
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
