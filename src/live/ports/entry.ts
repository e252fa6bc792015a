import type { Clock, Timer } from "../../base/clock.ts";
import type { StreamName } from "../streams.ts";
import {
  type AccessRequest,
  type ConnectAccess,
  type CountingGuard,
  type Denial,
  type Guard,
  GuardChain,
  type Refusal,
} from "./access.ts";
import type { ConnectionAccount } from "./connections.ts";

/** The refusal of a stream that would come back to a server begins with this: other servers know it by that. */
export const LOOP = "forward loop";
/** More hops than any sane cluster has; a longer trace is a loop by itself. */
const MAX_HOPS = 32;

/** A vhost that a client's name led to; `name` is the configured one. */
export interface FoundVhost<Vhost> {
  readonly name: string;
  readonly config: Vhost;
}

/** The vhosts of the configuration in effect. */
export interface Vhosts<Vhost> {
  /** The vhost that serves a name: its own, or the default one; undefined when there is neither. */
  find(name: string): FoundVhost<Vhost> | undefined;
  /** The vhost that is configured under exactly this name. */
  named(name: string): FoundVhost<Vhost> | undefined;
}

/** What of a vhost's configuration concerns the entry. */
interface EntryVhost {
  /** Whether it takes anybody. */
  readonly enabled: boolean;
}

/** What the entry goes by. */
export interface EntryOptions<Vhost extends EntryVhost> {
  readonly clock: Clock;
  /** This process's id in hop traces: unlike any other server's. */
  readonly nodeId: string;
  readonly vhosts: Vhosts<Vhost>;
  /** Asked, in this order, before a client connects, publishes or plays. */
  readonly guards: readonly Guard[];
  /** Those that are asked last, when nobody takes time any more. */
  readonly countingGuards: readonly CountingGuard[];
  readonly connections: ConnectionAccount;
}

/** A vhost that takes clients. */
interface Served<Vhost> {
  readonly ok: true;
  readonly vhost: FoundVhost<Vhost>;
}

/** A client that may connect. */
export interface Connected<Vhost> {
  readonly ok: true;
  /** Undefined where only the stream's name will tell it. */
  readonly vhost: FoundVhost<Vhost> | undefined;
}

/** A client that may publish or play a stream. */
export interface Entered<Vhost> {
  readonly ok: true;
  readonly vhost: FoundVhost<Vhost>;
  /** The stream, with its vhost's configured name. */
  readonly name: StreamName;
  readonly param: string;
}

/** A client that is refused. */
export interface Refused extends Refusal {
  readonly ok: false;
  /** Under which name it is counted: a guard's, or that of a check of the entry. */
  readonly rule: string;
  /** Who is in the way, for the log alone. */
  readonly by?: string;
}

/**
 * The way in, for clients of every protocol: hops, then the vhost, then the guards in their order. A protocol reads the client's
 * names before, and puts the result into its own words.
 */
export class Entry<Vhost extends EntryVhost> {
  readonly #options: EntryOptions<Vhost>;

  constructor(options: EntryOptions<Vhost>) {
    this.#options = options;
  }

  get nodeId(): string {
    return this.#options.nodeId;
  }

  /** The account of the connections of all listeners. */
  get connections(): ConnectionAccount {
    return this.#options.connections;
  }

  /** The vhost that is configured under exactly this name. */
  vhostNamed(name: string): FoundVhost<Vhost> | undefined {
    return this.#options.vhosts.named(name);
  }

  /** The vhost that serves a name, or why none does. */
  findVhost(name: string): Served<Vhost> | Refused {
    return served(this.#options.vhosts.find(name), `no vhost "${name}" here`);
  }

  /** The vhost whose clients are in, by its configured name, or why it takes nobody any more. */
  recheckVhost(name: string): Served<Vhost> | Refused {
    return served(this.vhostNamed(name), `vhost "${name}" was removed`);
  }

  /** Why a stream that has passed these servers must not come here, if it must not. */
  loop(hops: readonly string[]): Refused | undefined {
    if (hops.includes(this.nodeId)) return loopRefusal("the stream has passed through this server already");
    return hops.length > MAX_HOPS ? loopRefusal(`the stream has passed more than ${MAX_HOPS} servers`) : undefined;
  }

  /** The way in of one client, which asks the guards for a few things at a time. */
  client(): ClientEntry<Vhost> {
    const { guards, countingGuards, clock } = this.#options;
    return new ClientEntry(this, new GuardChain(guards, countingGuards, clock));
  }
}

/** A question to the guards, which may have to be asked again. */
interface Asking {
  decision: Pick<Timer, "cancel"> | undefined;
}

/** One client's way in. Answers come once, at once where no guard takes time, and not after `cancel`. */
export class ClientEntry<Vhost extends EntryVhost> {
  readonly #entry: Entry<Vhost>;
  readonly #guards: GuardChain;

  constructor(entry: Entry<Vhost>, guards: GuardChain) {
    this.#entry = entry;
    this.#guards = guards;
  }

  /**
   * Asks whether a client may connect; `vhost` is as the client said it. `mayMove`: the stream's name may lead to another vhost, so
   * that one that takes nobody is no reason to refuse.
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

  /** Asks whether a client may publish or play; the vhost in `request.name` is as the client said it. */
  enter(request: AccessRequest, answer: (result: Entered<Vhost> | Refused) => void): Pick<Timer, "cancel"> {
    const asking: Asking = { decision: undefined };
    this.#enter(request, answer, asking);
    return { cancel: () => asking.decision?.cancel() };
  }

  #enter(request: AccessRequest, answer: (result: Entered<Vhost> | Refused) => void, asking: Asking): void {
    const found = this.#find(request);
    if (!found.ok) {
      answer(found);
      return;
    }
    asking.decision = undefined;
    const decision = this.#guards.ask({ ...request, name: found.name }, (denial) => {
      if (denial !== undefined) {
        answer(refusedBy(denial));
        return;
      }
      // After a reload, the name may lead to a vhost that the guards were not asked about.
      const now = this.#find(request);
      if (now.ok && now.vhost.name !== found.vhost.name) this.#enter(request, answer, asking);
      else answer(now);
    });
    // When this one was answered at once, another may be under way already.
    asking.decision ??= decision;
  }

  #find({ name, param, hops }: AccessRequest): Entered<Vhost> | Refused {
    const found = this.#entry.loop(hops) ?? this.#entry.findVhost(name.vhost);
    return found.ok ? { ...found, name: { ...name, vhost: found.vhost.name }, param } : found;
  }
}

function refusedBy({ guard, ...refusal }: Denial): Refused {
  return { ok: false, rule: guard, ...refusal };
}

/** `missing` is what to say where there is no vhost. */
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
