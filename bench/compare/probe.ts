import { ClientSession } from "../../src/rtmp/client-session.ts";
import { defaultLimits } from "../../src/rtmp/limits.ts";
import { quantile } from "../harness.ts";

/** Data after a pause of this length count as another write. */
const PAUSE_MS = 15;
/** Interval of new connections, which is unrelated to the stream's own times. */
const CALL_EVERY_MS = 47;
/** C0 and C1 of the simple handshake; S0, S1 and S2 are the answer (RTMP 1.0, 5.2). */
const C0C1 = new Uint8Array(1537).fill(3, 0, 1);
const ANSWER_BYTES = 3073;

/** Figures of a probe, ms. */
export interface Probed {
  /** Time from one write to the next: the 5th, 50th and 95th percentile. */
  readonly writes: readonly [p5: number, p50: number, p95: number];
  /** Time from a new connection to the handshake's answer: at least two turns of the event loop. */
  readonly handshake: { readonly p50: number; readonly longest: number };
}

interface Call {
  readonly at: number;
  readonly tookMs: number;
}

/** Watches a server under load from outside: when a player of `live/STREAM` gets data, and how fast new connections are answered. */
export class Probe {
  readonly #port: number;
  readonly #arrivals: number[] = [];
  readonly #calls: Call[] = [];
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #player: Promise<{ end(): void }>;

  constructor(port: number, stream: string) {
    this.#port = port;
    this.#player = this.#play(stream);
    this.#timer = setInterval(() => void this.#call(), CALL_EVERY_MS);
  }

  /** Ends the probe; returns its figures from `fromAgoMs` to `toAgoMs` before now. */
  async stop(fromAgoMs: number, toAgoMs: number): Promise<Probed> {
    clearInterval(this.#timer);
    const now = performance.now();
    const seen = (at: number) => at >= now - fromAgoMs && at < now - toAgoMs;
    (await this.#player).end();
    const arrivals = this.#arrivals.filter(seen);
    const writes = arrivals.filter((at, i) => i > 0 && at - (arrivals[i - 1] ?? at) > PAUSE_MS);
    const between = sorted(writes.slice(1).map((at, i) => at - (writes[i] ?? at)));
    const calls = sorted(this.#calls.filter(({ at }) => seen(at)).map(({ tookMs }) => tookMs));
    return {
      writes: [quantile(between, 0.05), quantile(between, 0.5), quantile(between, 0.95)],
      handshake: { p50: quantile(calls, 0.5), longest: quantile(calls, 1) },
    };
  }

  async #play(stream: string): Promise<{ end(): void }> {
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port: this.#port,
      socket: {
        binaryType: "uint8array",
        data: (_socket, bytes: Uint8Array) => {
          this.#arrivals.push(performance.now());
          session.receive(bytes);
        },
      },
    });
    const nothing = () => undefined;
    const session = new ClientSession(
      { role: "play", tcUrl: `rtmp://127.0.0.1:${this.#port}/live`, app: "live", playPath: stream, hops: [] },
      { ready: nothing, refused: nothing, ended: nothing },
      {
        limits: defaultLimits,
        // The bytes are few and the socket's buffer is empty, so that it takes them all.
        send: (bytes) => void socket.write(bytes),
        now: () => performance.now(),
        random: (into) => void crypto.getRandomValues(into),
        chunkSize: 60_000,
        simpleHandshake: true,
        identity: {},
      },
    );
    session.start();
    return socket;
  }

  async #call(): Promise<void> {
    const at = performance.now();
    let missing = ANSWER_BYTES;
    await Bun.connect({
      hostname: "127.0.0.1",
      port: this.#port,
      socket: {
        binaryType: "uint8array",
        open: (socket) => void socket.write(C0C1),
        data: (socket, bytes: Uint8Array) => {
          missing -= bytes.length;
          if (missing > 0) return;
          this.#calls.push({ at, tookMs: performance.now() - at });
          socket.terminate();
        },
      },
    }).catch(() => undefined);
  }
}

function sorted(values: number[]): number[] {
  return values.sort((a, b) => a - b);
}
