/** Difference from the target, s, at which the rate changes, and at which most of the buffer is missing. */
const SLACK = { change: 1.5, most: 3 } as const;
/** The same with low-latency HLS, whose targets are much shorter. */
const LOW_LATENCY_SLACK = { change: 0.25, most: 0.6 } as const;
const FASTER = 1.1;
const SLOWER = 0.95;
const SLOWEST = 0.9;

/**
 * The rate at which an HLS picture plays. The first viewer of a stream gets a playlist with a single segment: the picture starts
 * at once, and plays slower until the buffer outlasts a short loss of the encoder. hls.js by itself only plays faster.
 */
export class HlsPace {
  #rate = 1;

  /** `latency`: how far the picture is behind the live edge, s; `target`: how far it should be, s. */
  rate(latency: number, target: number, lowLatency: boolean): number {
    const excess = latency - target;
    const { change, most } = lowLatency ? LOW_LATENCY_SLACK : SLACK;
    if (excess > change) this.#rate = FASTER;
    else if (excess < -most) this.#rate = SLOWEST;
    else if (excess < -change) this.#rate = SLOWER;
    else if (this.#rate > 1 ? excess <= 0 : excess >= 0) this.#rate = 1;
    return this.#rate;
  }
}
