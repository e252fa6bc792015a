import type { LocalNet, Transport, TransportHandler } from "../../base/transport.ts";
import { type Carry, type CarryGiving, MAX_CARRY_PIECE } from "../../live/ports/carry.ts";
import { lineOf } from "./messages.ts";

/*
 * Carries over a feature's memory on a connection of its own: the new process asks with a line, the old one answers with
 *
 *     length  u32, big-endian: bytes of the piece that follow; 0: all earlier content is sent, and what is added follows
 *     piece
 */
const LENGTH_BYTES = 4;

/** Sends a feature's pieces to the new process. */
export class CarryGiver {
  readonly #transport: Transport;
  readonly #giving: CarryGiving;
  #full = false;
  /** The new process was sent the mark (length 0) after all earlier content. */
  #endSent = false;

  constructor(carry: Carry, transport: Transport) {
    this.#transport = transport;
    this.#giving = carry.give(() => this.#send());
    this.#send();
  }

  /** Whether the kernel has all that the feature gave. */
  get sent(): boolean {
    return !this.#full && this.#transport.bytesQueued === 0;
  }

  drained(): void {
    this.#full = false;
    this.#send();
  }

  /** The connection is gone. */
  close(): void {
    this.#giving.close();
  }

  #send(): void {
    while (!this.#full) {
      const piece = this.#giving.next();
      if (piece === undefined) break;
      this.#full = !this.#transport.send(framed(piece));
    }
    if (this.#full || this.#endSent) return;
    this.#endSent = true;
    this.#full = !this.#transport.send(new Uint8Array(LENGTH_BYTES));
  }
}

function framed(piece: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(LENGTH_BYTES + piece.length);
  new DataView(bytes.buffer).setUint32(0, piece.length);
  bytes.set(piece, LENGTH_BYTES);
  return bytes;
}

/** Receives a feature's pieces from the old process. */
export class CarryTaker implements TransportHandler {
  readonly #name: string;
  readonly #carry: Carry;
  readonly #caughtUp: () => void;
  #transport: Transport | undefined;
  #rest = new Uint8Array(0);

  /** `caughtUp` is called when all earlier content has come, and when no more pieces will come. */
  constructor(name: string, carry: Carry, caughtUp: () => void) {
    this.#name = name;
    this.#carry = carry;
    this.#caughtUp = caughtUp;
  }

  start(local: LocalNet, path: string): void {
    local.dial(path, this);
  }

  onOpen(transport: Transport): void {
    this.#transport = transport;
    transport.send(lineOf({ carry: this.#name }));
  }

  onData(bytes: Uint8Array): void {
    const all = new Uint8Array(this.#rest.length + bytes.length);
    all.set(this.#rest);
    all.set(bytes, this.#rest.length);
    const view = new DataView(all.buffer);
    let at = 0;
    while (at + LENGTH_BYTES <= all.length) {
      const length = view.getUint32(at);
      if (length > MAX_CARRY_PIECE) {
        this.#transport?.abort();
        return;
      }
      if (at + LENGTH_BYTES + length > all.length) break;
      at += LENGTH_BYTES;
      if (length === 0) this.#caughtUp();
      else if (!this.#take(all.subarray(at, at + length))) return;
      at += length;
    }
    this.#rest = all.slice(at);
  }

  onDrain(): void {}

  onClose(): void {
    this.#caughtUp();
  }

  #take(piece: Uint8Array): boolean {
    try {
      this.#carry.take(piece);
      return true;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.#transport?.abort();
      return false;
    }
  }
}
