import type { Clock, Timer } from "../../base/clock.ts";
import { paramsBeside } from "../../base/params.ts";
import type { StreamName } from "../streams.ts";
import {
  type AccessRequest,
  type ConnectAccess,
  type CountingGuard,
  type Denial,
  DIRECTED_PARAM,
  type Guard,
  GuardChain,
  type Refusal,
} from "./access.ts";
import type { ConnectionAccount } from "./connections.ts";

/** Refusals of a stream that would loop begin with this text: other servers recognise it. */
export const LOOP = "forward loop";
/** More hops than any real cluster has: a longer trace counts as a loop. */
const MAX_HOPS = 32;

/** A vhost found by a client's name for it; `name` is the configured name. */
export interface FoundVhost<Vhost> {
  readonly name: string;
  readonly config: Vhost;
}

/** The vhosts of the configuration in effect. */
export interface Vhosts<Vhost> {
  /** The vhost that serves a name: its own, or the default one; undefined if neither exists. */
  find(name: string): FoundVhost<Vhost> | undefined;
  /** The vhost that is configured under exactly this name. */
  named(name: string): FoundVhost<Vhost> | undefined;
}

/** The part of a vhost's configuration that the entry needs. */
interface EntryVhost {
  /** Whether the vhost accepts clients. */
  readonly enabled: boolean;
}

/** The dependencies of the entry. */
export interface EntryOptions<Vhost extends EntryVhost> {
  readonly clock: Clock;
  /** This process's id in hop traces, unique among all servers. */
  readonly nodeId: string;
  readonly vhosts: Vhosts<Vhost>;
  /** Guards, in order, asked before a client connects, publishes or plays. */
  readonly guards: readonly Guard[];
  /** Counting guards, asked last, when nothing takes time any more. */
  readonly countingGuards: readonly CountingGuard[];
  readonly connections: ConnectionAccount;
}

/** A vhost that accepts clients. */
interface Served<Vhost> {
  readonly ok: true;
  readonly vhost: FoundVhost<Vhost>;
}

/** A client that may connect. */
export interface Connected<Vhost> {
  readonly ok: true;
  /** Undefined if only the stream's name will decide it. */
  readonly vhost: FoundVhost<Vhost> | undefined;
}

/** A client that may publish or play a stream. */
export interface Entered<Vhost> {
  readonly ok: true;
  readonly vhost: FoundVhost<Vhost>;
  /** The stream, with its vhost's configured name. */
  readonly name: StreamName;
  readonly param: string;
  /** To be called if the client does not begin what it was let in for. */
  withdraw(): void;
}

/** A client that is refused. */
export interface Refused extends Refusal {
  readonly ok: false;
  /** The rule that refusals are counted by: a guard's name, or a check of the entry. */
  readonly rule: string;
  /** The client or server in the way, for the log alone. */
  readonly by?: string;
}

/**
 * The way in for clients of every protocol: hops, then the vhost, then the guards in order. The protocol reads the names from the
 * client's request first, and maps the result to its own codes.
 */
export class Entry<Vhost extends EntryVhost> {
  readonly #options: EntryOptions<Vhost>;

  constructor(options: EntryOptions<Vhost>) {
    this.#options = options;
  }

  get nodeId(): string {
    return this.#options.nodeId;
  }

  /** Counts the connections of all listeners. */
  get connections(): ConnectionAccount {
    return this.#options.connections;
  }

  /** The vhost that is configured under exactly this name. */
  vhostNamed(name: string): FoundVhost<Vhost> | undefined {
    return this.#options.vhosts.named(name);
  }

  /** The vhost that serves a name, or why the client is refused. */
  findVhost(name: string): Served<Vhost> | Refused {
    return served(this.#options.vhosts.find(name), `no vhost "${name}" here`);
  }

  /** The vhost of clients that are already in, by its configured name, or why it no longer accepts clients. */
  recheckVhost(name: string): Served<Vhost> | Refused {
    return served(this.vhostNamed(name), `vhost "${name}" was removed`);
  }

  /** Why a stream that has passed these servers is refused, if it is. */
  loop(hops: readonly string[]): Refused | undefined {
    if (hops.includes(this.nodeId)) return loopRefusal("the stream has passed through this server already");
    return hops.length > MAX_HOPS ? loopRefusal(`the stream has passed more than ${MAX_HOPS} servers`) : undefined;
  }

  /** Entry of one client: asks the guards about several requests at a time. */
  client(): ClientEntry<Vhost> {
    const { guards, countingGuards, clock } = this.#options;
    return new ClientEntry(this, new GuardChain([...guards, ...countingGuards], clock));
  }
}

/** A question to the guards, asked again if the vhost changes meanwhile. */
interface Asking {
  decision: Pick<Timer, "cancel"> | undefined;
}

/** Entry of one client. Each answer comes once, at once if no guard takes time, and never after `cancel`. */
export class ClientEntry<Vhost extends EntryVhost> {
  readonly #entry: Entry<Vhost>;
  readonly #guards: GuardChain;

  constructor(entry: Entry<Vhost>, guards: GuardChain) {
    this.#entry = entry;
    this.#guards = guards;
  }

  /**
   * Asks whether a client may connect; `vhost` is the client's name for it. `mayMove`: the stream's name may select another
   * vhost, so a vhost that is switched off is no reason to refuse yet.
   */
  connect(
    request: ConnectAccess & { readonly vhost: string },
    mayMove: boolean,
    answer: (result: Connected<Vhost> | Refused) => void,
  ): Pick<Timer, "cancel"> {
    const find = (): Connected<Vhost> | Refused => {
      const found = this.#entry.findVhost(request.vhost);
      return found.ok || !mayMove ? found : { ok: true, vhost: undefined };
    };
    const counted = (refused: Refused): Refused => ({ ...refused, rule: "connect" });
    const found = this.#entry.loop(request.hops) ?? find();
    if (!found.ok) {
      answer(counted(found));
      return { cancel: () => undefined };
    }
    return this.#guards.askConnect({ ...request, vhost: found.vhost?.name }, (denial) => {
      const now = denial === undefined ? find() : refusedBy(denial);
      answer(now.ok || denial !== undefined ? now : counted(now));
    });
  }

  /** Asks whether a client may publish or play; the vhost in `request.name` is the client's name for it. */
  enter(request: AccessRequest, answer: (result: Entered<Vhost> | Refused) => void): Pick<Timer, "cancel"> {
    const asking: Asking = { decision: undefined };
    // The mark concerns this server alone: other servers are asked without it.
    const { param } = request;
    const directed = param.includes(DIRECTED_PARAM);
    const own = directed ? { ...request, param: paramsBeside([DIRECTED_PARAM], param), directed } : request;
    this.#enter(own, answer, asking);
    return { cancel: () => asking.decision?.cancel() };
  }

  #enter(request: AccessRequest, answer: (result: Entered<Vhost> | Refused) => void, asking: Asking): void {
    const found = this.#find(request);
    if (!found.ok) {
      answer(found);
      return;
    }
    asking.decision = undefined;
    const decision = this.#guards.ask({ ...request, name: found.name }, (denial, withdraw) => {
      if (denial !== undefined) {
        answer(refusedBy(denial));
        return;
      }
      // After a reload, the name may select a vhost that the guards were not asked about.
      const now = this.#find(request);
      if (now.ok && now.vhost.name === found.vhost.name) {
        answer({ ...now, withdraw });
        return;
      }
      withdraw();
      if (now.ok) this.#enter(request, answer, asking);
      else answer(now);
    });
    // If this request was answered at once, another may already be under way.
    asking.decision ??= decision;
  }

  #find({ name, param, hops }: AccessRequest): Omit<Entered<Vhost>, "withdraw"> | Refused {
    const found = this.#entry.loop(hops) ?? this.#entry.findVhost(name.vhost);
    if (!found.ok) return found;
    const { vhost } = found;
    return { ok: true, vhost, name: { vhost: vhost.name, app: name.app, stream: name.stream }, param };
  }
}

function refusedBy({ guard, ...refusal }: Denial): Refused {
  return { ok: false, rule: guard, ...refusal };
}

/** `missing`: the sentence if the vhost does not exist. */
function served<Vhost extends EntryVhost>(
  vhost: FoundVhost<Vhost> | undefined,
  missing: string,
): Served<Vhost> | Refused {
  if (vhost?.config.enabled) return { ok: true, vhost };
  const reason = vhost === undefined ? missing : `vhost "${vhost.name}" is switched off`;
  return { ok: false, rule: "vhost", kind: "vhost", reason };
}

function loopRefusal(what: string): Refused {
  return { ok: false, rule: "loop", kind: "loop", reason: `${LOOP}: ${what}` };
}
