import type { Transport, TransportHandler } from "../../base/transport.ts";
import type { CarryGiver } from "./carry-link.ts";
import { Lines, lineOf, type Message } from "./messages.ts";
import type { SiblingReader } from "./sibling-reader.ts";

/** Callbacks of a connection's owner. */
export interface SiblingLinkEvents {
  open?(link: SiblingLink): void;
  received(link: SiblingLink, message: Message): void;
  /** Called once, as the last event. */
  gone(link: SiblingLink, reason: string | undefined): void;
}

/** A connection between the two processes: the link, or one on which a stream is requested. */
export class SiblingLink implements TransportHandler {
  readonly #events: SiblingLinkEvents;
  readonly #lines = new Lines();
  transport: Transport | undefined;
  /** Sends a stream on this connection. */
  reader: SiblingReader | undefined;
  /** Sends a feature's memory on this connection. */
  carry: CarryGiver | undefined;

  constructor(events: SiblingLinkEvents) {
    this.#events = events;
  }

  send(message: Message): void {
    this.transport?.send(lineOf(message));
  }

  close(): void {
    this.transport?.close();
  }

  onOpen(transport: Transport): void {
    this.transport = transport;
    this.#events.open?.(this);
  }

  onData(bytes: Uint8Array): void {
    try {
      this.#lines.push(bytes, (message) => this.#events.received(this, message));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.transport?.abort();
    }
  }

  onDrain(): void {
    this.reader?.drained();
    this.carry?.drained();
  }

  onClose(reason: string | undefined): void {
    this.reader?.leave();
    this.carry?.close();
    this.#events.gone(this, reason);
  }
}
