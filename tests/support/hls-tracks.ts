import { parse } from "hls-parser";
import type { MasterPlaylist } from "hls-parser/types";
import { hlsFormats } from "../../src/features/hls/formats.ts";
import { PacketKind } from "../../src/media/packet.ts";
import { asTrack, trackMetadata } from "./audio-tracks.ts";
import { concat } from "./bytes.ts";
import { HlsStage, type HlsStageOptions } from "./hls-stage.ts";
import type { Feed } from "./live.ts";
import { aacFrame, aacHeader, avcFrame, avcHeader, unit } from "./ts-media.ts";

/** A viewer's session. */
export const TOKEN = "b".repeat(32);

/** An encoder with a picture, its sound, and further audio tracks that come and go. */
export class Tracks {
  readonly stage: HlsStage;
  readonly on = new Set<number>();
  readonly video: boolean;
  feed: Feed;
  audible = true;
  readonly #frameMs: number;
  #frame = 0;

  constructor(options: HlsStageOptions = {}, video = true, frameMs = 200) {
    this.video = video;
    this.#frameMs = frameMs;
    const config = { hls_format: "fmp4" as const, ...options.config };
    this.stage = new HlsStage({ ...options, config, context: { formats: hlsFormats, ...options.context } });
    this.feed = this.#publish();
  }

  #publish(): Feed {
    const feed = this.stage.live.publish("show");
    if (this.video) feed.send(PacketKind.Video, avcHeader().payload);
    return feed.send(PacketKind.Audio, aacHeader.payload);
  }

  /** The encoder starts again, wherever its pictures are. */
  restart(): void {
    this.feed.end("lost");
    this.feed = this.#publish();
    for (const id of this.on) this.header(id);
  }

  label(tracks: Parameters<typeof trackMetadata>[0]): void {
    this.feed.send(PacketKind.Data, trackMetadata(tracks));
  }

  header(id: number, payload = aacHeader.payload): void {
    this.on.add(id);
    this.feed.send(PacketKind.Audio, asTrack(id, payload));
  }

  /** `size`: bytes of each picture. */
  run(seconds: number, size = 60): this {
    for (let ms = 0; ms < seconds * 1000; ms += this.#frameMs) {
      const key = (this.#frame * this.#frameMs) % 2000 === 0;
      const sound = aacFrame(0, unit(0x21, 40, this.#frame)).payload;
      if (this.video) this.feed.send(PacketKind.Video, avcFrame(0, 0, key, [unit(key ? 5 : 1, size)]).payload);
      if (this.audible) this.feed.send(PacketKind.Audio, sound);
      for (const id of this.on) this.feed.send(PacketKind.Audio, asTrack(id, concat([sound, Uint8Array.of(id)])));
      this.feed.wait(this.#frameMs);
      this.#frame++;
    }
    return this;
  }

  text(query = ""): string {
    return this.stage.get(`/live/show.m3u8${query}`).text;
  }

  /** Waits for it, as a viewer does. */
  get master(): MasterPlaylist {
    const asked = this.stage.get("/live/show.m3u8");
    for (let ms = 0; !asked.answered && ms < 8000; ms += this.#frameMs) this.run(this.#frameMs / 1000);
    return masterOf(asked.text);
  }

  part(id: string): string {
    return this.text(`?hls_ctx=${TOKEN}&hls_part=${id}`);
  }

  bytes(uri: string): Uint8Array {
    const { answer, refusal } = this.stage.get(`/live/${uri}`);
    if (!(answer?.body instanceof Uint8Array)) throw new Error(`no ${uri}: ${refusal?.reason}`);
    return answer.body;
  }
}

/** Reads a multivariant playlist, strictly. */
function masterOf(text: string): MasterPlaylist {
  const playlist = parse(text);
  if (!playlist.isMasterPlaylist) throw new Error(`no multivariant playlist:\n${text}`);
  return playlist;
}
