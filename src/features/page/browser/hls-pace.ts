/** Further from its distance than this a picture changes its rate, s, and where most of the distance is missing. */
const SLACK = { change: 1.5, most: 3 } as const;
/** The same with low-latency HLS, whose distances are those of parts. */
const LOW_LATENCY_SLACK = { change: 0.25, most: 0.6 } as const;
const FASTER = 1.1;
const SLOWER = 0.95;
const SLOWEST = 0.9;

/**
 * The rate at which an HLS picture plays. The first viewer of a stream gets a playlist with a single segment: the picture starts
 * at once, and plays slower until so much is buffered that an encoder may be away for a moment. hls.js only ever plays faster.
 */
export class HlsPace {
  #rate = 1;

  /** `latency`: how far the picture is behind the live edge; `target`: how far it shall be; s. */
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
