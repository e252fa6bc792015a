import type { HostPort } from "../../base/address.ts";
import type { Timer } from "../../base/clock.ts";
import { Gate, type Refusal } from "../../live/access.ts";
import type { Demand } from "../../live/demand.ts";
import { resolve, type StreamAddress, streamKey } from "../../rtmp/address.ts";
import { type ConnectRequest, MAX_HOPS } from "../../rtmp/connect.ts";
import type { NetStream } from "../../rtmp/net-stream.ts";
import type { FoundVhost, RtmpContext } from "./context.ts";

/** Stands for any vhost that a stream's name may lead to. */
const ANOTHER_VHOST = "_";

const codes = {
  publish: { name: "NetStream.Publish.BadName", access: "NetStream.Publish.Denied" },
  play: { name: "NetStream.Play.StreamNotFound", access: "NetStream.Play.Failed" },
} as const;

/** A stream that a client may publish or play. */
export interface Admitted {
  readonly ok: true;
  readonly vhost: FoundVhost;
  readonly address: StreamAddress;
}

/** A publish or play that is refused, with the protocol's code for it. */
export interface Refused extends Refusal {
  readonly ok: false;
  /** Among the refusals that are counted. */
  readonly kind: string;
  readonly code: string;
  /** Who is in the way, for the log alone. */
  readonly by?: string;
}

/** What a player has asked for before it was let in. */
export interface Wishes {
  paused: boolean;
  audio: boolean;
  video: boolean;
}

/** A request that the guards have not decided on, and what its player has asked for meanwhile. */
interface Pending {
  readonly decision: Pick<Timer, "cancel">;
  readonly wishes: Wishes;
}

/** A connect that is let in, the chunk size for it and its vhost as far as that is known; or why not. */
type Connected =
  | { readonly ok: true; readonly chunkSize: number; readonly vhost: string | undefined }
  | { readonly ok: false; readonly reason: string };

/** One connection's way in: from the names that the client gives to the vhost, past the guards. */
export class Admission {
  readonly #context: RtmpContext;
  readonly #id: string;
  readonly #gate: Gate;
  readonly #pending = new Map<NetStream, Pending>();
  #remote: HostPort = { host: "", port: 0 };
  #request: ConnectRequest | undefined;

  constructor(context: RtmpContext, id: string) {
    this.#context = context;
    this.#id = id;
    this.#gate = new Gate(context.guards, context.clock);
  }

  /** What the client said in `connect`. */
  get request(): ConnectRequest | undefined {
    return this.#request;
  }

  /** Streams whose request is not decided. */
  get pending(): ReadonlyMap<NetStream, unknown> {
    return this.#pending;
  }

  /** What the player of an undecided request wants; the caller changes it. */
  wishes(net: NetStream): Wishes | undefined {
    return this.#pending.get(net)?.wishes;
  }

  /** The client's first word. */
  connect(request: ConnectRequest, remote: HostPort): Connected {
    this.#request = request;
    this.#remote = remote;
    const loop = this.loop(request.hops);
    if (loop !== undefined) return { ok: false, reason: loop };
    // The stream is not known yet: any name will do to learn the vhost.
    const resolved = resolve(request.tcUrl, request.app, "any");
    if (!resolved.ok) return resolved;
    const name = resolved.address.vhost;
    const vhost = this.#context.findVhost(name);
    const reason = vhostProblem(name, vhost);
    const chunkSize = vhost?.config.chunk_size ?? this.#context.chunkSize;
    if (reason === undefined) return { ok: true, chunkSize, vhost: vhost?.name };
    // A host is no last word: the stream's name may be followed by another vhost.
    return mayChangeVhost(request) ? { ok: true, chunkSize, vhost: undefined } : { ok: false, reason };
  }

  /** Decides on a publish or play of `name`: at once, or when the guards have. No answer comes for a stream that ends before. */
  ask(
    net: NetStream,
    action: "publish" | "play",
    name: string,
    answer: (result: Admitted | Refused, wishes: Wishes) => void,
  ): void {
    this.#decide(net, action, name, { paused: false, audio: true, video: true }, answer);
  }

  #decide(
    net: NetStream,
    action: "publish" | "play",
    name: string,
    wishes: Wishes,
    answer: (result: Admitted | Refused, wishes: Wishes) => void,
  ): void {
    const found = this.#find(action, name);
    if (!found.ok) {
      answer(found, wishes);
      return;
    }
    const { vhost, address } = found;
    let decided = false;
    const decision = this.#gate.ask(
      {
        action,
        protocol: "rtmp",
        name: { vhost: vhost.name, app: address.app, stream: address.stream },
        ...this.demand(address),
        address: this.#remote.host,
        port: this.#remote.port,
        clientId: this.#id,
      },
      (denial) => {
        decided = true;
        this.#pending.delete(net);
        if (denial !== undefined) {
          answer({ ok: false, kind: denial.guard, code: codes[action].access, ...denial }, wishes);
          return;
        }
        // After a reload, the name may lead to a vhost that the guards were not asked about.
        const now = this.#find(action, name);
        if (now.ok && keyOf(now) !== keyOf(found)) this.#decide(net, action, name, wishes, answer);
        else answer(now, wishes);
      },
    );
    if (!decided) this.#pending.set(net, { decision, wishes });
  }

  /** What a client asks with that wants to play a stream. */
  demand({ param }: StreamAddress): Demand {
    const { tcUrl = "", pageUrl = "", swfUrl = "", hops = [] } = this.#request ?? {};
    return { param, tcUrl, pageUrl, swfUrl, hops };
  }

  /** The client wants the answer no longer. */
  forget(net: NetStream): void {
    this.#pending.get(net)?.decision.cancel();
    this.#pending.delete(net);
  }

  #find(action: "publish" | "play", name: string): Admitted | Refused {
    const code = codes[action].name;
    const resolved = resolve(this.#request?.tcUrl, this.#request?.app, name);
    if (!resolved.ok) return { ok: false, kind: "name", code, reason: resolved.reason };
    const { address } = resolved;
    const vhost = this.#context.findVhost(address.vhost);
    const reason = vhostProblem(address.vhost, vhost);
    return vhost !== undefined && reason === undefined
      ? { ok: true, vhost, address }
      : { ok: false, kind: "vhost", code, reason: reason ?? "" };
  }

  /** Why a stream that has passed these servers must not come here, if it must not. */
  loop(hops: readonly string[]): string | undefined {
    if (hops.includes(this.#context.nodeId)) return "forward loop: the stream has passed through this server already";
    return hops.length > MAX_HOPS ? `forward loop: the stream has passed more than ${MAX_HOPS} servers` : undefined;
  }
}

/** Whether a stream's name may still lead to another vhost than connect does. */
function mayChangeVhost({ tcUrl, app }: ConnectRequest): boolean {
  const resolved = resolve(tcUrl, app, `any?vhost=${ANOTHER_VHOST}`);
  return resolved.ok && resolved.address.vhost === ANOTHER_VHOST;
}

function keyOf({ vhost, address }: Admitted): string {
  return streamKey({ ...address, vhost: vhost.name });
}

/** Why a vhost takes nobody, or undefined. */
export function vhostProblem(name: string, vhost: FoundVhost | undefined): string | undefined {
  if (vhost === undefined) return `no vhost "${name}" here`;
  return vhost.config.enabled ? undefined : `vhost "${vhost.name}" is switched off`;
}
