import type { Socket } from "bun";
import { Outbox } from "./socket.ts";
import type { Stage } from "./stage.ts";

/** What a wire knows of one of its sockets. */
interface End {
  /** The socket's own. */
  outbox: Outbox | undefined;
  /** Where what comes in goes on to. */
  peer: Socket<End> | undefined;
}

/** A wire to a port of this machine, which may be a long one. It can be cut: then nothing comes through any more, either way, and nobody is told. */
export class Wire {
  readonly #to: number;
  readonly #delayMs: number;
  readonly #listener: Bun.TCPSocketListener<End>;
  readonly #sockets = new Set<Socket<End>>();
  /** Where the far ends of its connections are. */
  readonly #addresses = new Set<string>();
  #cut = false;
  readonly #handlers = {
    data: (socket: Socket<End>, bytes: Uint8Array) => {
      const copy = Uint8Array.from(bytes);
      const arrive = () => {
        if (!this.#cut) socket.data.peer?.data.outbox?.send(copy);
      };
      if (this.#delayMs === 0) arrive();
      else setTimeout(arrive, this.#delayMs);
    },
    drain: (socket: Socket<End>) => socket.data.outbox?.drain(),
    close: (socket: Socket<End>) => {
      if (!this.#cut) socket.data.peer?.end();
    },
    error() {},
  };

  /** What is sent takes `delayMs` to the other end. */
  constructor(stage: Stage, to: number, delayMs = 0) {
    this.#to = to;
    this.#delayMs = delayMs;
    this.#listener = Bun.listen<End>({
      hostname: "127.0.0.1",
      port: 0,
      socket: { ...this.#handlers, open: (near) => void this.#join(near) },
    });
    stage.defer(() => {
      this.#listener.stop(true);
      for (const socket of this.#sockets) socket.terminate();
    });
  }

  /** Where its near end is. */
  get port(): number {
    return this.#listener.port;
  }

  /** Whether a server's log means one of its connections by this line's `addr`. */
  carries(line: string): boolean {
    return this.#addresses.has(/addr=(\S+)/.exec(line)?.[1] ?? "");
  }

  cut(): void {
    this.#cut = true;
  }

  async #join(near: Socket<End>): Promise<void> {
    near.pause();
    near.data = { outbox: new Outbox(near), peer: undefined };
    const data: End = { outbox: undefined, peer: near };
    const to = { hostname: "127.0.0.1", port: this.#to, socket: this.#handlers, data };
    const far = await Bun.connect<End>(to).catch(() => undefined);
    if (far === undefined) {
      // Nobody is there: whoever came is told as he would be without the wire.
      near.terminate();
      return;
    }
    data.outbox = new Outbox(far);
    near.data.peer = far;
    this.#sockets.add(near).add(far);
    this.#addresses.add(`127.0.0.1:${far.localPort}`);
    near.resume();
  }
}
