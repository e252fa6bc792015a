import type { Transport } from "../../base/transport.ts";
import { type BodyFraming, framedEnd } from "../../http/framing.ts";
import { CloseCode, closeFrame, pingFrame, pongFrame } from "../../http/websocket-frame.ts";
import { type WebSocketClose, type WebSocketEvents, WebSocketReader } from "../../http/websocket-reader.ts";
import type { HttpBody, HttpBodyOwner } from "../../live/ports/http.ts";

/** A WebSocket on which nothing is sent for this long gets a ping: proxies close silent connections. */
const PING_AFTER_MS = 30_000;
const nothing = new Uint8Array(0);

/** A body without a known end, and the WebSocket frames that its client sends. Its connection closes at its end. */
export class LiveBody implements HttpBody, WebSocketEvents {
  readonly transport: Transport;
  readonly framing: BodyFraming;
  readonly #frames: WebSocketReader | undefined;
  readonly #ended: () => void;
  /** Undefined once the body is over. */
  #owner: HttpBodyOwner | undefined;
  #sent = 0;
  #sentAt: number;

  /** `ended` is called at the body's end: the connection must then be closed. */
  constructor(transport: Transport, framing: BodyFraming, owner: HttpBodyOwner, now: number, ended: () => void) {
    this.transport = transport;
    this.framing = framing;
    this.#owner = owner;
    this.#ended = ended;
    this.#sentAt = now;
    this.#frames = framing === "websocket" ? new WebSocketReader(this) : undefined;
  }

  /** Bytes held of incomplete frames from the client. */
  get heldBytes(): number {
    return this.#frames?.heldBytes ?? 0;
  }

  /** Takes bytes that the client sends after its request. Without WebSocket framing they are ignored, as no answer will follow. */
  received(bytes: Uint8Array): void {
    this.#frames?.push(bytes);
  }

  drained(): void {
    this.#owner?.drained();
  }

  tick(now: number): void {
    const { bytesSent, bytesQueued } = this.transport;
    if (bytesSent !== this.#sent || bytesQueued > 0) {
      this.#sent = bytesSent;
      this.#sentAt = now;
    } else if (this.framing === "websocket" && now - this.#sentAt >= PING_AFTER_MS)
      this.transport.send(pingFrame(nothing));
  }

  end(reason?: string): void {
    this.#finish(framedEnd(this.framing, reason));
  }

  /** Ends the body from this side, and notifies the owner. */
  leave(reason: string): void {
    const owner = this.#owner;
    this.#owner = undefined;
    if (owner === undefined) return;
    owner.gone(reason);
    const isWebSocket = this.framing === "websocket";
    this.#close(isWebSocket ? closeFrame(CloseCode.GoingAway, reason) : framedEnd(this.framing));
  }

  /** The connection is over. */
  closed(reason: string | undefined): void {
    const owner = this.#owner;
    this.#owner = undefined;
    owner?.gone(reason);
  }

  message(): void {
    // Messages from clients are not used.
  }

  ping(payload: Uint8Array): void {
    // A client that doesn't read gets no pongs, as they would pile up.
    if (this.transport.bytesQueued === 0) this.transport.send(pongFrame(payload));
  }

  pong(): void {
    // Nothing to do: the kernel detects dead connections.
  }

  close({ clean, code, reason }: WebSocketClose): void {
    const owner = this.#owner;
    this.#owner = undefined;
    if (owner === undefined) return;
    owner.gone(clean ? undefined : reason);
    this.#close(closeFrame(code, clean ? "" : reason));
  }

  #finish(last: Uint8Array): void {
    if (this.#owner === undefined) return;
    this.#owner = undefined;
    this.#close(last);
  }

  #close(last: Uint8Array): void {
    if (last.length > 0) this.transport.send(last);
    this.#ended();
  }
}
