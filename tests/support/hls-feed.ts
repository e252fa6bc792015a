import { HlsStage, type HlsStageOptions } from "./hls-stage.ts";
import type { Feed } from "./live.ts";

/** A stream with a key frame each 2 s, which has been published for `seconds`. */
export function published(seconds: number, options: HlsStageOptions = {}): { stage: HlsStage; feed: Feed } {
  const stage = new HlsStage(options);
  const feed = stage.live.publish("show").headers();
  goOn(feed, seconds);
  return { stage, feed };
}

/** GOPs of 2 s, and the next key frame. */
export function goOn(feed: Feed, seconds: number, name = ""): void {
  for (let done = 0; done < seconds; done += 2) {
    feed.key(`k${name}${feed.time}`);
    for (let frame = 0; frame < 4; frame++) feed.wait(400).inter(`i${name}${feed.time}`).audio(`a${name}${feed.time}`);
    feed.wait(400);
  }
  feed.key(`k${name}${feed.time}`);
}
