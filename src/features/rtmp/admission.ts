import type { HostPort } from "../../base/address.ts";
import type { Timer } from "../../base/clock.ts";
import { GuardChain, type Refusal } from "../../live/ports/access.ts";
import type { Demand } from "../../live/readers/demand.ts";
import { resolve, type StreamAddress, streamKey } from "../../rtmp/address.ts";
import { type ConnectRequest, LOOP, MAX_HOPS } from "../../rtmp/connect.ts";
import type { FoundVhost, RtmpContext } from "./context.ts";
import type { Question } from "./decisions.ts";

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

/** A question to the guards, which may have to be asked again. */
interface Asking {
  decision: Pick<Timer, "cancel"> | undefined;
}

/** A connect that is let in, the chunk size for it and its vhost as far as that is known; or why not. */
type Connected =
  | { readonly ok: true; readonly chunkSize: number; readonly vhost: string | undefined }
  | { readonly ok: false; readonly reason: string };

/** One connection's way in: from the names that the client gives to the vhost, past the guards. */
export class Admission {
  readonly #context: RtmpContext;
  readonly #id: string;
  readonly #guards: GuardChain;
  #remote: HostPort = { host: "", port: 0 };
  #request: ConnectRequest | undefined;

  constructor(context: RtmpContext, id: string) {
    this.#context = context;
    this.#id = id;
    this.#guards = new GuardChain(context.guards, context.countingGuards, context.clock);
  }

  /** What the client said in `connect`. */
  get request(): ConnectRequest | undefined {
    return this.#request;
  }

  /** The address that gives the client rights; `""` for a server that asks for one of its clients. */
  get rightsAddress(): string {
    return this.#request?.forClient ? "" : this.#remote.host;
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

  /** Whether the client may publish or play `name`: answered at once, or when the guards have decided. */
  question(action: "publish" | "play", name: string): Question<Admitted | Refused> {
    return (answer) => {
      const asking: Asking = { decision: undefined };
      this.#ask(action, name, answer, asking);
      return { cancel: () => asking.decision?.cancel() };
    };
  }

  #ask(action: "publish" | "play", name: string, answer: (result: Admitted | Refused) => void, asking: Asking): void {
    const found = this.#find(action, name);
    if (!found.ok) {
      answer(found);
      return;
    }
    const { vhost, address } = found;
    asking.decision = undefined;
    const decision = this.#guards.ask(
      {
        action,
        protocol: "rtmp",
        name: { vhost: vhost.name, app: address.app, stream: address.stream },
        ...this.demand(address),
        address: this.#remote.host,
        port: this.#remote.port,
        forClient: this.#request?.forClient ?? false,
        clientId: this.#id,
      },
      (denial) => {
        if (denial !== undefined) {
          answer({ ok: false, kind: denial.guard, code: codes[action].access, ...denial });
          return;
        }
        // After a reload, the name may lead to a vhost that the guards were not asked about.
        const now = this.#find(action, name);
        if (now.ok && keyOf(now) !== keyOf(found)) this.#ask(action, name, answer, asking);
        else answer(now);
      },
    );
    // When this one was answered at once, another may be under way already.
    asking.decision ??= decision;
  }

  /** What a client asks with that wants to play a stream. */
  demand({ param }: StreamAddress): Demand {
    const { tcUrl = "", pageUrl = "", swfUrl = "", hops = [] } = this.#request ?? {};
    return { param, tcUrl, pageUrl, swfUrl, hops };
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
    if (hops.includes(this.#context.nodeId)) return `${LOOP}: the stream has passed through this server already`;
    return hops.length > MAX_HOPS ? `${LOOP}: the stream has passed more than ${MAX_HOPS} servers` : undefined;
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
