import type { Log, LogFields } from "../../base/log.ts";
import type { Transport } from "../../base/transport.ts";
import { streamConfig } from "../../live/config.ts";
import type { ClientRecord } from "../../live/ports/clients.ts";
import type { Entered, FoundVhost, Refused } from "../../live/ports/entry.ts";
import type { Source, SourceEnd, SourceEvents, SourceInfo } from "../../live/source/source.ts";
import type { Stream } from "../../live/stream.ts";
import { streamLabel } from "../../live/streams.ts";
import type { EpochCommandArguments } from "../../rtmp/connect.ts";
import type { NetStream } from "../../rtmp/net-stream.ts";
import type { PlayRequest, StreamEvents } from "../../rtmp/server-events.ts";
import type { Admission } from "./admission.ts";
import { refusalCodes } from "./codes.ts";
import type { RtmpContext, RtmpVhost } from "./context.ts";
import type { Question } from "./pending.ts";
import { Player } from "./player.ts";
import { isPreferred } from "./preference.ts";
import { Publisher } from "./publisher.ts";
import { busyRefusal, dismissedRefusal } from "./refused.ts";
import { Tasks } from "./tasks.ts";

/** The connection of the client. */
export interface StreamsOwner {
  readonly id: string;
  /** The client's address, for the log. */
  readonly remote: string;
  /** Both exist once the connection is open. */
  readonly transport: Transport | undefined;
  readonly client: ClientRecord | undefined;
  /** Runs the work that follows an answer, which may find a breach of protocol. */
  attempt(work: () => void): void;
  /** Counts a refusal by its rule, and logs it. */
  count(rule: string, message: string, more: LogFields): void;
  /** Pings the client, whose connection may be half-open: another publisher wants a stream that it publishes. */
  probe(): void;
  /** Frames dropped since the last call, because too much was waiting for an answer. */
  takeDropped(): number;
  /** Closes the connection once what is queued is sent. */
  close(): void;
}

/** Begins, watches and ends what one client publishes and plays on its connection. */
export class ClientStreams implements StreamEvents {
  readonly #context: RtmpContext;
  readonly #log: Log;
  readonly #admission: Admission;
  readonly #owner: StreamsOwner;
  readonly #tasks: Tasks;

  constructor(context: RtmpContext, log: Log, admission: Admission, owner: StreamsOwner) {
    this.#context = context;
    this.#log = log;
    this.#admission = admission;
    this.#owner = owner;
    this.#tasks = new Tasks((work) => owner.attempt(work));
  }

  get publishers(): readonly Publisher[] {
    return this.#tasks.publishers;
  }

  /** Whether it publishes or plays, or has asked to. */
  get busy(): boolean {
    return this.#tasks.size > 0;
  }

  /** The transport has room again. */
  drained(): void {
    this.#tasks.drained();
  }

  /** Checks the limits of publishers, and sends relays the age of their packets; called about once a second with monotonic ms. */
  watch(now: number): void {
    for (const relay of this.#tasks.relays) relay.tellAge();
    for (const publisher of this.#tasks.publishers) {
      this.#watch(publisher, now);
      // A limit may have closed the connection, which ends everything.
      if (!this.busy) return;
    }
  }

  #watch(publisher: Publisher, now: number): void {
    const complaint = publisher.look(now, this.#context.entry.vhostNamed(publisher.vhost)?.config.limits);
    if (complaint === undefined) return;
    const { rule, message, reason, code } = complaint;
    const about = this.#about(publisher.stream.key, { error: reason });
    if (code === undefined) {
      this.#log.warn(message, about);
      return;
    }
    this.#owner.count(rule, message, about);
    publisher.net.status("error", code, reason);
    this.#owner.close();
  }

  /**
   * The configuration has changed. Streams of a vhost that admits no clients any more end properly; returns the reason if the
   * connection is to be closed.
   */
  reconfigure(): string | undefined {
    let gone: string | undefined;
    for (const task of this.#tasks.all()) {
      if (task.kind === "waiting") continue;
      const found = this.#context.entry.recheckVhost(task.vhost);
      if (found.ok) {
        const { publish } = found.vhost.config;
        if (task.kind === "publish") task.configure(publish, this.#admission.rightsAddress);
        continue;
      }
      gone = found.reason;
      this.#end(task.net, "unpublished");
      task.net.status("error", "NetConnection.Connect.AppShutdown", gone);
    }
    return gone;
  }

  publish(net: NetStream, name: string): void {
    this.#enter(net, "publish", name, (entered) => this.#startPublish(net, entered));
  }

  play(net: NetStream, { name }: PlayRequest): void {
    this.#enter(net, "play", name, (entered) => net.acceptPlay(() => this.#startPlay(net, entered)));
  }

  #enter(net: NetStream, action: "publish" | "play", name: string, start: (entered: Entered<RtmpVhost>) => void): void {
    const question = this.#admission.question(action, name);
    const ask: typeof question = (answer) => {
      const asked = question(answer);
      return {
        cancel: () => {
          asked.cancel();
          if (action === "publish") this.#logUnanswered(this.#admission.label(name));
        },
      };
    };
    this.#tasks.ask(net, ask, (result) => {
      if (result.ok) start(result);
      else this.#refuse(net, action, result);
    });
  }

  /** A client's publish is over before its answer. Nothing else would tell that it has sent a stream. */
  #logUnanswered(stream: string): void {
    this.#log.info("publish ended before its answer", { addr: this.#owner.remote, stream });
  }

  restart(net: NetStream): void {
    this.#tasks.player(net)?.restart();
  }

  #startPublish(net: NetStream, entered: Entered<RtmpVhost>): void {
    const { vhost, name, param } = entered;
    const stream = this.#context.streams.open(name, streamConfig(vhost.config));
    const { on_conflict: onConflict, prefer } = vhost.config.publish;
    const preferred = isPreferred(prefer, this.#admission.rightsAddress, param);
    const hops = this.#admission.request?.hops ?? [];
    const info: SourceInfo = { id: this.#owner.id, remote: this.#owner.remote, param, hops, via: "client" };
    const options = { onConflict, preferred, events: this.#eventsOf(net) };
    const ask: Question<Source | undefined> = (answer) => {
      const waiting = stream.sources.request(info, options, answer);
      return {
        cancel: () => {
          waiting.cancel();
          entered.withdraw();
          this.#logUnanswered(streamLabel(stream.key));
        },
      };
    };
    this.#tasks.ask(net, ask, (source) => {
      if (source !== undefined) {
        this.#publish(net, vhost, stream, source);
        return;
      }
      entered.withdraw();
      this.#refuse(net, "publish", busyRefusal(stream));
    });
  }

  #publish(net: NetStream, vhost: FoundVhost<RtmpVhost>, stream: Stream, source: Source): void {
    const publisher = new Publisher(net, vhost.name, stream, source, vhost.config.publish, (error) =>
      this.#log.warn("malformed data message dropped", this.#about(stream.key, { error })),
    );
    this.#tasks.begin(publisher);
    this.#mergeReads();
    this.#owner.client?.began(publisher);
    const frames = this.#owner.takeDropped();
    if (frames > 0) this.#log.warn("frames before the answer were dropped", this.#about(stream.key, { frames }));
    net.acceptPublish(publisher);
  }

  #startPlay(net: NetStream, { vhost, name, param }: Entered<RtmpVhost>): void {
    const transport = this.#owner.transport;
    if (transport === undefined) return;
    const stream = this.#context.streams.open(name, streamConfig(vhost.config));
    const isRelay = (this.#admission.request?.hops.length ?? 0) > 0;
    const player = new Player(net, vhost.name, stream, transport, this.#context.formats, {
      demand: this.#admission.demand(param),
      node: isRelay ? this.#context.entry.nodeId : undefined,
      refuse: (refused) => this.#refuse(net, "play", refused),
      since: this.#context.clock.now(),
    });
    this.#tasks.begin(player);
    this.#owner.client?.began(player);
    player.begin();
    this.#mergeReads();
  }

  pause(net: NetStream, paused: boolean): void {
    this.#tasks.player(net)?.pause(paused);
  }

  receive(net: NetStream, kind: "audio" | "video", on: boolean): void {
    this.#tasks.player(net)?.receive(kind, on);
  }

  epoch(net: NetStream, ...args: EpochCommandArguments): void {
    const publisher = this.#tasks.publisher(net);
    if (publisher !== undefined && !publisher.receiveEpoch(...args))
      this.#log.warn("malformed epoch ignored", this.#about(publisher.stream.key));
  }

  age(net: NetStream, ms: number | undefined): void {
    this.#tasks.publisher(net)?.receiveAge(ms);
  }

  hops(net: NetStream, hops: readonly string[]): void {
    const publisher = this.#tasks.publisher(net);
    if (publisher === undefined) return;
    const loop = this.#context.entry.loop(hops);
    if (loop === undefined) publisher.source.reroute(hops);
    else this.#refuse(net, "publish", loop);
  }

  ended(net: NetStream): void {
    this.#end(net, "unpublished");
  }

  #refuse(net: NetStream, action: "publish" | "play", refused: Refused): void {
    const { rule, kind, reason, detail, by, elsewhere } = refused;
    const stream = this.#admission.label(net.name);
    if (elsewhere === undefined) {
      this.#owner.count(rule, `${action} refused`, { stream, error: reason, detail, by });
      net.refuse(refusalCodes[action][kind], reason);
    } else {
      this.#log.debug(`${action} redirected`, { addr: this.#owner.remote, stream, to: elsewhere.server });
      const { tcUrl, url } = this.#admission.elsewhere(net.name, elsewhere);
      net.redirect(refusalCodes[action][kind], tcUrl, url);
    }
    this.#end(net, "lost");
    // The client's other publications continue.
    if (this.#tasks.publishers.length === 0) this.#owner.close();
  }

  #end(net: NetStream, how: SourceEnd): void {
    const task = this.#tasks.take(net);
    task?.end(how);
    if (task !== undefined) this.#owner.client?.ended(task, how);
    this.#mergeReads();
  }

  #eventsOf(net: NetStream): SourceEvents {
    return {
      replaced: (by) => this.#replaced(net, by),
      dismissed: (reason) => this.#refuse(net, "publish", dismissedRefusal(reason)),
      probe: () => this.#owner.probe(),
      unread: () => this.#owner.transport?.readPaused ?? false,
      awaitedChanged: () => this.#mergeReads(),
    };
  }

  /** Another publisher has replaced this client's: the client is notified, and its connection stays only for its other streams. */
  #replaced(net: NetStream, { id, remote }: SourceInfo): void {
    const publisher = this.#tasks.publisher(net);
    if (publisher === undefined) return;
    const label = streamLabel(publisher.stream.key);
    this.#log.warn("publisher replaced", this.#about(publisher.stream.key, { by: `${remote} [${id}]` }));
    this.#end(net, "lost");
    net.refuse(refusalCodes.publish.busy, `${label} is now published by another connection`);
    if (!this.busy) this.#owner.close();
  }

  /** Input of publishers may be read late while nobody waits for it. */
  #mergeReads(): void {
    const { publishers, size } = this.#tasks;
    const only = publishers.length > 0 && size === publishers.length;
    this.#owner.transport?.mergeReads(only && !publishers.some(({ source }) => source.awaited));
  }

  /** Ends everything that the client does; `how` applies to what it publishes. */
  endAll(how: SourceEnd): void {
    for (const { net } of this.#tasks.all()) this.#end(net, how);
  }

  #about(key: string, more: Record<string, string | number | boolean | undefined> = {}) {
    return { addr: this.#owner.remote, stream: streamLabel(key), ...more };
  }
}
