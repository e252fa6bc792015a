import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "puppeteer-core";
import type { Stage } from "../stage.ts";

/** What hls.js has told: errors, "fatal " before those that are, and what `onSwitch` has pushed. */
export interface Told<Switched> {
  readonly errors: readonly string[];
  readonly switched: readonly Switched[];
}

/**
 * A folder with an `index.html` in which hls.js plays /live/show. `options` is its configuration and `onSwitch` sets a handler of
 * `hls` that pushes to `told.switched`, both as JavaScript. The page has `hls` as a global variable.
 */
export function hlsJsFolder(stage: Stage, options: string, onSwitch: string): string {
  const files = stage.path("www");
  mkdirSync(files);
  copyFileSync(join(import.meta.dir, "../../../../node_modules/hls.js/dist/hls.min.js"), join(files, "hls.js"));
  const script = `
const hls = new Hls(${options});
globalThis.told = { errors: [], switched: [] };
hls.on(Hls.Events.ERROR, (_, { fatal, details }) => told.errors.push((fatal ? "fatal " : "") + details));
${onSwitch}
hls.loadSource("/live/show.m3u8");
const video = document.querySelector("video");
hls.attachMedia(video);
video.play();
globalThis.hls = hls;
`;
  writeFileSync(join(files, "play.js"), script);
  writeFileSync(
    join(files, "index.html"),
    '<!doctype html><link rel="icon" href="data:,"><video muted></video><script src="hls.js"></script><script src="play.js"></script>',
  );
  return files;
}

/** What hls.js in a page of that folder has told so far. */
export function toldBy<Switched>(page: Page): Promise<Told<Switched>> {
  return page.evaluate(() => (globalThis as unknown as { told: Told<Switched> }).told);
}

/** Sets a property of hls.js, such as `nextLevel` or `audioTrack`. */
export async function setHls(page: Page, property: string, value: number): Promise<void> {
  await page.evaluate(
    (name, to) => {
      (globalThis as unknown as { hls: Record<string, number> }).hls[name] = to;
    },
    property,
    value,
  );
}
