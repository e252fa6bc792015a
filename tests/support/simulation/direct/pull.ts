import type { PullClient, PullClientEvents, PullEnd } from "../../../../src/relay/pull-client.ts";
import type { RtmpPullTarget } from "../../../../src/relay/rtmp-pull-client.ts";
import type { EpochCommandArguments } from "../../../../src/rtmp/connect.ts";
import type { DirectClient, DirectEnd, DirectNet, PlayCalls, SentPacket, ServerCalls } from "./net.ts";

/** A stream that a node plays at another one: in the place of `RtmpPullClient`. */
export class DirectPull implements PullClient, DirectClient, PlayCalls {
  readonly bytes = 0;
  readonly #target: RtmpPullTarget;
  readonly #events: PullClientEvents;
  readonly #dialling: { abort(): void };
  #end: DirectEnd | undefined;
  #server: ServerCalls | undefined;
  #state: "dialling" | "open" | "greeted" | "running" | "over" = "dialling";

  constructor(net: DirectNet, from: string, by: object, target: RtmpPullTarget, events: PullClientEvents) {
    this.#target = target;
    this.#events = events;
    this.#dialling = net.dial(from, by, target.host, target.timeoutMs, this);
  }

  close(): void {
    this.#state = "over";
    this.#dialling.abort();
    this.#end?.close();
  }

  opened(end: DirectEnd, server: ServerCalls): void {
    this.#state = "open";
    this.#end = end;
    this.#server = server;
    end.send(() => server.greet(this));
  }

  greeted(): void {
    if (this.#state !== "open") return;
    this.#state = "greeted";
    this.#events.answered?.();
    const { playPath, hops } = this.#target;
    const server = this.#server;
    if (server !== undefined) this.#end?.send(() => server.play(this, playPath, hops));
  }

  started(node: string): void {
    if (this.#state !== "greeted") return;
    this.#state = "running";
    this.#events.started({ name: node, hops: [node] });
  }

  refused(how: "absent" | "failed" | "refused", reason: string): void {
    const error = `refused: ${reason}`;
    this.#over(how === "refused" ? { how, error, description: reason, redirect: undefined } : { how, error });
  }

  hops(hops: readonly string[]): void {
    if (this.#state === "running") this.#events.rerouted?.(hops);
  }

  epoch(...args: EpochCommandArguments): void {
    if (this.#state === "running") this.#events.epoch?.(...args);
  }

  packets(packets: readonly SentPacket[]): void {
    for (const { kind, time, payload } of packets)
      if (this.#state === "running") this.#events.push(kind, time, payload, false);
  }

  unpublished(): void {
    this.#over({ how: "ended", error: "ended by the server" });
  }

  closed(reason: string | undefined): void {
    const error = reason ?? "the server closed the connection";
    if (this.#state === "running") this.#over({ how: "lost", error });
    else if (this.#state === "greeted") this.#over({ how: "refused", error, description: "", redirect: undefined });
    else this.#over({ how: "unreachable", error });
  }

  #over(end: PullEnd): void {
    if (this.#state === "over") return;
    this.close();
    this.#events.over(end);
  }
}
