import { formatHostPort } from "../../base/address.ts";
import { ProtocolError } from "../../base/errors.ts";
import type { Log, LogFields } from "../../base/log.ts";
import type { Transport } from "../../base/transport.ts";
import { streamConfig } from "../../live/config.ts";
import type { AcceptedConnection, ClientRecord } from "../../live/ports/clients.ts";
import type { ServedConnection } from "../../live/ports/connection-servers.ts";
import type { ConnectionEnds } from "../../live/ports/connections.ts";
import type { Connected, Entered, FoundVhost, Refused } from "../../live/ports/entry.ts";
import type { Source, SourceEnd, SourceEvents, SourceInfo } from "../../live/source/source.ts";
import type { Stream } from "../../live/stream.ts";
import { streamLabel } from "../../live/streams.ts";
import type { ConnectRequest } from "../../rtmp/connect.ts";
import type { NetStream } from "../../rtmp/net-stream.ts";
import type { PlayRequest, ServerEvents } from "../../rtmp/server-events.ts";
import { ServerSession } from "../../rtmp/server-session.ts";
import { Admission } from "./admission.ts";
import { refusalCodes } from "./codes.ts";
import type { RtmpContext, RtmpVhost } from "./context.ts";
import { type Activity, IdleMonitor } from "./idle-monitor.ts";
import { Pending, type Question } from "./pending.ts";
import { Player } from "./player.ts";
import { isPreferred } from "./preference.ts";
import { Publisher } from "./publisher.ts";
import { busyRefusal, dismissedRefusal } from "./refused.ts";
import { Tasks } from "./tasks.ts";

/** One client's RTMP connection: its session, what it publishes and what it plays. */
export class RtmpConnection implements ServedConnection, ServerEvents, Activity, AcceptedConnection {
  readonly #context: RtmpContext;
  readonly #log: Log;
  readonly #id: string;
  readonly #ends: ConnectionEnds;
  readonly #session: ServerSession;
  readonly #admission: Admission;
  readonly #connecting = new Pending();
  readonly #tasks = new Tasks((work) => this.#attempt(work));
  /** Known once the transport is there. */
  #client: ClientRecord | undefined;
  readonly #idleMonitor: IdleMonitor;
  #transport: Transport | undefined;
  #remote = "";
  bytesReceived = 0;
  /** It was asked for a sign of life, and has given none since. */
  #probed = false;
  /** Everything is said; the transport sees to the rest. */
  #closing = false;

  constructor(context: RtmpContext, id: string, ends: ConnectionEnds) {
    this.#context = context;
    this.#id = id;
    this.#log = context.log.with(id);
    this.#ends = ends;
    this.#idleMonitor = new IdleMonitor(context.clock.now());
    this.#admission = new Admission(context, id);
    this.#session = new ServerSession(this, {
      limits: context.limits,
      send: (bytes) => this.#transport?.send(bytes),
      now: () => context.clock.now(),
      random: context.random,
      soon: (work) =>
        context.clock.soon(() => {
          this.#attempt(work);
          this.#transport?.inputChanged();
        }),
      identity: { ...context.identity, srs_id: id },
    });
  }

  get publishing(): number {
    return this.#tasks.publishers.length;
  }

  get publishes(): boolean {
    return this.#session.publishes;
  }

  get heldBytes(): number {
    return this.#session.bufferedBytes;
  }

  get saidConnect(): boolean {
    return this.#admission.request !== undefined;
  }

  get busy(): boolean {
    return this.#tasks.size > 0 || this.#session.deciding;
  }

  get bytesSent(): number {
    return this.#transport?.bytesSent ?? 0;
  }

  onOpen(transport: Transport): void {
    this.#transport = transport;
    const { remote } = transport;
    this.#remote = formatHostPort(remote);
    this.#admission.remote = remote;
    this.#client = this.#context.clients.add({ id: this.#id, protocol: "rtmp", remote }, this);
  }

  onData(bytes: Uint8Array): void {
    this.bytesReceived += bytes.length;
    this.#idleMonitor.heard(this.#context.clock.now());
    const probed = this.#probed;
    this.#probed = false;
    this.#attempt(() => this.#session.receive(bytes));
    // Not before: it may have been a goodbye.
    if (probed) for (const { source } of this.#tasks.publishers) source.alive();
  }

  /** Works on what the client has sent. */
  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#count("protocol", "protocol error, connection closed", { error: error.message });
      this.#close();
    }
  }

  onDrain(): void {
    this.#tasks.drained();
  }

  onHangUp(): void {
    this.#ends.hungUp();
  }

  onCut(reason: string): void {
    this.#count("input_memory", "connection closed", { error: reason });
  }

  onClose(reason: string | undefined): void {
    if (!this.#closing) this.#attempt(() => this.#session.finish());
    this.#closing = true;
    this.#session.close();
    this.#endAll("lost");
    this.#client?.disconnected(reason);
    this.#ends.gone();
  }

  /** Looks after timeouts and limits; called about once a second with monotonic ms. */
  tick(now: number): void {
    if (this.#closing) return;
    for (const publisher of this.#tasks.publishers) {
      this.#watch(publisher, now);
      if (this.#closing) return;
    }
    const found = this.#idleMonitor.look(now, this, this.#context.idle);
    if (found === "ping") {
      this.#session.ping(now);
      this.#idleMonitor.asked(this.bytesSent);
    } else if (found !== undefined) {
      this.#count(found.rule, "connection closed", { error: found.reason });
      if (found.rule !== "idle_timeout") this.#transport?.abort();
      else {
        this.#session.status("error", "NetConnection.Connect.IdleTimeOut", found.reason);
        this.#close();
      }
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
    this.#count(rule, message, about);
    publisher.net.status("error", code, reason);
    this.#close();
  }

  #count(rule: string, message: string, more: LogFields): void {
    this.#context.refusals.add({ rule, log: this.#log, message, fields: { addr: this.#remote, ...more } });
  }

  kick(reason: string): void {
    // Later: an observer may ask for it within any call of ours.
    this.#context.clock.soon(() => {
      if (this.#closing) return;
      this.#count("kicked", "connection closed", { error: reason });
      this.#session.status("error", "NetConnection.Connect.Closed", reason);
      this.#close();
    });
  }

  /** The server stops: streams end properly, players are told, and the connection closes when all is sent. */
  shutdown(how: SourceEnd): void {
    this.#endAll(how);
    this.#close();
  }

  /** The configuration has changed. Streams of a vhost that takes nobody any more end properly, and the connection with them. */
  reconfigure(): void {
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
    if (gone === undefined) return;
    this.#log.warn("connection closed", { addr: this.#remote, error: gone });
    this.#close();
  }

  connect(request: ConnectRequest): void {
    const { tcUrl: url, flashVer: software } = request;
    if (this.#client !== undefined) this.#client.introduction = { url, software };
    this.#connecting.ask(this.#admission.connect(request), (result) =>
      this.#attempt(() => this.#answerConnect(request, result)),
    );
  }

  #answerConnect({ tcUrl: url }: ConnectRequest, result: Connected<RtmpVhost> | Refused): void {
    if (!result.ok) {
      this.#count(result.rule, "connect refused", { url, error: result.reason, detail: result.detail });
      this.#session.rejectConnect(result.reason);
      this.#close();
      return;
    }
    this.#client?.connected();
    const { chunk_size: chunkSize } = result.vhost?.config ?? { chunk_size: this.#context.chunkSize };
    this.#session.acceptConnect(chunkSize, result.vhost?.name);
  }

  publish(net: NetStream, name: string): void {
    this.#enter(net, "publish", name, (entered) => this.#startPublish(net, entered));
  }

  play(net: NetStream, { name }: PlayRequest): void {
    this.#enter(net, "play", name, (entered) => net.acceptPlay(() => this.#startPlay(net, entered)));
  }

  #enter(net: NetStream, action: "publish" | "play", name: string, start: (entered: Entered<RtmpVhost>) => void): void {
    this.#tasks.ask(net, this.#admission.question(action, name), (result) => {
      if (result.ok) start(result);
      else this.#refuse(net, action, result);
    });
  }

  restart(net: NetStream): void {
    this.#tasks.player(net)?.restart();
  }

  #startPublish(net: NetStream, { vhost, name, param }: Entered<RtmpVhost>): void {
    const stream = this.#context.streams.open(name, streamConfig(vhost.config));
    const { on_conflict: onConflict, prefer } = vhost.config.publish;
    const preferred = isPreferred(prefer, this.#admission.rightsAddress, param);
    const hops = this.#admission.request?.hops ?? [];
    const info: SourceInfo = { id: this.#id, remote: this.#remote, param, hops, via: "client" };
    const options = { onConflict, preferred, events: this.#eventsOf(net) };
    const ask: Question<Source | undefined> = (answer) => stream.sources.request(info, options, answer);
    this.#tasks.ask(net, ask, (source) => {
      if (source === undefined) this.#refuse(net, "publish", busyRefusal(stream));
      else this.#publish(net, vhost, stream, source);
    });
  }

  #publish(net: NetStream, vhost: FoundVhost<RtmpVhost>, stream: Stream, source: Source): void {
    const publisher = new Publisher(net, vhost.name, stream, source, vhost.config.publish, (error) =>
      this.#log.warn("malformed data message dropped", this.#about(stream.key, { error })),
    );
    this.#tasks.begin(publisher);
    this.#mergeReads();
    this.#client?.began(publisher);
    const frames = this.#session.takeDropped();
    if (frames > 0) this.#log.warn("frames dropped that came before the answer", this.#about(stream.key, { frames }));
    net.acceptPublish(publisher);
  }

  #startPlay(net: NetStream, { vhost, name, param }: Entered<RtmpVhost>): void {
    const transport = this.#transport;
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
    this.#client?.began(player);
    player.begin();
    this.#mergeReads();
  }

  pause(net: NetStream, paused: boolean): void {
    this.#tasks.player(net)?.pause(paused);
  }

  receive(net: NetStream, kind: "audio" | "video", on: boolean): void {
    this.#tasks.player(net)?.receive(kind, on);
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

  #refuse(net: NetStream, action: "publish" | "play", { rule, kind, reason, detail, by }: Refused): void {
    const stream = this.#admission.label(net.name);
    this.#count(rule, `${action} refused`, { stream, error: reason, detail, by });
    net.refuse(refusalCodes[action][kind], reason);
    this.#end(net, "lost");
    // What else it publishes does not end for that.
    if (this.publishing === 0) this.#close();
  }

  #end(net: NetStream, how: SourceEnd): void {
    const task = this.#tasks.take(net);
    task?.end(how);
    if (task !== undefined) this.#client?.ended(task, how);
    this.#mergeReads();
  }

  #eventsOf(net: NetStream): SourceEvents {
    return {
      replaced: (by) => this.#replaced(net, by),
      dismissed: (reason) => this.#refuse(net, "publish", dismissedRefusal(reason)),
      probe: () => this.#probe(),
      unread: () => this.#transport?.readPaused ?? false,
      awaited: () => this.#mergeReads(),
    };
  }

  /** Another publisher has the stream now: the client is told, and stays only for what else it does. */
  #replaced(net: NetStream, { id, remote }: SourceInfo): void {
    const publisher = this.#tasks.publisher(net);
    if (publisher === undefined) return;
    const label = streamLabel(publisher.stream.key);
    this.#log.warn("publisher replaced", this.#about(publisher.stream.key, { by: `${remote} [${id}]` }));
    this.#end(net, "lost");
    net.refuse(refusalCodes.publish.busy, `${label} is now published by another connection`);
    if (!this.busy) this.#close();
  }

  /** Somebody else wants a stream that this one publishes: it may be half-open. */
  #probe(): void {
    this.#session.ping(this.#context.clock.now());
    this.#probed = true;
  }

  /** What it publishes may be read late while nobody waits for that. */
  #mergeReads(): void {
    const { publishers, size } = this.#tasks;
    const only = publishers.length > 0 && size === publishers.length;
    this.#transport?.mergeReads(only && publishers.every(({ source }) => !source.awaited));
  }

  #endAll(how: SourceEnd): void {
    this.#connecting.cancel();
    for (const { net } of this.#tasks.all()) this.#end(net, how);
  }

  #close(): void {
    this.#closing = true;
    this.#session.close();
    this.#endAll("lost");
    this.#transport?.close();
  }

  #about(key: string, more: Record<string, string | number | boolean | undefined> = {}) {
    return { addr: this.#remote, stream: streamLabel(key), ...more };
  }
}
