import { Client, type ClientOptions } from "../e2e/client.ts";
import type { Stage } from "../e2e/stage.ts";
import { until } from "../e2e/wait.ts";
import { u32 } from "./wire.ts";

const PERIOD_MS = 20;
/** A key frame each half second. */
const GOP = 25;
const NAME = "witness";

/** What became of the witness's packets. */
export interface Testimony {
  readonly sent: number;
  /** Packets that did not come, or not in order. */
  readonly lost: number;
}

/** A well-behaved publisher and its player, on the same server as an attack: no packet of theirs may be lost. */
export class Witness {
  readonly publisher: Client;
  readonly player: Client;
  /** The longest that a packet was under way, ms, since the last `reset`. */
  worstMs = 0;
  #sent = 0;
  #got = 0;
  #lost = 0;
  readonly #sentAt: number[] = [];
  readonly #timer: ReturnType<typeof setInterval>;

  private constructor(publisher: Client, player: Client) {
    this.publisher = publisher;
    this.player = player;
    player.keep = false;
    player.onPacket = ({ type, payload }) => {
      if (type === 9 && payload.length > 5) this.#take(payload);
    };
    this.#timer = setInterval(() => this.#send(), PERIOD_MS);
  }

  static async start(stage: Stage, options: ClientOptions): Promise<Witness> {
    const publisher = await Client.publish(stage, options, NAME);
    publisher.send(9, 0, Uint8Array.of(0x17, 0, 0, 0, 0));
    const witness = new Witness(publisher, await Client.play(stage, options, NAME));
    stage.defer(() => clearInterval(witness.#timer));
    return witness;
  }

  reset(): void {
    this.worstMs = 0;
  }

  /** Sends a last packet and waits until it arrives or cannot. */
  async stop(): Promise<Testimony> {
    clearInterval(this.#timer);
    this.#send();
    await until("the witness's last packet arrives", () => this.#got === this.#sent || this.player.closed);
    return { sent: this.#sent, lost: this.#lost + this.#sent - this.#got };
  }

  #send(): void {
    const key = this.#sent % GOP === 0;
    const payload = new Uint8Array(2000);
    payload.set([key ? 0x17 : 0x27, 1, 0, 0, 0]);
    payload.set(u32(this.#sent), 5);
    this.#sentAt.push(performance.now());
    this.publisher.send(9, this.#sent * PERIOD_MS, payload);
    this.#sent++;
  }

  #take(payload: Uint8Array): void {
    const number = new DataView(payload.buffer, payload.byteOffset).getUint32(5);
    if (number !== this.#got) this.#lost += Math.abs(number - this.#got);
    this.#got = number + 1;
    this.worstMs = Math.max(this.worstMs, performance.now() - (this.#sentAt[number] ?? 0));
  }
}
