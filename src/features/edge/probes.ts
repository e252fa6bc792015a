import type { Timer } from "../../base/clock.ts";
import { probe } from "../../relay/probe.ts";
import { DEFAULT_VHOST } from "../../rtmp/address.ts";
import { type FlvOrigin, type RtmpOrigin, rootUrl, rtmpUrl } from "./address.ts";
import type { EdgeContext } from "./context.ts";
import type { Origin } from "./origin.ts";

/** How long an HTTP server may take to answer. */
const TIMEOUT_MS = 5000;

/** Probes origins, so that no viewer has to find out that one is dead. */
export class Probes {
  readonly #context: EdgeContext;
  readonly #running = new Set<Origin>();

  constructor(context: EdgeContext) {
    this.#context = context;
  }

  /** Probes an origin, unless a probe is under way. */
  ask(origin: Origin): void {
    const { address } = origin;
    if (this.#running.has(origin)) return;
    this.#running.add(origin);
    const asked = address.protocol === "rtmp" ? this.#askRtmp(origin, address) : this.#askHttp(origin, address);
    asked.catch((error: unknown) => origin.failed(String(error))).finally(() => this.#running.delete(origin));
  }

  /** Any answer shows that the origin is alive. */
  #askHttp(origin: Origin, address: FlvOrigin): Promise<void> {
    const { clock, httpGet } = this.#context;
    return new Promise((resolve) => {
      const settle = (problem: string | undefined) => {
        timer.cancel();
        request.abort();
        if (problem === undefined) origin.reached();
        else origin.failed(problem);
        resolve();
      };
      const timer: Timer = clock.after(TIMEOUT_MS, () => settle(`no answer within ${TIMEOUT_MS / 1000} s`));
      const request = httpGet(rootUrl(address), {
        onResponse: () => settle(undefined),
        onData() {},
        onEnd: (reason) => settle(reason ?? "it closed without an answer"),
      });
    });
  }

  async #askRtmp(origin: Origin, address: RtmpOrigin): Promise<void> {
    const { host, port, tls } = address.target;
    const { tcUrl, app } = rtmpUrl(address, { vhost: DEFAULT_VHOST, app: "live", stream: "probe", param: "" });
    const result = await probe(this.#context, { host, port, tls, tcUrl, app });
    // An origin that refuses this app is alive.
    if (result.answer === "none") origin.failed(result.reason);
    else origin.reached();
  }
}
