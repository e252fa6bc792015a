/** Further from its distance than this a picture changes its rate, s. */
const SLACK = 1.5;
const FASTER = 1.1;
const SLOWER = 0.95;
/** Where most of the distance is missing. */
const SLOWEST = 0.9;
const MOST_MISSING = 3;

/**
 * The rate at which an HLS picture plays. The first viewer of a stream gets a playlist with a single segment: the picture starts
 * at once, and plays slower until so much is buffered that an encoder may be away for a moment. hls.js only ever plays faster.
 */
export class HlsPace {
  #rate = 1;

  /** `latency`: how far the picture is behind the live edge; `target`: how far it shall be; s. */
  rate(latency: number, target: number): number {
    const excess = latency - target;
    if (excess > SLACK) this.#rate = FASTER;
    else if (excess < -MOST_MISSING) this.#rate = SLOWEST;
    else if (excess < -SLACK) this.#rate = SLOWER;
    else if (this.#rate > 1 ? excess <= 0 : excess >= 0) this.#rate = 1;
    return this.#rate;
  }
}
