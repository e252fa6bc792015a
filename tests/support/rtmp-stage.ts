import type { HostPort } from "../../src/base/address.ts";
import type { Log, LogFields } from "../../src/base/log.ts";
import { maskFields } from "../../src/base/log-mask.ts";
import type { Transport, TransportHandler } from "../../src/base/transport.ts";
import type { RtmpContext, RtmpVhost } from "../../src/features/rtmp/context.ts";
import { RtmpServer } from "../../src/features/rtmp/server.ts";
import type { Guard } from "../../src/live/ports/access.ts";
import { ConnectionServers } from "../../src/live/ports/connection-servers.ts";
import type { FoundVhost } from "../../src/live/ports/entry.ts";
import { Streams } from "../../src/live/streams.ts";
import { RtmpFormats } from "../../src/rtmp/format.ts";
import { defaultLimits } from "../../src/rtmp/limits.ts";
import { epochIds } from "./epoch-ids.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeSink } from "./fake-sink.ts";
import { rethrow } from "./faults.ts";
import { streamDefaults } from "./live.ts";
import { limitDefaults, openAccount, openDoor } from "./open-door.ts";
import { SERVER_HANDSHAKE_BYTES } from "./server-client.ts";
import { brief, clientHandshake, command, commandOn, connect, type SentMessage, SentReader } from "./session.ts";

/** A vhost's publish table as it is when the file says nothing. */
export const publishDefaults: RtmpVhost["publish"] = {
  firstpkt_timeout: 20_000,
  normal_timeout: 5000,
  on_conflict: "reject",
  switch_after: 1000,
  prefer: [],
  grace: 30,
};

/** A vhost's configuration as it is when the file says nothing. */
export const vhostDefaults: RtmpVhost = {
  ...streamDefaults,
  enabled: true,
  chunk_size: 60000,
  publish: publishDefaults,
  limits: limitDefaults,
};

/** Keeps each line as `WARN [c1] message name=value`. */
class LogKeeper implements Log {
  readonly lines: string[];
  readonly #id: string;

  constructor(lines: string[] = [], id = "") {
    this.lines = lines;
    this.#id = id;
  }

  debug(message: string, fields?: LogFields): void {
    this.#add("DEBUG", message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#add("INFO", message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#add("WARN", message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#add("ERROR", message, fields);
  }

  with(id: string): Log {
    return new LogKeeper(this.lines, ` [${id}]`);
  }

  #add(level: string, message: string, given: LogFields = {}): void {
    const fields = maskFields(given, []);
    const words = Object.entries(fields).filter(([, value]) => value !== undefined);
    this.lines.push([`${level}${this.#id} ${message}`, ...words.map(([name, value]) => `${name}=${value}`)].join(" "));
  }
}

/** A server whose connections end in the test's hands, on a fake clock. */
export class RtmpStage {
  readonly clock = new FakeClock();
  readonly streams = new Streams(this.clock, rethrow, epochIds());
  readonly log = new LogKeeper();
  readonly vhosts = new Map<string, RtmpVhost>([["__defaultVhost__", vhostDefaults]]);
  /** Asked before anyone publishes or plays. */
  readonly guards: Guard[] = [];
  readonly server: ConnectionServers;
  readonly context: RtmpContext;
  #dialled = 0;

  constructor(maxConnections = 100) {
    const context: RtmpContext = {
      clock: this.clock,
      log: this.log,
      streams: this.streams,
      formats: new RtmpFormats(),
      limits: defaultLimits,
      ...openDoor(this.clock, this.log, {
        guards: this.guards,
        connections: openAccount(maxConnections),
        vhosts: {
          find: (name) => this.#find(name) ?? this.#find("__defaultVhost__"),
          named: (name) => this.#find(name),
        },
      }),
      random: (into) => into.fill(3),
      identity: { srs_server: "srs/test" },
      chunkSize: 60000,
    };
    this.context = context;
    const { clock, log, refusals, entry } = context;
    const servers = [new RtmpServer(context)];
    this.server = new ConnectionServers({ clock, log, refusals, account: entry.connections, servers });
  }

  /** What the server's clients add up to, and those that it refused. */
  totals() {
    const { clients, entry, refusals } = this.context;
    return { ...clients.totals(), connections: entry.connections.size, refused: refusals.totals };
  }

  /** Changes the default vhost's configuration. */
  configure(change: Partial<RtmpVhost>): this {
    this.vhosts.set("__defaultVhost__", { ...vhostDefaults, ...change });
    return this;
  }

  /** A client's new TCP connection. */
  dial(host = "10.0.0.9"): ClientEnd {
    const remote = { host, port: ++this.#dialled };
    return new ClientEnd(this.clock, this.server.accept("rtmp", remote), remote);
  }

  /** A client that has connected to an app. */
  connect(fields: Parameters<typeof connect>[0] = {}): ClientEnd {
    const client = this.dial();
    client.say(clientHandshake(), connect(fields));
    return client;
  }

  /** A client that publishes on message stream 1. */
  publish(name = "show"): ClientEnd {
    const client = this.connect();
    client.say(command("createStream", 2, null), commandOn(1, "publish", 3, null, name, "live"));
    return client;
  }

  /** A client that plays on message stream 1. */
  play(name = "show"): ClientEnd {
    const client = this.connect();
    client.say(command("createStream", 2, null), commandOn(1, "play", 3, null, name));
    return client;
  }

  /** Log lines of these levels since the last look. */
  logged(...levels: readonly string[]): string[] {
    return this.log.lines.splice(0).filter((line) => levels.length === 0 || levels.some((one) => line.startsWith(one)));
  }

  #find(name: string): FoundVhost<RtmpVhost> | undefined {
    const config = this.vhosts.get(name);
    return config === undefined ? undefined : { name, config };
  }
}

/** A client's end of a connection, and the server's transport to it. */
export class ClientEnd implements Transport {
  readonly remote: HostPort;
  readonly sink = new FakeSink();
  readonly #clock: FakeClock;
  readonly #sent = new SentReader(SERVER_HANDSHAKE_BYTES);
  #handler: TransportHandler | undefined;
  /** What the last look found. */
  heard: readonly SentMessage[] = [];
  /** Whether its reads may be merged, as it was last told. */
  mergesReads = false;
  /** Whether something of it may wait to be read. */
  readPaused = false;
  /** `closing`: the server has said all it had to say and waits for the client to hang up. */
  state: "open" | "closing" | "closed" | "aborted" | "refused" = "open";

  constructor(clock: FakeClock, handler: TransportHandler | undefined, remote: HostPort) {
    this.remote = remote;
    this.#clock = clock;
    this.#handler = handler;
    this.sink.take = (bytes) => this.#sent.push(bytes);
    this.sink.onDrain = () => this.#handler?.onDrain();
    if (handler === undefined) this.state = "refused";
    else handler.onOpen(this);
  }

  get bytesSent(): number {
    return this.sink.bytes;
  }

  get bytesQueued(): number {
    return this.sink.queued;
  }

  readonly bytesUnacknowledged = 0;
  readonly secure = false;

  get ip(): string {
    return this.remote.host;
  }

  mergeReads(merge: boolean): void {
    this.mergesReads = merge;
    if (!merge) this.readPaused = false;
  }

  inputChanged(): void {}

  send(bytes: Uint8Array): boolean {
    return this.state === "open" && this.sink.send(bytes);
  }

  close(): void {
    if (this.state === "open") this.state = "closing";
  }

  abort(): void {
    this.#close("aborted", undefined);
  }

  /** What the server's side says of itself to its transport. */
  get owner(): TransportHandler | undefined {
    return this.#handler;
  }

  /** The client has hung up, and the server's side has not had its turn to end. */
  startHangUp(): void {
    this.#handler?.onHangUp?.();
  }

  abandon(): void {
    this.#close("closed", undefined);
  }

  /** The client goes away, or the network does. */
  hangUp(reason?: string): void {
    this.#close("closed", reason);
  }

  /** Sends bytes; ends the turn; what the server has said since the last look, one line each. */
  say(...parts: readonly Uint8Array[]): string[] {
    // The server frees what it is given.
    for (const part of parts) if (this.state === "open") this.#handler?.onData(part.slice());
    return this.hear();
  }

  /** Ends the turn; what the server has said since the last look, one line each. */
  hear(): string[] {
    return this.messages().map(brief);
  }

  messages(): SentMessage[] {
    this.#clock.settle();
    const taken = this.#sent.take();
    this.heard = taken;
    return taken;
  }

  #close(state: "closed" | "aborted", reason: string | undefined): void {
    if (this.#handler === undefined) return;
    this.state = state;
    const handler = this.#handler;
    this.#handler = undefined;
    handler.onClose(reason);
  }
}
