import { randomFillSync } from "node:crypto";
import { AmfObject, type AmfValue } from "../../../src/amf/value.ts";
import { messageSize, writeMessage } from "../../../src/rtmp/chunk-writer.ts";
import { ClientHandshake } from "../../../src/rtmp/handshake-client.ts";
import { defaultLimits } from "../../../src/rtmp/limits.ts";
import { type Command, Peer } from "../../../src/rtmp/peer.ts";
import { WAIT_LIMIT_MS } from "../limits.ts";
import { Outbox } from "./socket.ts";
import type { Stage } from "./stage.ts";
import { until } from "./wait.ts";

/** One audio, video or data message as it came from the server. */
export interface Received {
  readonly type: number;
  readonly streamId: number;
  readonly timestamp: number;
  readonly payload: Uint8Array;
}

/** Where a client connects to, and what it says there. */
export interface ClientOptions {
  readonly port: number;
  /** Else this machine's loopback. */
  readonly host?: string;
  readonly app?: string;
  /** Else made of host, port and app. */
  readonly tcUrl?: string;
  /** Properties of the command object besides app and tcUrl. */
  readonly properties?: Readonly<Record<string, AmfValue>>;
  readonly chunkSize?: number;
}

/** An RTMP client that does what its test says, and keeps all that the server answers. */
export class Client {
  readonly commands: Command[] = [];
  readonly packets: Received[] = [];
  /** What each status said, as "level code description". */
  readonly statuses: string[] = [];
  closed = false;
  /** Bytes received so far. */
  bytes = 0;
  readonly #options: ClientOptions;
  readonly #peer: Peer;
  readonly #handshake: ClientHandshake;
  readonly #connected = Promise.withResolvers<void>();
  #socket: Bun.Socket<undefined> | undefined;
  #outbox: Outbox | undefined;
  #handshaken = false;
  #nextId = 1;
  #error: Error | undefined;
  /** Sees each packet besides `packets`. */
  onPacket: ((packet: Received) => void) | undefined;
  /** False: packets are counted by `onPacket` only. */
  keep = true;

  private constructor(options: ClientOptions) {
    this.#options = options;
    this.#handshake = new ClientHandshake({ random: randomFillSync, timeMs: 0, simple: false });
    this.#peer = new Peer(
      {
        command: (command) => this.#onCommand(command),
        media: (type, streamId, timestamp, payload) => {
          const packet = { type, streamId, timestamp, payload: payload.slice() };
          if (this.keep) this.packets.push(packet);
          this.onPacket?.(packet);
        },
      },
      (bytes) => this.#outbox?.send(bytes),
      { ...defaultLimits, commandsPerSecond: 10_000, commandsPerMinute: 100_000 },
      () => performance.now(),
    );
  }

  /** Opens a connection up to the end of the handshake; it ends with the test. */
  static async open(stage: Stage, options: ClientOptions): Promise<Client> {
    const client = new Client(options);
    stage.defer(() => client.abort());
    client.#socket = await Bun.connect<undefined>({
      hostname: options.host ?? "127.0.0.1",
      port: options.port,
      socket: {
        open: (socket) => {
          client.#outbox = new Outbox(socket);
          client.#outbox.send(client.#handshake.start());
        },
        data: (_socket, bytes) => client.#receive(bytes),
        drain: () => client.#outbox?.drain(),
        close: () => client.#onClose(),
        error: (_socket, error) => client.#onClose(error),
      },
    });
    await client.#connected.promise;
    return client;
  }

  /** The same, and says `connect`. Fails when the server refuses. */
  static async connect(stage: Stage, options: ClientOptions): Promise<Client> {
    const client = await Client.open(stage, options);
    const answer = await client.sayConnect();
    if (answer.name !== "_result") throw new Error(`connect was refused: ${describe(answer.args[1])}`);
    return client;
  }

  /** Connects, creates a stream and publishes on it; the message stream id is 1. */
  static async publish(stage: Stage, options: ClientOptions, name: string): Promise<Client> {
    const client = await Client.connect(stage, options);
    client.setChunkSize(options.chunkSize ?? 65536);
    await client.startPublish(name);
    return client;
  }

  /** Connects, creates a stream and plays on it. */
  static async play(stage: Stage, options: ClientOptions, name: string): Promise<Client> {
    const client = await Client.connect(stage, options);
    await client.startPlay(name);
    return client;
  }

  /** Sends `connect`; resolves to the answer, whatever it is. */
  sayConnect(): Promise<Command> {
    const { port, host = "127.0.0.1", app = "live", properties = {} } = this.#options;
    const { tcUrl = `rtmp://${host}:${port}/${app}` } = this.#options;
    return this.call("connect", AmfObject.of({ app, tcUrl, flashVer: "FMLE/3.0 (compatible; test)", ...properties }));
  }

  /** Sends a command and waits for its `_result` or `_error`. */
  async call(name: string, ...args: readonly AmfValue[]): Promise<Command> {
    const id = this.say(0, name, ...args);
    return until(
      `answer to ${name}`,
      () => this.commands.find((command) => isAnswer(command, id)) ?? this.#failWhenClosed(name),
    );
  }

  /** Sends a command; returns its transaction id. */
  say(streamId: number, name: string, ...args: readonly AmfValue[]): number {
    const id = this.#nextId++;
    this.#peer.sendCommand(streamId, [name, id, ...args]);
    return id;
  }

  async createStream(): Promise<number> {
    const { args } = await this.call("createStream", null);
    if (typeof args[1] !== "number") throw new Error("createStream was not answered with a number");
    return args[1];
  }

  /** FMLE's dialogue; resolves to the message stream id. */
  async startPublish(name: string): Promise<number> {
    this.say(0, "releaseStream", null, name);
    this.say(0, "FCPublish", null, name);
    const id = await this.createStream();
    const before = this.statuses.length;
    this.say(id, "publish", null, name, "live");
    await this.status("NetStream.Publish.Start", before);
    return id;
  }

  /** Ends a publish as FMLE does; the connection stays. */
  async stopPublish(name: string, streamId: number): Promise<void> {
    const before = this.statuses.length;
    this.say(0, "FCUnpublish", null, name);
    this.say(0, "deleteStream", null, streamId);
    await this.status("NetStream.Unpublish.Success", before);
  }

  async startPlay(name: string): Promise<number> {
    const id = await this.createStream();
    const before = this.statuses.length;
    this.say(id, "play", null, name, -2000);
    await this.status("NetStream.Play.Start", before);
    return id;
  }

  /** Waits for a status with this code, not counting the first `from` of all. */
  async status(code: string, from = 0, limitMs = WAIT_LIMIT_MS): Promise<string> {
    return until(
      `status ${code}`,
      () => this.statuses.slice(from).find((status) => status.split(" ")[1] === code) ?? this.#failWhenClosed(code),
      limitMs,
      () => this.statuses.join("\n"),
    );
  }

  /** Waits for a packet that `match` likes, not counting the first `from`. */
  async packet(
    what: string,
    match: (packet: Received) => boolean,
    from = 0,
    limitMs = WAIT_LIMIT_MS,
  ): Promise<Received> {
    return until(what, () => this.packets.slice(from).find(match) ?? this.#failWhenClosed(what), limitMs);
  }

  setChunkSize(size: number): void {
    this.#peer.sendChunkSize(size);
  }

  /** Sends one media message; only its first half, when it is to stay unfinished. */
  send(type: number, timestamp: number, payload: Uint8Array, streamId = 1, half = false): void {
    const chunkStreamId = type === 9 ? 6 : type === 8 ? 4 : 5;
    const out = new Uint8Array(messageSize(payload.length, timestamp, this.#peer.chunkSize));
    writeMessage(out, 0, chunkStreamId, timestamp, type, streamId, payload, this.#peer.chunkSize);
    this.#outbox?.send(half ? out.subarray(0, out.length / 2) : out);
  }

  /** Bytes that the server has not taken yet. */
  get queuedBytes(): number {
    return this.#outbox?.queuedBytes ?? 0;
  }

  /** Stops reading, or goes on. */
  read(on: boolean): void {
    if (on) this.#socket?.resume();
    else this.#socket?.pause();
  }

  /** Closes without a word. */
  abort(): void {
    this.#socket?.terminate();
  }

  /** Waits until the server has closed the connection. */
  async end(limitMs = WAIT_LIMIT_MS): Promise<void> {
    await until("the server closes the connection", () => this.closed, limitMs);
  }

  #receive(bytes: Uint8Array): void {
    this.bytes += bytes.length;
    if (this.#handshaken) {
      this.#peer.receive(bytes);
      return;
    }
    const { send, rest } = this.#handshake.push(bytes);
    if (send !== undefined) this.#outbox?.send(send);
    if (rest === undefined) return;
    this.#handshaken = true;
    this.#connected.resolve();
    if (rest.length > 0) this.#peer.receive(rest);
  }

  #onClose(error?: Error): void {
    this.closed = true;
    this.#error ??= error;
    this.#connected.reject(error ?? new Error("closed during the handshake"));
  }

  #onCommand(command: Command): void {
    this.commands.push(command);
    if (command.name === "onStatus") this.statuses.push(describe(command.args[1]));
  }

  #failWhenClosed(what: string): undefined {
    if (this.closed) throw new Error(`closed before ${what}\n${this.statuses.join("\n")}`, { cause: this.#error });
    return undefined;
  }
}

function isAnswer(command: Command, id: number): boolean {
  return (command.name === "_result" || command.name === "_error") && command.transactionId === id;
}

/** A status object as "level code description". */
export function describe(value: AmfValue): string {
  if (!(value instanceof AmfObject)) return String(value);
  return `${value.string("level")} ${value.string("code")} ${value.string("description")}`;
}
