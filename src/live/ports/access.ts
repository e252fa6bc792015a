import type { Clock, Timer } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { StreamName } from "../streams.ts";

/** A client as the guards see it. Texts that it has sent are unchanged. */
interface AccessClient {
  /** Its protocol: `rtmp`. */
  readonly protocol: string;
  /** The client's IP address, IPv4-mapped ones as IPv4. */
  readonly address: string;
  readonly port: number;
  /** `""` if the client sent none; likewise the other URLs. */
  readonly tcUrl: string;
  readonly pageUrl: string;
  readonly swfUrl: string;
  /** Ids of the servers on whose behalf the client asks, or that its stream has passed through. */
  readonly hops: readonly string[];
  /**
   * Whether a server asks on behalf of one of its own clients. The server's address then grants nothing. A client may claim
   * this, as it gains nothing by it.
   */
  readonly forClient: boolean;
  /** The connection's id in the log. */
  readonly clientId: string;
}

/** A client that connects and has not named a stream yet. */
export interface ConnectAccess extends AccessClient {
  /** The vhost's configured name; undefined if only the stream's name will decide it. */
  readonly vhost: string | undefined;
  readonly app: string;
  /** The URL's parameters, `""` or `"?a=b"`. */
  readonly param: string;
}

/** A client that wants to publish or play a stream. */
export interface AccessRequest extends AccessClient {
  readonly action: "publish" | "play";
  /** The stream, with its vhost's configured name. */
  readonly name: StreamName;
  /** The URL's parameters, `""` or `"?a=b"`, without `DIRECTED_PARAM`. */
  readonly param: string;
  /** Schemes of URLs to which the client follows redirects, best first; most clients follow none. */
  readonly follows?: readonly string[];
  /** Whether a server has sent the client here (`DIRECTED_PARAM`): it is not sent on. */
  readonly directed?: boolean;
}

/** The parameter by which a server marks the URLs that it sends clients to, so that the servers there do not send them on. */
export const DIRECTED_PARAM = "srs_directed";

/** The parameters of a signed URL: expiry, address, and signature. */
export const SIGNATURE_PARAMS = ["exp", "addr", "sign"] as const;

/**
 * Why a client is refused, in one word. Each protocol maps these kinds to its own codes.
 *
 * - `name`: the request names no stream; `vhost`: the vhost does not exist, or is switched off
 * - `missing`: no server has the stream; `busy`: another client publishes it; `gone`: the stream has ended for good
 * - `media`: the requested format can't carry the stream's codecs
 * - `denied`: a rule forbids it; `limit`: a limit is reached; `loop`: the stream has been here before
 * - `unavailable`: the service that decides cannot be asked
 * - `elsewhere`: another server is to serve the client; only for clients that follow (`AccessRequest.follows`)
 */
export type RefusalKind =
  | "name"
  | "vhost"
  | "missing"
  | "gone"
  | "busy"
  | "media"
  | "denied"
  | "limit"
  | "loop"
  | "unavailable"
  | "elsewhere";

/** The server that a client is sent to. */
export interface Elsewhere {
  /** Its URL without a path. */
  readonly server: string;
  /** Parameters that the client's URL needs there beside its own, `a=b&c=d`. */
  readonly params: string;
}

/** A refusal: its kind and a sentence. */
export interface Refusal {
  readonly kind: RefusalKind;
  /** For the client and the log. */
  readonly reason: string;
  /** What the log alone may say. */
  readonly detail?: string | undefined;
  /** Of the kind `elsewhere`. */
  readonly elsewhere?: Elsewhere;
}

/** A guard's answer: undefined when it allows the request. */
export type GuardResult = Refusal | undefined;

/** A guard's refusal, with its name. */
export interface Denial extends Refusal {
  readonly guard: string;
}

/**
 * Decides, with other guards, whether a client may publish or play. A guard is a feature's rule; it reads the configuration
 * each time, and the app lists all guards. It is asked once for each request; a client that was let in stays.
 */
export interface Guard {
  /** The guard's name for the log, used when it fails. */
  readonly name: string;
  /** Answers at once if it can. An exception, and an answer that takes too long, are refusals. */
  check(request: AccessRequest): GuardResult | Promise<GuardResult>;
  /** Decides whether a client may connect, before it names a stream. A guard without this lets everybody connect. */
  checkConnect?(request: ConnectAccess): GuardResult | Promise<GuardResult>;
  /**
   * A request that this guard has allowed, or is deciding, comes to nothing: another guard refuses it, or the client has withdrawn
   * it. `request` is the object that the guard was asked about.
   */
  withdrawn?(request: AccessRequest | ConnectAccess): void;
}

/**
 * A guard that counts clients and answers at once, so that its answer is still true when the client is in. These guards are
 * asked after all others, when nothing takes time any more.
 */
export interface CountingGuard extends Guard {
  check(request: AccessRequest): GuardResult;
}

/** Gets the answer of all guards. `withdraw` notifies them later if what they allowed comes to nothing. */
type GuardAnswer = (denial: Denial | undefined, withdraw: () => void) => void;

/** All guards together have this long to answer. */
const DECISION_MS = 30_000;
/** Maximum number of one client's requests under way in guards, including cancelled ones. */
const MAX_UNDER_WAY = 16;

/** Asks the guards about one client, in their order, until one refuses. */
export class GuardChain {
  readonly #guards: readonly Guard[];
  readonly #clock: Clock;
  #underWay = 0;

  /** `guards`: the counting ones last. */
  constructor(guards: readonly Guard[], clock: Clock) {
    this.#guards = guards;
    this.#clock = clock;
  }

  /** `answer` is called once, within this call if no guard takes time, and never after `cancel`. */
  ask(request: AccessRequest, answer: GuardAnswer): Pick<Timer, "cancel"> {
    const check: Check = {
      run: (guard) => guard.check(request),
      withdraw: (guard) => guard.withdrawn?.(request),
    };
    return this.#decide(this.#guards, check, answer);
  }

  /** Asks the guards with a rule on connects; `answer` is called as in `ask`. */
  askConnect(request: ConnectAccess, answer: (denial: Denial | undefined) => void): Pick<Timer, "cancel"> {
    const connect: Check = {
      run: (guard) => guard.checkConnect?.(request),
      withdraw: (guard) => guard.withdrawn?.(request),
    };
    const deciding = this.#guards.filter(({ checkConnect }) => checkConnect !== undefined);
    return this.#decide(deciding, connect, answer);
  }

  #decide(guards: readonly Guard[], check: Check, answer: GuardAnswer): Pick<Timer, "cancel"> {
    const decision = new Decision(guards, check, answer);
    if (this.#underWay >= MAX_UNDER_WAY) {
      const reason = `more than ${MAX_UNDER_WAY} requests wait for an answer`;
      decision.settle({ guard: "pending", kind: "limit", reason });
      return decision;
    }
    decision.proceed();
    if (decision.settled) return decision;
    this.#underWay++;
    const timer = this.#clock.after(DECISION_MS, () => decision.giveUp());
    decision.onSettled = () => {
      this.#underWay--;
      timer.cancel();
    };
    return decision;
  }
}

/** One request, as each guard is asked about it. */
interface Check {
  run(guard: Guard): GuardResult | Promise<GuardResult>;
  /** Notifies a guard that the request comes to nothing. */
  withdraw(guard: Guard): void;
}

/** One request and its progress through the guards. */
class Decision {
  settled = false;
  onSettled: (() => void) | undefined;
  readonly #guards: readonly Guard[];
  readonly #check: Check;
  #answer: GuardAnswer | undefined;
  /** Number of guards that have allowed the request. */
  #at = 0;
  /** The request comes to nothing. */
  #isOver = false;

  constructor(guards: readonly Guard[], check: Check, answer: GuardAnswer) {
    this.#guards = guards;
    this.#check = check;
    this.#answer = answer;
  }

  /** Discards the answer. Work that a guard has begun still counts until it is done. */
  cancel(): void {
    this.#answer = undefined;
    if (!this.settled) this.#withdraw();
  }

  /** Asks the guards that are left. */
  proceed(): void {
    while (!this.settled) {
      const guard = this.#guards[this.#at];
      if (guard === undefined) {
        this.settle(undefined);
        return;
      }
      const result = this.#run(guard);
      if (result === undefined) this.#at++;
      else if (result instanceof Promise) {
        result.then(
          (result) => this.#onResult(guard, result),
          (error: unknown) => this.#onResult(guard, failure(guard, error)),
        );
        return;
      } else this.settle(denial(guard, result));
    }
  }

  settle(denial: Denial | undefined): void {
    if (this.settled) return;
    this.settled = true;
    this.onSettled?.();
    if (denial !== undefined) this.#withdraw();
    this.#answer?.(denial, () => this.#withdraw());
  }

  giveUp(): void {
    const guard = this.#guards[this.#at]?.name ?? "";
    const detail = `"${guard}" has not answered within ${DECISION_MS / 1000} s`;
    this.settle({ guard, kind: "unavailable", reason: "access could not be checked in time", detail });
  }

  #run(guard: Guard): GuardResult | Promise<GuardResult> {
    try {
      return this.#check.run(guard);
    } catch (error) {
      return failure(guard, error);
    }
  }

  #onResult(guard: Guard, result: GuardResult): void {
    if (result !== undefined) {
      this.settle(denial(guard, result));
      return;
    }
    this.#at++;
    if (this.#isOver) this.#check.withdraw(guard);
    if (this.#answer === undefined) this.settle(undefined);
    else this.proceed();
  }

  #withdraw(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const asked = this.settled ? this.#at : this.#at + 1;
    for (const guard of this.#guards.slice(0, asked)) this.#check.withdraw(guard);
  }
}

function denial({ name }: Guard, refusal: Refusal): Denial {
  return { ...refusal, guard: name };
}

function failure({ name }: Guard, error: unknown): Refusal {
  const detail = `"${name}" failed: ${messageOf(error)}`;
  return { kind: "unavailable", reason: "access could not be checked", detail };
}
