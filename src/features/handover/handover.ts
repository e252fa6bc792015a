import type { Clock } from "../../base/clock.ts";
import { UserError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { LocalNet } from "../../base/transport.ts";
import type { AccessRequest, ConnectAccess, Guard, GuardResult } from "../../live/ports/access.ts";
import type { Carry } from "../../live/ports/carry.ts";
import type { Feature } from "../../live/ports/feature.ts";
import type { OnConflict, Source, SourceEnd } from "../../live/source/source.ts";
import type { SourceSwitch } from "../../live/source/switches.ts";
import type { Stream } from "../../live/stream.ts";
import { type StreamName, type StreamObserver, streamLabel } from "../../live/streams.ts";
import type { RtmpFormats } from "../../rtmp/format.ts";
import type { RtmpLimits } from "../../rtmp/limits.ts";
import { CarryGiver, CarryTaker } from "./carry-link.ts";
import { type Hello, keyOf, type Message, PROTOCOL, type Published, publishedOf } from "./messages.ts";
import { SiblingLink, type SiblingLinkEvents } from "./sibling-link.ts";
import { SiblingReader } from "./sibling-reader.ts";
import { SiblingSource } from "./sibling-source.ts";
import { WaitingPublishers } from "./waiting-publishers.ts";

/** What handing over needs from outside. */
export interface HandoverContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly local: LocalNet;
  readonly formats: RtmpFormats;
  readonly limits: RtmpLimits;
  /** This process's id. */
  readonly pid: number;
  /** The features' carries, by name. */
  carries(): ReadonlyMap<string, Carry>;
  /** The treatment of a second publisher on a vhost. */
  onConflict(vhost: string): OnConflict;
  /** The other process publishes the stream of this key; without a source, it no longer does. */
  theirs(key: string, source: TheirSource | undefined): void;
}

/** A source in the other process. */
export type TheirSource = Pick<Source, "info" | "dismiss">;

/** Time within which a stream arrives from the other process. */
const SEARCH_MS = 5000;
/** What the old process carries over must arrive within this time; then clients are accepted without it. */
const CARRY_MS = 10_000;
/** A stream whose source has ended is fetched from the other process again after this time. */
const AGAIN_MS = 200;

/** The other process, and its published streams by key. */
interface Sibling {
  readonly link: SiblingLink;
  readonly pid: number;
  readonly path: string;
  readonly published: Map<string, Published>;
  /** Names of its features that carry something over. */
  readonly carries: readonly string[];
  readonly dismisses: boolean;
  readonly probes: boolean;
}

/** A stream that is published or watched here. */
interface Here {
  readonly stream: Stream;
  readonly name: StreamName;
}

/**
 * The old and the new process of one server, while the old one drains. Each reports its published streams to the other, and
 * fetches from it streams that are watched here and published there. A stream has its publisher in one of the two processes,
 * which alone passes it on to other servers; if both have one, the new process's publisher stays.
 */
export class Handover implements Feature, StreamObserver, Guard, SiblingLinkEvents {
  readonly name = "handover";
  readonly streams = this;
  readonly #context: HandoverContext;
  /** Streams published here, and streams watched here, by key. */
  readonly #ours = new Map<string, Here>();
  readonly #wanted = new Map<string, Here>();
  readonly #fetched = new Map<string, SiblingSource>();
  /** The links on which a stream or a feature's memory is sent. */
  readonly #served = new Set<SiblingLink>();
  readonly #waiting: WaitingPublishers;
  /** Streams whose publishers here are being probed for the other process, by key. */
  readonly #probed = new Set<string>();
  #isNew = false;
  #path = "";
  #listener: { stop(): void } | undefined;
  #sibling: Sibling | undefined;
  #leaving = false;
  #joined: { resolve(): void; reject(error: Error): void } | undefined;
  #onReady: ((pid: number) => void) | undefined;

  constructor(context: HandoverContext) {
    this.#context = context;
    this.#waiting = new WaitingPublishers(context.clock);
  }

  /** The other process's id, while it exists. */
  get sibling(): number | undefined {
    return this.#sibling?.pid;
  }

  /** In the old process: waits at `path` for the new one to connect, and to accept clients. Throws UserError. */
  expect(path: string, onReady: (pid: number) => void): void {
    this.#isNew = false;
    this.#open(path);
    this.#onReady = onReady;
  }

  /**
   * In the new process, before it accepts clients: connects to the old one, which waits at `path`; the old one can reach this process at
   * `own`. Throws UserError.
   */
  async join(path: string, own: string): Promise<void> {
    this.#isNew = true;
    this.#open(own);
    const joined = Promise.withResolvers<void>();
    this.#joined = joined;
    const { received, gone } = this;
    const events: SiblingLinkEvents = {
      open: (link) => link.send({ hello: this.#hello() }),
      received: received.bind(this),
      gone: gone.bind(this),
    };
    this.#context.local.dial(path, new SiblingLink(events));
    await joined.promise;
    await this.#takeCarries();
  }

  /** In the new process: it accepts clients now. */
  ready(): void {
    this.#sibling?.link.send({ ready: true });
  }

  /** In the old process: whether the new one has what the features carry over, so that this process may end. */
  get carried(): boolean {
    const isSent = [...this.#served].every(({ carry }) => carry?.sent !== false);
    return isSent && [...this.#context.carries().values()].every(({ complete }) => complete);
  }

  /** This process will end: its publishers may reconnect to the other process. */
  stop(): void {
    this.#leaving = true;
  }

  /** Closes the link: nothing waits for the other process any more. */
  close(): void {
    this.#listener?.stop();
    this.#listener = undefined;
    const { link } = this.#sibling ?? {};
    this.#forgetSibling();
    link?.close();
  }

  check(request: AccessRequest): GuardResult | Promise<GuardResult> {
    const key = keyOf(request.name);
    const published = this.#theirs(key) ?? this.#fetched.get(key)?.published;
    if (request.action !== "publish" || published === undefined || published.yields) return undefined;
    return this.#checkTheirs(request);
  }

  withdrawn(request: AccessRequest | ConnectAccess): void {
    this.#waiting.withdrawn(request);
  }

  published(stream: Stream, name: StreamName, source: Source): void {
    if (source.info.via === "sibling") return;
    this.#ours.set(stream.key, { stream, name });
    this.#sibling?.link.send({ published: publishedOf(name, source) });
  }

  unpublished(stream: Stream, { info }: Source, how: SourceEnd): void {
    if (this.#ours.has(stream.key)) this.#endOurs(stream.key, info.via === "pull" ? "lost" : how);
    const here = this.#wanted.get(stream.key);
    if (here !== undefined) this.#context.clock.after(AGAIN_MS, () => this.#fetchIfWanted(stream.key));
  }

  switched(stream: Stream, { to }: SourceSwitch): void {
    const name = this.#ours.get(stream.key)?.name ?? this.#fetched.get(stream.key)?.published.name;
    if (to.via === "sibling") this.#endOurs(stream.key, "lost");
    else if (name !== undefined && stream.source !== undefined) this.published(stream, name, stream.source);
  }

  rerouted(stream: Stream): void {
    const ours = this.#ours.get(stream.key);
    if (ours !== undefined && stream.source !== undefined) this.published(stream, ours.name, stream.source);
  }

  searchMs(name: StreamName): number {
    return this.#isTheirs(keyOf(name)) ? SEARCH_MS : 0;
  }

  wanted(stream: Stream, name: StreamName): void {
    this.#wanted.set(stream.key, { stream, name });
    this.#fetchIfWanted(stream.key);
  }

  unwanted(stream: Stream): void {
    this.#wanted.delete(stream.key);
    // With standby sources, the fetched stream stays, as they stand by for it.
    if (stream.sources.standbys.length === 0) this.#fetched.get(stream.key)?.stop();
  }

  received(link: SiblingLink, message: Message): void {
    if ("hello" in message) this.#onHello(link, message.hello);
    else if ("lend" in message) this.#serve(link, message.lend);
    else if ("carry" in message) this.#giveCarry(link, message.carry);
    else if ("ready" in message) this.#onReady?.(this.#sibling?.pid ?? 0);
    else if ("dismiss" in message) this.#ours.get(keyOf(message.dismiss))?.stream.source?.dismiss(message.reason);
    else if ("probe" in message) this.#probe(message.probe);
    else if ("alive" in message) this.#waiting.alive(keyOf(message.alive));
    else if ("published" in message) this.#onPublished(message.published);
    else this.#onUnpublished(keyOf(message.unpublished));
  }

  gone(link: SiblingLink, reason: string | undefined): void {
    this.#served.delete(link);
    this.#joined?.reject(new UserError(`the running server does not answer: ${reason ?? "it closed the connection"}`));
    if (link !== this.#sibling?.link) return;
    const { pid } = this.#sibling;
    this.#forgetSibling();
    // The connections of its streams end by themselves.
    this.#context.log.info("the other process has ended", { pid, reason });
  }

  #forgetSibling(): void {
    const { published = new Map<string, Published>() } = this.#sibling ?? {};
    this.#sibling = undefined;
    for (const key of published.keys()) {
      this.#context.theirs(key, undefined);
      this.#resumePublishers(key);
    }
  }

  #open(path: string): void {
    this.#listener?.stop();
    this.#path = path;
    this.#listener = this.#context.local.listen(path, () => new SiblingLink(this));
  }

  #hello(): Hello {
    const published = [...this.#ours.values()].flatMap(({ stream, name }) =>
      stream.source === undefined ? [] : [publishedOf(name, stream.source)],
    );
    const { pid } = this.#context;
    const carries = [...this.#context.carries().keys()];
    return { protocol: PROTOCOL, pid, socket: this.#path, published, carries, dismisses: true, probes: true };
  }

  #onHello(link: SiblingLink, hello: Hello): void {
    const { protocol, pid, socket, published, carries = [], dismisses = false, probes = false } = hello;
    if (protocol !== PROTOCOL || this.#sibling !== undefined) {
      link.close();
      this.#joined?.reject(new UserError(`server ${pid} can't hand over to this version; stop it and start this one`));
      return;
    }
    this.#sibling = { link, pid, path: socket, published: new Map(), carries, dismisses, probes };
    if (!this.#isNew) link.send({ hello: this.#hello() });
    for (const one of published) this.#onPublished(one);
    this.#joined?.resolve();
    this.#joined = undefined;
  }

  #onPublished(published: Published): void {
    const key = keyOf(published.name);
    this.#sibling?.published.set(key, published);
    this.#context.theirs(key, this.#sourceOf(published));
    this.#fetched.get(key)?.reroute(published);
    const ours = this.#ours.get(key);
    if (ours === undefined) this.#fetchIfWanted(key);
    else if (!this.#isNew) this.#fetch(ours.stream, published, "replace");
  }

  #onUnpublished(key: string): void {
    this.#sibling?.published.delete(key);
    this.#context.theirs(key, undefined);
    this.#resumePublishers(key);
  }

  #sourceOf({ name, param, hops, yields = false }: Published): TheirSource {
    const { pid } = this.#sibling ?? {};
    const info = { id: `server ${pid}`, remote: "this machine", param, hops, via: "sibling" as const, yields };
    return { info, dismiss: (reason) => this.#dismiss(name, reason) };
  }

  #dismiss(name: StreamName, reason: string): void {
    const { link, dismisses } = this.#sibling ?? {};
    if (dismisses) link?.send({ dismiss: name, reason });
  }

  /** A publisher at the other process wants a stream that is published here: the publisher here keeps it if it is alive, and else ends. */
  #probe(name: StreamName): void {
    const key = keyOf(name);
    const { sources } = this.#ours.get(key)?.stream ?? {};
    if (sources === undefined || this.#probed.has(key)) return;
    this.#probed.add(key);
    sources.probeActive(`${streamLabel(key)} is now published by another connection`, () => {
      this.#probed.delete(key);
      // The other process has been told of a stream that has ended.
      if (this.#ours.has(key)) this.#sibling?.link.send({ alive: name });
    });
  }

  #serve(link: SiblingLink, name: StreamName): void {
    const ours = this.#ours.get(keyOf(name));
    if (ours === undefined || link.transport === undefined) {
      link.close();
      return;
    }
    this.#served.add(link);
    link.reader = new SiblingReader(ours.stream, link.transport, this.#context.formats);
  }

  #giveCarry(link: SiblingLink, name: string): void {
    const carry = this.#context.carries().get(name);
    if (carry === undefined || link.transport === undefined) {
      link.close();
      return;
    }
    this.#served.add(link);
    link.carry = new CarryGiver(carry, link.transport);
  }

  /** Waits until everything that the old process carries over has come. */
  #takeCarries(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { carries = [], path = "" } = this.#sibling ?? {};
    const ours = [...this.#context.carries()].filter(([name]) => carries.includes(name));
    const awaited = new Set(ours.map(([name]) => name));
    const timer = this.#context.clock.after(CARRY_MS, resolve);
    const done = (name: string) => {
      awaited.delete(name);
      if (awaited.size > 0) return;
      timer.cancel();
      resolve();
    };
    if (ours.length === 0) done("");
    for (const [name, carry] of ours) new CarryTaker(name, carry, () => done(name)).start(this.#context.local, path);
    return promise;
  }

  #endOurs(key: string, how: SourceEnd): void {
    const ours = this.#ours.get(key);
    this.#ours.delete(key);
    if (ours === undefined) return;
    const { link } = this.#sibling ?? {};
    for (const { reader } of this.#served) if (reader?.stream === ours.stream) reader.end(this.#leaving ? "lost" : how);
    link?.send({ unpublished: ours.name });
  }

  #theirs(key: string): Published | undefined {
    return this.#sibling?.published.get(key);
  }

  #fetchIfWanted(key: string): void {
    const wanted = this.#wanted.get(key);
    const theirs = this.#theirs(key);
    if (wanted !== undefined && theirs !== undefined && wanted.stream.source === undefined)
      this.#fetch(wanted.stream, theirs, "reject");
  }

  #fetch(stream: Stream, published: Published, onConflict: OnConflict): void {
    const { key } = stream;
    if (this.#sibling === undefined || this.#fetched.has(key)) return;
    const { local, limits, log } = this.#context;
    const { path, pid } = this.#sibling;
    log.info("stream comes from the other process", { stream: streamLabel(key), pid });
    const fetched = new SiblingSource({ local, limits, path, pid }, published, stream, {
      dismissed: (reason) => this.#dismiss(published.name, reason),
      gone: () => {
        if (this.#fetched.get(key) === fetched) this.#fetched.delete(key);
        this.#resumePublishers(key);
      },
    });
    this.#fetched.set(key, fetched);
    fetched.start(onConflict);
  }

  async #checkTheirs(request: AccessRequest): Promise<GuardResult> {
    const { name } = request;
    const key = keyOf(name);
    const { onConflict } = this.#context;
    const { link, pid, probes } = this.#sibling ?? {};
    const isAsked = probes === true && onConflict(name.vhost) === "reject";
    if (isAsked) link?.send({ probe: name });
    await this.#waiting.wait(request, key, isAsked);
    if (!this.#isTheirs(key) || onConflict(name.vhost) !== "reject") return undefined;
    return { kind: "busy", reason: `${streamLabel(key)} is already being published`, detail: `to server ${pid}` };
  }

  /** Whether the other process publishes the stream, or its last packets are still on their way. */
  #isTheirs(key: string): boolean {
    return this.#theirs(key) !== undefined || this.#fetched.has(key);
  }

  #resumePublishers(key: string): void {
    if (!this.#isTheirs(key)) this.#waiting.left(key);
  }
}
