import type { Page } from "puppeteer-core";
import type { Stage } from "../stage.ts";

/** Bits of the clock, and how they lie in the picture. */
const BITS = 24;
const COLUMNS = 8;
const CELL = 24;
const WIDTH = COLUMNS * CELL;
const HEIGHT = (BITS / COLUMNS) * CELL;
const RATE = 25;
const RANGE = 2 ** BITS;

/** FFmpeg that publishes pictures with a clock, and sound, to a URL. Each picture says when it was made, in ms, by black and white cells. */
export class ClockEncoder {
  readonly #ffmpeg: Bun.Subprocess<"pipe", "ignore", "inherit">;
  readonly #timer: Timer;
  #made = 0;

  constructor(stage: Stage, url: string, gopFrames = RATE) {
    const picture = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", `${WIDTH}x${HEIGHT}`, "-r", `${RATE}`, "-i", "pipe:0"];
    const sound = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100"];
    const x264 = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p"];
    const gop = ["-g", `${gopFrames}`, "-sc_threshold", "0", "-shortest"];
    this.#ffmpeg = Bun.spawn(
      [
        ...["ffmpeg", "-v", "error", "-probesize", "32", "-analyzeduration", "0", ...picture, ...sound],
        ...[...x264, ...gop, "-c:a", "aac", "-flush_packets", "1", "-f", "flv", url],
      ],
      { stdin: "pipe", stdout: "ignore", stderr: "inherit" },
    );
    const began = performance.now();
    this.#timer = setInterval(() => {
      const due = Math.floor(((performance.now() - began) * RATE) / 1000);
      for (; this.#made < due; this.#made++) this.#ffmpeg.stdin.write(pictureOf(Date.now()));
      void this.#ffmpeg.stdin.flush();
    }, 10);
    stage.defer(() => this.stop());
  }

  /** The encoder is gone, without a goodbye. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#ffmpeg.kill("SIGKILL");
    await this.#ffmpeg.exited;
  }
}

/** A picture that says a time. */
function pictureOf(ms: number): Uint8Array {
  const picture = new Uint8Array(WIDTH * HEIGHT);
  for (let bit = 0; bit < BITS; bit++) {
    if (Math.floor(ms / 2 ** bit) % 2 === 0) continue;
    const [left, top] = [(bit % COLUMNS) * CELL, Math.floor(bit / COLUMNS) * CELL];
    for (let row = top; row < top + CELL; row++) picture.fill(255, row * WIDTH + left, row * WIDTH + left + CELL);
  }
  return picture;
}

/** Reads the clock in the picture that a page shows: how long ago it was made, ms. */
export async function pictureAge(page: Page): Promise<number> {
  const read = `(() => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [${WIDTH}, ${HEIGHT}];
    const context = canvas.getContext("2d");
    context.drawImage(document.querySelector("video"), 0, 0, ${WIDTH}, ${HEIGHT});
    const now = Date.now();
    let ms = 0;
    for (let bit = 0; bit < ${BITS}; bit++) {
      const [x, y] = [(bit % ${COLUMNS}) * ${CELL} + ${CELL / 2}, Math.floor(bit / ${COLUMNS}) * ${CELL} + ${CELL / 2}];
      if (context.getImageData(x, y, 1, 1).data[0] > 127) ms += 2 ** bit;
    }
    return (now % ${RANGE} - ms + ${RANGE}) % ${RANGE};
  })()`;
  return (await page.evaluate(read)) as number;
}
