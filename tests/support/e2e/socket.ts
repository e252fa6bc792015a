import type { Socket } from "bun";

/** Sends whole buffers over a Bun socket, keeping what the kernel does not take. */
export class Outbox {
  readonly #socket: Socket<unknown>;
  readonly #queue: Uint8Array[] = [];
  queuedBytes = 0;

  constructor(socket: Socket<unknown>) {
    this.#socket = socket;
  }

  send(bytes: Uint8Array): void {
    this.#queue.push(bytes);
    this.queuedBytes += bytes.length;
    if (this.#queue.length === 1) this.drain();
  }

  drain(): void {
    for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
      const written = this.#socket.write(first);
      // Closed: there is nobody to send to.
      if (written < 0) {
        this.#queue.length = 0;
        this.queuedBytes = 0;
        return;
      }
      this.queuedBytes -= written;
      if (written < first.length) {
        this.#queue[0] = first.subarray(written);
        return;
      }
      this.#queue.shift();
    }
  }
}
