import { ProtocolError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Transport, TransportHandler } from "../../base/transport.ts";
import { streamConfig } from "../../live/config.ts";
import type { Demand } from "../../live/demand.ts";
import type { SourceEnd } from "../../live/source.ts";
import { streamLabel } from "../../live/streams.ts";
import { resolve, type StreamAddress } from "../../rtmp/address.ts";
import { type ConnectRequest, MAX_HOPS } from "../../rtmp/connect.ts";
import type { NetStream } from "../../rtmp/net-stream.ts";
import { type PlayRequest, type ServerEvents, ServerSession } from "../../rtmp/server-session.ts";
import type { FoundVhost, RtmpContext } from "./context.ts";
import { Player } from "./player.ts";
import { Publisher } from "./publisher.ts";

/** Handshake and connect together may take this long. */
const CONNECT_TIMEOUT_MS = 30_000;
/** A client that has said nothing for this long is asked for a sign of life. */
const PING_AFTER_MS = 60_000;

/** And then has this long to give one. */
const PONG_TIMEOUT_MS = 60_000;
/** A connection that does nothing is kept this long; SRS's value for encoders that pause between two streams. */
const IDLE_TIMEOUT_MS = 180_000;

/** A host that is no vhost's name: an IP address, or this machine. */
const BARE_ADDRESS = /^(?:[\d.]+|.*:.*|localhost)$/;

/** One client's RTMP connection: its session, what it publishes and what it plays. */
export class RtmpConnection implements TransportHandler, ServerEvents {
  readonly #context: RtmpContext;
  readonly #log: Log;
  readonly #id: string;
  readonly #onGone: () => void;
  readonly #session: ServerSession;
  readonly #publishers = new Map<NetStream, Publisher>();
  readonly #players = new Map<NetStream, Player>();
  readonly #since: number;
  #transport: Transport | undefined;
  #remote = "";
  #request: ConnectRequest | undefined;
  #received = 0;
  #heardAt: number;
  #pinged = false;
  #sentAtPing = 0;
  /** Since when it has neither published nor played. */
  #idleSince: number;
  /** Everything is said; the transport sees to the rest. */
  #closing = false;

  constructor(context: RtmpContext, id: string, onGone: () => void) {
    this.#context = context;
    this.#id = id;
    this.#log = context.log.with(id);
    this.#onGone = onGone;
    this.#since = context.clock.now();
    this.#heardAt = this.#since;
    this.#idleSince = this.#since;
    this.#session = new ServerSession(this, {
      limits: context.limits,
      send: (bytes) => this.#transport?.send(bytes),
      now: () => context.clock.now(),
      random: context.random,
      identity: { ...context.identity, srs_id: id },
    });
  }

  get publishing(): number {
    return this.#publishers.size;
  }

  get playing(): number {
    return this.#players.size;
  }

  get bytesReceived(): number {
    return this.#received;
  }

  get bytesSent(): number {
    return this.#transport?.bytesSent ?? 0;
  }

  onOpen(transport: Transport): void {
    this.#transport = transport;
    this.#remote = transport.remote;
    this.#log.debug("accepted", { addr: this.#remote });
  }

  onData(bytes: Uint8Array): void {
    this.#received += bytes.length;
    this.#heardAt = this.#context.clock.now();
    this.#pinged = false;
    try {
      this.#session.receive(bytes);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#log.warn("protocol error, connection closed", { addr: this.#remote, error: error.message });
      this.#close();
    }
  }

  onDrain(): void {
    for (const player of this.#players.values()) player.reader.drained();
  }

  onClose(reason: string | undefined): void {
    this.#session.close();
    this.#endAll("lost");
    const connected = this.#request !== undefined;
    const fields = {
      addr: this.#remote,
      seconds: Math.round((this.#context.clock.now() - this.#since) / 1000),
      received: this.#received,
      sent: this.bytesSent,
      reason,
    };
    if (connected) this.#log.info("disconnected", fields);
    else this.#log.debug("closed before connect", fields);
    this.#onGone();
  }

  /** Looks after timeouts; called about once a second with monotonic ms. */
  tick(now: number): void {
    if (this.#closing) return;
    for (const publisher of this.#publishers.values()) {
      const silence = publisher.silence(now);
      if (silence === undefined) continue;
      this.#log.warn("publisher is silent, connection closed", this.#about(publisher.stream.key, { error: silence }));
      publisher.net.status("error", "NetStream.Publish.Idle", silence);
      this.#close();
      return;
    }
    const silentMs = now - this.#heardAt;
    if (!this.#session.connected && now - this.#since > CONNECT_TIMEOUT_MS) this.#abandon("no RTMP connect in time");
    else if (this.#publishers.size + this.#players.size > 0) this.#idleSince = now;
    else if (now - this.#idleSince > IDLE_TIMEOUT_MS) this.#abandon("neither publishes nor plays");
    if (!this.#pinged && silentMs > PING_AFTER_MS) {
      this.#session.ping(now);
      this.#pinged = true;
      this.#sentAtPing = this.bytesSent;
    } else if (silentMs > PING_AFTER_MS + PONG_TIMEOUT_MS && this.bytesSent === this.#sentAtPing) {
      // One that takes what it plays is there, whether it answers or not.
      this.#abandon("does not answer");
    }
  }

  #abandon(error: string): void {
    this.#log.warn("connection closed", { addr: this.#remote, error });
    this.#transport?.abort();
  }

  /** The server stops: streams end properly, players are told, and the connection closes when all is sent. */
  shutdown(): void {
    this.#endAll("unpublished");
    this.#close();
  }

  /** The configuration has changed. Streams of a vhost that takes nobody any more end properly, and the connection with them. */
  reconfigure(): void {
    let gone: string | undefined;
    for (const [net, stream] of [...this.#publishers, ...this.#players]) {
      const vhost = this.#context.vhostNamed(stream.vhost);
      if (vhost?.config.enabled) {
        if (stream instanceof Publisher) stream.timeouts = vhost.config.publish;
        continue;
      }
      gone = vhost === undefined ? `vhost "${stream.vhost}" was removed` : vhostProblem(stream.vhost, vhost);
      this.#end(net, "unpublished");
      net.status("error", "NetConnection.Connect.AppShutdown", gone ?? "");
    }
    if (gone === undefined) return;
    this.#log.warn("connection closed", { addr: this.#remote, error: gone });
    this.#close();
  }

  connect(request: ConnectRequest): void {
    this.#request = request;
    const loop = this.#loop(request.hops);
    if (loop !== undefined) {
      this.#reject(loop);
      return;
    }
    // The stream is not known yet; any name will do to learn the vhost.
    const resolved = resolve(request.tcUrl, request.app, "any");
    if (!resolved.ok) {
      this.#reject(resolved.reason);
      return;
    }
    const name = resolved.address.vhost;
    const vhost = this.#context.findVhost(name);
    // A bare address may be followed by a stream name that names the vhost.
    const problem = vhostProblem(name, vhost);
    if (problem !== undefined && (vhost !== undefined || !BARE_ADDRESS.test(name))) {
      this.#reject(problem);
      return;
    }
    const client = request.flashVer || undefined;
    this.#log.info("connected", { addr: this.#remote, url: request.tcUrl, client });
    this.#session.acceptConnect(vhost?.config.chunk_size ?? this.#context.chunkSize);
  }

  publish(net: NetStream, name: string): void {
    const target = this.#resolve(net, name, "NetStream.Publish.BadName", "publish");
    if (target === undefined) return;
    const { vhost, address } = target;
    const stream = this.#context.streams.open({ ...address, vhost: vhost.name }, streamConfig(vhost.config));
    const source = stream.publish({
      id: this.#id,
      remote: this.#remote,
      param: address.param,
      hops: this.#request?.hops ?? [],
    });
    if (source === undefined) {
      // Who publishes is not for everybody who tries the name.
      const by = stream.source?.info;
      const error = `${streamLabel(stream.key)} is already being published`;
      this.#refuse(net, "NetStream.Publish.BadName", "publish refused", error, `${by?.remote} [${by?.id}]`);
      return;
    }
    const publisher = new Publisher(net, vhost.name, stream, source, vhost.config.publish, (error) =>
      this.#log.warn("malformed data message dropped", this.#about(stream.key, { error })),
    );
    this.#publishers.set(net, publisher);
    this.#log.info("publish started", this.#about(stream.key));
    net.acceptPublish(publisher);
  }

  play(net: NetStream, request: PlayRequest): void {
    const transport = this.#transport;
    const target = this.#resolve(net, request.name, "NetStream.Play.StreamNotFound", "play");
    if (target === undefined || transport === undefined) return;
    const { vhost, address } = target;
    const stream = this.#context.streams.open({ ...address, vhost: vhost.name }, streamConfig(vhost.config));
    const waiting = stream.source === undefined ? true : undefined;
    this.#log.info("play started", this.#about(stream.key, { waiting }));
    net.acceptPlay();
    const player = new Player(
      net,
      vhost.name,
      stream,
      transport,
      this.#context.formats,
      this.#demand(address),
      (reason) => this.#refuse(net, "NetStream.Play.StreamNotFound", "play refused", reason),
    );
    this.#players.set(net, player);
  }

  pause(net: NetStream, paused: boolean): void {
    this.#players.get(net)?.pause(paused);
  }

  receive(net: NetStream, kind: "audio" | "video", on: boolean): void {
    this.#players.get(net)?.receive(kind, on);
  }

  ended(net: NetStream): void {
    this.#end(net, "unpublished");
  }

  #demand({ param }: StreamAddress): Demand {
    const { tcUrl = "", pageUrl = "", swfUrl = "", hops = [] } = this.#request ?? {};
    return { param, tcUrl, pageUrl, swfUrl, hops };
  }

  #loop(hops: readonly string[]): string | undefined {
    if (hops.includes(this.#context.nodeId)) return "forward loop: the stream has passed through this server already";
    return hops.length > MAX_HOPS ? `forward loop: the stream has passed more than ${MAX_HOPS} servers` : undefined;
  }

  #resolve(
    net: NetStream,
    name: string,
    code: string,
    what: "publish" | "play",
  ): { vhost: FoundVhost; address: StreamAddress } | undefined {
    const resolved = resolve(this.#request?.tcUrl, this.#request?.app, name);
    if (!resolved.ok) {
      this.#refuse(net, code, `${what} refused`, resolved.reason);
      return undefined;
    }
    const { address } = resolved;
    const vhost = this.#context.findVhost(address.vhost);
    const problem = vhostProblem(address.vhost, vhost);
    if (vhost !== undefined && problem === undefined) return { vhost, address };
    this.#refuse(net, code, `${what} refused`, problem ?? "");
    return undefined;
  }

  #reject(description: string): void {
    const url = this.#request?.tcUrl ?? "";
    this.#log.warn("connect refused", { addr: this.#remote, url, error: description });
    this.#session.rejectConnect(description);
    this.#close();
  }

  #refuse(net: NetStream, code: string, message: string, description: string, by?: string): void {
    const resolved = resolve(this.#request?.tcUrl, this.#request?.app, net.name);
    const stream = resolved.ok ? `/${resolved.address.app}/${resolved.address.stream}` : net.name;
    this.#log.warn(message, { addr: this.#remote, stream, error: description, by });
    net.refuse(code, description);
    this.#close();
  }

  #end(net: NetStream, how: SourceEnd): void {
    const publisher = this.#publishers.get(net);
    if (publisher !== undefined) {
      this.#publishers.delete(net);
      publisher.end(how);
      const { packets, bytes, since } = publisher.source;
      const seconds = Math.round((this.#context.clock.now() - since) / 1000);
      this.#log.info(
        how === "lost" ? "publish ended, publisher lost" : "publish ended",
        this.#about(publisher.stream.key, { seconds, packets, bytes }),
      );
    }
    const player = this.#players.get(net);
    if (player !== undefined) {
      this.#players.delete(net);
      player.end();
      const { bytes, lost } = player.reader;
      this.#log.info("play ended", this.#about(player.stream.key, { bytes, lost }));
    }
  }

  #endAll(how: SourceEnd): void {
    for (const net of [...this.#publishers.keys(), ...this.#players.keys()]) this.#end(net, how);
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

/** Why a vhost takes nobody, or undefined. */
function vhostProblem(name: string, vhost: FoundVhost | undefined): string | undefined {
  if (vhost === undefined) return `no vhost "${name}" here`;
  return vhost.config.enabled ? undefined : `vhost "${vhost.name}" is switched off`;
}
