import { FlvReader } from "../../../src/media/flv-reader.ts";
import { PacketKind } from "../../../src/media/packet.ts";
import { asTrack, trackMetadata } from "../audio-tracks.ts";
import { Client } from "./client.ts";
import { clip } from "./clips.ts";
import type { Stage } from "./stage.ts";

const TICK_MS = 20;

interface Message {
  readonly type: number;
  readonly time: number;
  readonly payload: Uint8Array;
}

/** Publishes `live/show` in real time: a picture, its sound in English as track 0, and the same in German as track 1. */
export class TwoTrackEncoder {
  /** Audio frames of each track in the clip. */
  readonly sounds: number;
  readonly #client: Client;
  readonly #done = Promise.withResolvers<void>();

  private constructor(stage: Stage, client: Client, messages: readonly Message[]) {
    this.#client = client;
    this.sounds = messages.filter(({ type, payload }) => type === PacketKind.Audio && payload[0] === 0x95).length - 1;
    const began = performance.now();
    let at = 0;
    const timer = setInterval(() => {
      for (let next = messages[at]; next !== undefined; next = messages[++at]) {
        if (next.time > performance.now() - began) return;
        client.send(next.type, next.time, next.payload);
      }
      clearInterval(timer);
      this.#done.resolve();
    }, TICK_MS);
    stage.defer(() => clearInterval(timer));
  }

  /** Plays the clip of so many seconds. */
  static async start(stage: Stage, port: number, seconds: number): Promise<TwoTrackEncoder> {
    const file = new Uint8Array(await Bun.file(clip({ seconds })).arrayBuffer());
    const messages: Message[] = [
      {
        type: PacketKind.Data,
        time: 0,
        payload: trackMetadata({ 0: { name: "English", language: "eng" }, 1: { name: "Deutsch", language: "de" } }),
      },
    ];
    const reader = new FlvReader((type, time, lent) => {
      const payload = lent.slice();
      if (type === PacketKind.Data) return;
      messages.push({ type, time, payload });
      if (type === PacketKind.Audio) messages.push({ type, time, payload: asTrack(1, payload) });
    });
    reader.push(file);
    const client = await Client.publish(stage, { port }, "show");
    return new TwoTrackEncoder(stage, client, messages);
  }

  /** Ends the stream once all is sent. */
  async ended(): Promise<void> {
    await this.#done.promise;
    await this.#client.stopPublish("show", 1);
  }
}
