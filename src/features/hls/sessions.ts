import type { HostPort } from "../../base/address.ts";
import type { Timer } from "../../base/clock.ts";
import { Round } from "../../base/round.ts";
import type { ClientRecord, PlayTask } from "../../live/ports/clients.ts";
import type { Refused } from "../../live/ports/entry.ts";
import type { Demand } from "../../live/readers/demand.ts";
import type { ReaderEvents } from "../../live/readers/format.ts";
import type { SourceEnd } from "../../live/source/source.ts";
import type { Stream } from "../../live/stream.ts";
import type { StreamName } from "../../live/streams.ts";
import type { HlsContext } from "./context.ts";
import type { HlsGroup } from "./group.ts";
import type { HlsStream } from "./hls-stream.ts";
import { KnownLinks } from "./known-links.ts";
import { Newcomers } from "./newcomers.ts";
import { type AllStreams, RestingStreams, WantedStreams } from "./wanted-streams.ts";

/** How often sessions are checked for viewers that have not asked for long. */
const SWEEP_MS = 1000;
/** A session whose link is not followed ends after this: programs that request only the first playlist must not fill the server. */
const UNFOLLOWED_MS = 10_000;
/** Maximum number of remembered tokens of viewers that were sent away. */
const MAX_BANNED = 4096;
const BAN_MS = 60_000;
/** Sessions at a time, whatever `max_connections` allows. */
const MAX_SESSIONS = 100_000;

/** The viewer that a session is for. */
export interface Viewer {
  /** Guards know the viewer by this id. */
  readonly id: string;
  readonly remote: HostPort;
  readonly url: string;
  readonly software: string;
  readonly demand: Demand;
}

/** What a viewer watches. */
export interface Watched {
  readonly group: HlsGroup;
  /** The streams that the viewer wants while it watches. */
  readonly names: readonly [StreamName, ...StreamName[]];
  /** The viewer also wants streams that turn out later to be of the group. */
  readonly wantsAll: boolean;
  readonly streams: AllStreams;
}

/** One viewer of one stream, or of its variants. It lasts, and wants these streams, while playlists are asked for with its token. */
export class Session implements ReaderEvents, PlayTask {
  readonly kind = "play";
  readonly relay = false;
  readonly lost = 0;
  readonly token: string;
  readonly group: HlsGroup;
  /** The stream that the viewer is counted for. */
  readonly stream: Stream;
  readonly viewer: Viewer;
  /** When it began, and when it was last asked for, monotonic ms. */
  readonly since: number;
  askedAt: number;
  /** A media playlist was asked for: the viewer has followed the link of the first playlist. */
  followed = false;
  readonly links = new KnownLinks();
  /** Bytes of playlists that were sent; segments are asked for without a token. */
  bytes = 0;
  /** Its requests that wait for a playlist: each is called if there is none after all. */
  readonly waiting = new Set<(refused: Refused) => void>();
  readonly #sessions: Sessions;
  readonly #wanted: WantedStreams;
  readonly #wantsAll: boolean;
  #missing = 0;
  #record: ClientRecord | undefined;

  constructor(sessions: Sessions, token: string, watched: Watched, viewer: Viewer, now: number) {
    const { group, names, streams, wantsAll } = watched;
    this.#wantsAll = wantsAll;
    this.#sessions = sessions;
    this.token = token;
    this.group = group;
    this.viewer = viewer;
    this.since = now;
    this.askedAt = now;
    const self = { events: this, demand: viewer.demand };
    this.#wanted = new WantedStreams(names, streams, sessions.resting, self, now, group.listed);
    this.stream = this.#wanted.first;
  }

  /** The viewer gets its first playlist: from here on, it counts as a player. */
  begin(record: ClientRecord): void {
    this.#record = record;
    const { url, software, demand } = this.viewer;
    record.introduction = { url, software, pageUrl: demand.pageUrl };
    record.connected();
    record.began(this);
  }

  get begun(): boolean {
    return this.#record !== undefined;
  }

  /** A server that was asked for the stream has told its epoch. If nobody publishes the stream, it may have variants. */
  epoch(): void {
    if (this.stream.source === undefined) this.#sessions.told(this.stream);
  }

  /** Decides which of its streams are to be fetched. */
  look(now: number): void {
    this.#wanted.look(now, this.group.listed);
  }

  /** The group gets streams with these endings, too. */
  grow(endings: readonly string[], now: number): void {
    const names = this.group.grow(endings);
    if (this.#wantsAll) this.#wanted.add(names, now, this.group.listed);
  }

  /** The viewer is gone, or sent away. */
  end(how: SourceEnd, reason: string | undefined): void {
    this.#wanted.leave();
    this.#record?.ended(this, how);
    this.#record?.disconnected(reason);
    this.#record = undefined;
  }

  refused(reason: string): void {
    this.#sessions.refuse(this, { ok: false, rule: "origin", kind: "denied", reason });
  }

  missing(reason: string): void {
    this.#missing++;
    if (this.#missing >= this.#wanted.size && !this.group.listed)
      this.#sessions.refuse(this, { ok: false, rule: "missing", kind: "missing", reason });
  }
}

/** All viewers with a token. */
export class Sessions {
  readonly #context: HlsContext;
  readonly #ended: (group: HlsGroup) => void;
  /** A stream that nobody publishes may be of another ladder. */
  readonly told: (stream: Stream) => void;
  /** By token; the session that was asked for the longest time ago comes first. */
  readonly #sessions = new Map<string, Session>();
  /** Until when tokens are refused whose viewers were sent away, monotonic ms. */
  readonly #banned = new Map<string, number>();
  readonly #newcomers = new Newcomers<Session>();
  readonly resting = new RestingStreams();
  #sweeping: Timer | undefined;
  readonly #sweeps: Round<Session>;
  /** Sessions whose stream is refused, and why. They end in slices, as all viewers of a stream are refused together. */
  readonly #refused = new Map<Session, Refused>();
  readonly #refusals: Round<[Session, Refused]>;
  #nextId = 1;

  /** `ended` gets the group of each session that has ended. */
  constructor(context: HlsContext, ended: (group: HlsGroup) => void, told: (stream: Stream) => void) {
    this.#context = context;
    this.told = told;
    this.#ended = ended;
    this.#refusals = new Round(context.clock, this.#refused, ([session, refused]) => {
      this.#refused.delete(session);
      for (const tell of [...session.waiting]) tell(refused);
      this.end(session, "lost", refused.reason);
    });
    this.#sweeps = new Round(context.clock, { [Symbol.iterator]: () => this.#sessions.values() }, (session) =>
      this.#look(session),
    );
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** The id of the viewer with this token, or of a new one. */
  idOf(token: string | undefined): string {
    return this.#sessions.get(token ?? "")?.viewer.id ?? `v${this.#nextId++}`;
  }

  /** Whether a viewer with this token was sent away. */
  isBanned(token: string): boolean {
    return (this.#banned.get(token) ?? 0) > this.#context.clock.now();
  }

  /** The session of a token. */
  find(token: string): Session | undefined {
    return this.#sessions.get(token);
  }

  /** The session of a request's token; records the time of the request, so that the session does not expire. */
  ask(token: string): Session | undefined {
    const session = this.#sessions.get(token);
    if (session === undefined) return undefined;
    this.#sessions.delete(token);
    this.#sessions.set(token, session);
    session.askedAt = this.#context.clock.now();
    this.#follow(session);
    return session;
  }

  /** Opens a session with a token that is not in use, or says why there may be no more sessions. */
  open(token: string, watched: Watched, viewer: Viewer): Session | Refused {
    const { connections } = this.#context.entry();
    // A viewer that asks has a connection, which is counted already: only sessions beyond the connections need room.
    if (this.size >= MAX_SESSIONS || !connections.hasRoom(this.size - connections.size))
      return {
        ok: false,
        rule: "max_connections",
        kind: "limit",
        reason: "this server has as many viewers as it may have",
      };
    const session = new Session(this, token, watched, viewer, this.#context.clock.now());
    this.#sessions.set(token, session);
    this.#sweeping ??= this.#context.clock.every(SWEEP_MS, () => this.#sweeps.begin());
    return session;
  }

  /** The session gets its first playlist; `followed`: by a link from an earlier playlist. */
  begin(session: Session, followed: boolean): void {
    if (followed) this.#follow(session);
    if (session.begun || this.find(session.token) !== session) return;
    session.askedAt = this.#context.clock.now();
    const { id, remote } = session.viewer;
    const identity = { id, protocol: "hls", remote };
    const kick = (reason: string) => this.#context.clock.soon(() => this.ban(session, reason));
    session.begin(this.#context.clients().add(identity, { bytesReceived: 0, bytesSent: 0, kick }));
    const tooMany = session.followed ? undefined : this.#newcomers.add(session.viewer.remote.host, session);
    if (tooMany !== undefined)
      this.end(tooMany, "unpublished", "has not followed its link; others of its address came");
  }

  #follow(session: Session): void {
    session.followed = true;
    this.#newcomers.remove(session.viewer.remote.host, session);
  }

  /** Ends a session that has not begun, once none of its requests waits for a first playlist. */
  endUnbegun(session: Session): void {
    if (!session.begun && session.waiting.size === 0) this.end(session, "lost", undefined);
  }

  /** Ends a session; its token means nothing any more. */
  end(session: Session, how: SourceEnd, reason: string | undefined): void {
    if (this.#sessions.get(session.token) !== session) return;
    this.#sessions.delete(session.token);
    this.#newcomers.remove(session.viewer.remote.host, session);
    session.end(how, reason);
    this.#ended(session.group);
    if (this.size > 0) return;
    this.#sweeping?.cancel();
    this.#sweeping = undefined;
  }

  /** A stream's playlist lists streams with these endings, too: viewers of the stream may choose them. */
  grow(key: string, endings: readonly string[]): void {
    const now = this.#context.clock.now();
    for (const session of this.#sessions.values()) {
      const { group } = session;
      if (group.key !== key) continue;
      session.grow(endings, now);
      const config = this.#context.configOf(group.name.vhost)?.hls;
      if (config?.enabled) group.open(config);
    }
  }

  /** Ends a session, and refuses its token for a while. */
  ban(session: Session, reason: string): void {
    if (this.#banned.size >= MAX_BANNED) this.#banned.delete(this.#banned.keys().next().value ?? "");
    this.#banned.set(session.token, this.#context.clock.now() + BAN_MS);
    this.end(session, "lost", reason);
  }

  /** Ends a session that gets no stream after all, and refuses its requests. */
  refuse(session: Session, refused: Refused): void {
    if (this.#refused.size === 0) this.#context.clock.soon(() => this.#refusals.begin());
    this.#refused.set(session, refused);
  }

  /** Ends the sessions that watch a stream and can continue with none of its variants; without a stream, all sessions. */
  endAll(hls: HlsStream | undefined, reason: string): void {
    const all = [...this.#sessions.values()];
    if (hls === undefined) {
      for (const session of all) this.end(session, "unpublished", reason);
      return;
    }
    new Round(this.#context.clock, all, (session) => {
      const { members } = session.group;
      const watchesIt = members.some((member) => member.hls === hls);
      const goesOn = members.some((member) => member.hls !== hls && member.hls.listed);
      if (watchesIt && !goesOn) this.end(session, "unpublished", reason);
    }).begin();
  }

  /** Ends a session without a request for its group's `expiryMs`, or sooner if no link was followed; calls `look` of any other. */
  #look(session: Session): void {
    const now = this.#context.clock.now();
    const waitsToFollow = session.begun && !session.followed;
    const expiryMs = waitsToFollow ? Math.min(UNFOLLOWED_MS, session.group.expiryMs) : session.group.expiryMs;
    if (now - session.askedAt > expiryMs && session.waiting.size === 0)
      this.end(session, "unpublished", "has not asked for long");
    else session.look(now);
  }
}
