import { ClientSession } from "../../src/rtmp/client-session.ts";
import { defaultLimits } from "../../src/rtmp/limits.ts";
import { quantile } from "../harness.ts";

/** What came after so long without anything is another write. */
const PAUSE_MS = 15;
/** Newcomers call at times that have nothing to do with the stream's own. */
const CALL_EVERY_MS = 47;
/** C0 and C1 of the simple handshake; S0, S1 and S2 are the answer (RTMP 1.0, 5.2). */
const C0C1 = new Uint8Array(1537).fill(3, 0, 1);
const ANSWER_BYTES = 3073;

/** What a probe saw, ms. */
export interface Probed {
  /** From one write to the next: the fifth, the fiftieth and the 95th percentile. */
  readonly writes: readonly [p5: number, p50: number, p95: number];
  /** How long newcomers waited for the handshake's answer, from their connect: two turns of the event loop at least. */
  readonly handshake: { readonly p50: number; readonly longest: number };
}

interface Call {
  readonly at: number;
  readonly tookMs: number;
}

/** Watches a server under load from outside: when one player of `live/STREAM` gets something, and how soon newcomers are heard. */
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

  /** Ends it; what it saw from so many to so many ms ago. */
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
        // Small, and on an empty socket: it takes all of it.
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
