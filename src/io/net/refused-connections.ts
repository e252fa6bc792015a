import type { Socket } from "bun";
import type { Clock } from "../../base/clock.ts";
import type { SocketData, SocketOwner } from "./socket-data.ts";

/** A refused client must send its request, take the answer and close within this time, ms. */
const LIMIT_MS = 1000;
/** Maximum number of refused clients that get an answer within that time; further ones are reset, so that a crowd of them costs little. */
const MAX_ANSWERED = 64;

/** The last bytes for a refused client that has sent these; undefined if it does not speak the listener's protocol. */
export type Refusal = (bytes: Uint8Array) => Uint8Array | undefined;

/**
 * Connections beyond a limit. A few get an answer before they are closed. Their request is awaited first: many clients ignore an earlier
 * answer, and the kernel resets a connection that is closed with unread input.
 */
export class RefusedConnections {
  readonly #clock: Pick<Clock, "after">;
  readonly #onFault: (error: Error) => void;
  #answered = 0;

  /** `onFault` receives an exception of a refusal. */
  constructor(clock: Pick<Clock, "after">, onFault: (error: Error) => void) {
    this.#clock = clock;
    this.#onFault = onFault;
  }

  /** Closes a connection of which `bytes` are already read; without a refusal, at once. */
  refuse(socket: Socket<SocketData>, refusal: Refusal | undefined, bytes: Uint8Array = new Uint8Array(0)): void {
    if (refusal === undefined || this.#answered >= MAX_ANSWERED) {
      socket.terminate();
      return;
    }
    this.#answered++;
    const owner = new RefusedConnection(socket, refusal, this.#onFault);
    socket.data.owner = owner;
    this.#clock.after(LIMIT_MS, () => {
      this.#answered--;
      owner.end();
    });
    if (bytes.length > 0) owner.onData(bytes);
  }
}

/*
 * asking ──first bytes──> answered ──the client closes, or the time is up──> over
 *   └──────────other bytes than a request's, the time is up────────────────> over
 */
class RefusedConnection implements SocketOwner {
  readonly #socket: Socket<SocketData>;
  readonly #refusal: Refusal;
  readonly #onFault: (error: Error) => void;
  #state: "asking" | "answered" | "over" = "asking";

  constructor(socket: Socket<SocketData>, refusal: Refusal, onFault: (error: Error) => void) {
    this.#socket = socket;
    this.#refusal = refusal;
    this.#onFault = onFault;
  }

  onData(bytes: Uint8Array): void {
    // The rest of a request is read and dropped.
    if (this.#state !== "asking") return;
    const answer = this.#refusal(bytes);
    if (answer === undefined || this.#socket.write(answer) !== answer.length) {
      this.end();
      return;
    }
    this.#state = "answered";
    this.#socket.shutdown();
  }

  onDrain(): void {
    // The answer fits into the kernel's empty buffer.
  }

  onClose(): void {
    this.#state = "over";
  }

  fault(error: unknown): void {
    this.#onFault(error instanceof Error ? error : new Error(String(error)));
    this.end();
  }

  end(): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#socket.terminate();
  }
}
