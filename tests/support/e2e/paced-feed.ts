import type { Client } from "./client.ts";
import { aacFrame, aacHeader, avcFrame, avcHeader } from "./payloads.ts";
import type { Stage } from "./stage.ts";

const FRAME_MS = 40;

/** An encoder that sends pictures and sound in real time, 25 of each a second, and whose faults a test switches on and off. */
export class PacedFeed {
  /** What is added to all timestamps, and to those of the sound. */
  jumpMs = 0;
  skewMs = 0;
  /** Its clock's ms in each ms. */
  speed = 1;
  /** Sound is sent. */
  audible = true;
  readonly #client: Client;
  #time = 1000;
  #frames = 0;
  #sentAt = performance.now();

  constructor(stage: Stage, client: Client, hasVideoHeader = true) {
    this.#client = client;
    client.send(8, 0, aacHeader);
    if (hasVideoHeader) this.sendVideoHeader();
    const timer = setInterval(() => this.#sendDue(), FRAME_MS);
    stage.defer(() => clearInterval(timer));
  }

  sendVideoHeader(): void {
    this.#client.send(9, this.#time, avcHeader);
  }

  /** A late timer is made up for. */
  #sendDue(): void {
    for (; performance.now() - this.#sentAt >= FRAME_MS; this.#sentAt += FRAME_MS) {
      const time = Math.round(this.#time) + this.jumpMs;
      this.#client.send(9, time, avcFrame(this.#frames % 25 === 0, this.#frames));
      if (this.audible) this.#client.send(8, time + this.skewMs, aacFrame(this.#frames));
      this.#frames++;
      this.#time += FRAME_MS * this.speed;
    }
  }
}
