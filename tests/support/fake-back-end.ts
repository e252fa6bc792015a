import type { HttpHandler, HttpPost } from "../../src/base/http.ts";
import type { FakeClock } from "./fake-clock.ts";

/** A call as the back end gets it. */
export interface ReceivedCall {
  readonly url: string;
  readonly id: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What becomes of a call: an answer, an error of the network, or silence. */
export interface CallFate {
  /** How long the call is on its way there, and the answer on its way back, ms. */
  readonly thereMs?: number;
  readonly backMs?: number;
  readonly status?: number;
  readonly text?: string;
  /** The connection ends like this: with `afterBody`, when the body was sent. */
  readonly error?: string;
  readonly afterBody?: boolean;
  /** It never answers. */
  readonly hangs?: boolean;
  /** The back end never gets it. */
  readonly isLost?: boolean;
}

/** Back ends on a fake clock. */
export class FakeBackEnds {
  /** What has arrived, in order. */
  readonly received: ReceivedCall[] = [];
  /** Decides about each call when it is made. */
  fate: (call: ReceivedCall) => CallFate = () => ({});
  underWay = 0;
  maxUnderWay = 0;
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  /** `on_play c1` of each call that has arrived since the last time. */
  take(): string[] {
    return this.received.splice(0).map(({ body }) => `${body.action} ${body.client_id}`);
  }

  readonly post: HttpPost = (url, content, handler, options) => {
    const body = JSON.parse(new TextDecoder().decode(content.bytes));
    const headers = options?.headers ?? {};
    const received = { url, id: headers["webhook-id"] ?? "", headers, body };
    const fate = this.fate(received);
    let isOver = false;
    this.underWay++;
    this.maxUnderWay = Math.max(this.maxUnderWay, this.underWay);
    const end = () => {
      if (isOver) return;
      isOver = true;
      this.underWay--;
    };
    this.#clock.after(fate.thereMs ?? 1, () => {
      if (isOver) return;
      if (fate.isLost !== true) this.received.push(received);
      if (fate.hangs !== true) this.#clock.after(fate.backMs ?? 1, () => isOver || this.#answer(fate, handler, end));
    });
    return { ip: "192.0.2.9", abort: end };
  };

  #answer(
    { status = 200, text = "0", error, afterBody = false }: CallFate,
    handler: HttpHandler,
    end: () => void,
  ): void {
    if (error === undefined || afterBody) {
      handler.onResponse(status, undefined, "");
      const bytes = new TextEncoder().encode(text);
      for (let at = 0; at < bytes.length; at += 1000) handler.onData(bytes.slice(at, at + 1000));
    }
    end();
    handler.onEnd(error);
  }
}

/** Lets time pass in small steps, with what waits for promises done in between. */
export async function passTime(clock: FakeClock, ms: number, stepMs = 50): Promise<void> {
  for (let left = ms; left > 0; left -= stepMs) {
    await settled();
    clock.advance(Math.min(left, stepMs));
  }
  await settled();
}

async function settled(): Promise<void> {
  for (let turns = 0; turns < 20; turns++) await Promise.resolve();
}
