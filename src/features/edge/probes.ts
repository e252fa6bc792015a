import { probe } from "../../relay/probe.ts";
import { DEFAULT_VHOST } from "../../rtmp/address.ts";
import { type RtmpOrigin, rtmpUrl } from "./address.ts";
import type { EdgeContext } from "./context.ts";
import type { Origin } from "./origin.ts";

/** Asks origins if they are there, so that no viewer has to find out. */
export class Probes {
  readonly #context: EdgeContext;
  readonly #running = new Set<Origin>();

  constructor(context: EdgeContext) {
    this.#context = context;
  }

  /** Asks an origin, unless it is being asked, or has streams over HTTP only. */
  ask(origin: Origin): void {
    const { address } = origin;
    if (address.protocol !== "rtmp" || this.#running.has(origin)) return;
    this.#running.add(origin);
    this.#ask(origin, address)
      .catch((error: unknown) => origin.failed(String(error)))
      .finally(() => this.#running.delete(origin));
  }

  async #ask(origin: Origin, address: RtmpOrigin): Promise<void> {
    const { host, port, tls } = address.target;
    const { tcUrl, app } = rtmpUrl(address, { vhost: DEFAULT_VHOST, app: "live", stream: "probe", param: "" });
    const result = await probe(this.#context, { host, port, tls, tcUrl, app });
    // One that would not have us for this app is there.
    if (result.answer === "none") origin.failed(result.reason);
    else origin.reached();
  }
}
