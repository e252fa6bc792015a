import { formatHostPort } from "../../base/address.ts";
import { ProtocolError } from "../../base/errors.ts";
import type { Log, LogFields } from "../../base/log.ts";
import type { Transport } from "../../base/transport.ts";
import { beginsLikeHttp, textResponse } from "../../http/text-response.ts";
import type { AcceptedConnection, ClientRecord } from "../../live/ports/clients.ts";
import type { ServedConnection } from "../../live/ports/connection-servers.ts";
import type { ConnectionEnds } from "../../live/ports/connections.ts";
import type { Connected, Refused } from "../../live/ports/entry.ts";
import type { SourceEnd } from "../../live/source/source.ts";
import type { ConnectRequest } from "../../rtmp/connect.ts";
import type { ConnectEvents } from "../../rtmp/server-events.ts";
import { ServerSession } from "../../rtmp/server-session.ts";
import { Admission } from "./admission.ts";
import { ClientStreams, type StreamsOwner } from "./client-streams.ts";
import type { RtmpContext, RtmpVhost } from "./context.ts";
import { type Activity, IdleMonitor } from "./idle-monitor.ts";
import { Pending } from "./pending.ts";

/** The refusal of clients that speak HTTP. */
const WRONG_PORT = "this port speaks RTMP, not HTTP";

/** One client's RTMP connection: its session, its timeouts, and its end. `ClientStreams` has what the client publishes and plays. */
export class RtmpConnection implements ServedConnection, ConnectEvents, StreamsOwner, Activity, AcceptedConnection {
  readonly #context: RtmpContext;
  readonly #log: Log;
  readonly id: string;
  readonly #ends: ConnectionEnds;
  readonly #session: ServerSession;
  readonly #admission: Admission;
  readonly #connecting = new Pending();
  readonly #streams: ClientStreams;
  /** Undefined before the transport is attached. */
  client: ClientRecord | undefined;
  readonly #idleMonitor: IdleMonitor;
  transport: Transport | undefined;
  remote = "";
  bytesReceived = 0;
  /** It was pinged and has sent nothing since. */
  #probed = false;
  /** Everything is sent or queued; the transport closes when the queue is empty. */
  #closing = false;

  constructor(context: RtmpContext, id: string, ends: ConnectionEnds) {
    this.#context = context;
    this.id = id;
    this.#log = context.log.with(id);
    this.#ends = ends;
    this.#idleMonitor = new IdleMonitor(context.clock.now());
    this.#admission = new Admission(context, id);
    this.#streams = new ClientStreams(context, this.#log, this.#admission, this);
    this.#session = new ServerSession(this, this.#streams, {
      limits: context.limits,
      send: (bytes) => this.transport?.send(bytes),
      now: () => context.clock.now(),
      random: context.random,
      soon: (work) =>
        context.clock.soon(() => {
          this.attempt(work);
          this.transport?.inputChanged();
        }),
      identity: { ...context.identity, srs_id: id },
    });
  }

  get publishing(): number {
    return this.#streams.publishers.length;
  }

  get publishes(): boolean {
    return this.#session.publishes;
  }

  get heldBytes(): number {
    return this.#session.bufferedBytes;
  }

  get connectReceived(): boolean {
    return this.#admission.request !== undefined;
  }

  get busy(): boolean {
    return this.#streams.busy || this.#session.deciding;
  }

  get bytesSent(): number {
    return this.transport?.bytesSent ?? 0;
  }

  onOpen(transport: Transport): void {
    this.transport = transport;
    const { remote } = transport;
    this.remote = formatHostPort(remote);
    this.#admission.remote = remote;
    this.client = this.#context.clients.add({ id: this.id, protocol: "rtmp", remote }, this);
  }

  onData(bytes: Uint8Array): void {
    const isFirst = this.bytesReceived === 0;
    this.bytesReceived += bytes.length;
    // The handshake then fails, and its error is logged.
    if (isFirst && beginsLikeHttp(bytes))
      this.transport?.send(textResponse(400, WRONG_PORT, this.#context.clock.wall()));
    this.#idleMonitor.onInput(this.#context.clock.now());
    const probed = this.#probed;
    this.#probed = false;
    this.attempt(() => this.#session.receive(bytes));
    // After the input was processed, as it may have been an unpublish.
    if (probed) for (const { source } of this.#streams.publishers) source.alive();
  }

  /** Runs work that the client's input leads to. */
  attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.count("protocol", "protocol error, connection closed", { error: error.message });
      this.close();
    }
  }

  onDrain(): void {
    this.#streams.drained();
  }

  onHangUp(): void {
    this.#ends.hungUp();
  }

  onCut(reason: string): void {
    this.count("input_memory", "connection closed", { error: reason });
  }

  onClose(reason: string | undefined): void {
    if (!this.#closing) this.attempt(() => this.#session.finish());
    this.#closing = true;
    this.#session.close();
    this.#endAll("lost");
    this.client?.disconnected(reason);
    this.#ends.gone();
  }

  /** Checks timeouts and limits; called about once a second with monotonic ms. */
  tick(now: number): void {
    if (this.#closing) return;
    this.#streams.watch(now);
    if (this.#closing) return;
    const found = this.#idleMonitor.look(now, this, this.#context.idle);
    if (found === "ping") {
      this.#session.ping(now);
      this.#idleMonitor.asked(this.bytesSent);
    } else if (found !== undefined) {
      this.count(found.rule, "connection closed", { error: found.reason });
      if (found.rule !== "idle_timeout") this.transport?.abort();
      else {
        this.#session.status("error", "NetConnection.Connect.IdleTimeOut", found.reason);
        this.close();
      }
    }
  }

  count(rule: string, message: string, more: LogFields): void {
    this.#context.refusals.add({ rule, log: this.#log, message, fields: { addr: this.remote, ...more } });
  }

  kick(reason: string): void {
    // Later, as an observer may call this from within any other call.
    this.#context.clock.soon(() => {
      if (this.#closing) return;
      this.count("kicked", "connection closed", { error: reason });
      this.#session.status("error", "NetConnection.Connect.Closed", reason);
      this.close();
    });
  }

  /** The server stops: streams end properly, players are notified, and the connection closes when everything is sent. */
  shutdown(how: SourceEnd): void {
    this.#endAll(how);
    this.close();
  }

  /** The configuration has changed: a vhost of its streams may admit no clients any more. */
  reconfigure(): void {
    const gone = this.#streams.reconfigure();
    if (gone === undefined) return;
    this.#log.warn("connection closed", { addr: this.remote, error: gone });
    this.close();
  }

  connect(request: ConnectRequest): void {
    const { tcUrl: url, flashVer: software, pageUrl, swfUrl } = request;
    if (this.client !== undefined) this.client.introduction = { url, software, pageUrl, swfUrl };
    this.#connecting.ask(this.#admission.connect(request), (result) =>
      this.attempt(() => this.#answerConnect(request, result)),
    );
  }

  #answerConnect({ tcUrl: url }: ConnectRequest, result: Connected<RtmpVhost> | Refused): void {
    if (!result.ok) {
      this.count(result.rule, "connect refused", { url, error: result.reason, detail: result.detail });
      this.#session.rejectConnect(result.reason);
      this.close();
      return;
    }
    this.client?.connected();
    const { chunk_size: chunkSize } = result.vhost?.config ?? { chunk_size: this.#context.chunkSize };
    this.#session.acceptConnect(chunkSize, result.vhost?.name);
  }

  takeDropped(): number {
    return this.#session.takeDropped();
  }

  probe(): void {
    this.#session.ping(this.#context.clock.now());
    this.#probed = true;
  }

  #endAll(how: SourceEnd): void {
    this.#connecting.cancel();
    this.#streams.endAll(how);
  }

  close(): void {
    this.#closing = true;
    this.#session.close();
    this.#endAll("lost");
    this.transport?.close();
  }
}
