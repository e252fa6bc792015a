import type { Log } from "../../base/log.ts";
import type { HookReport } from "../../live/ports/report.ts";
import type { HookResult } from "./answer.ts";
import { BackEnd } from "./back-end.ts";
import type { HookBody, HookEvent } from "./events.ts";
import type { HookUrl } from "./hook-url.ts";
import { type Job, Lane, type LaneContext } from "./lane.ts";
import { Turns } from "./turns.ts";

/**
 * Maximum number and size of waiting notifications; further ones are dropped. All clients of a big server may leave at once. A back end
 * may have at most as many as there is room left, so a single one fills half, and dead back ends always leave room for the others.
 */
const MAX_WAITING = 80_000;
const MAX_WAITING_BYTES = 32 * 1024 * 1024;

/** What calls need from outside. */
export interface CallsContext extends LaneContext {
  readonly log: Log;
  /** This many random bytes in hexadecimal. */
  randomHex(bytes: number): string;
}

/** How calls are made. */
export interface CallSettings {
  readonly timeoutMs: number;
  readonly secret: string;
}

/** Maximum number of client events in one turn of the event loop, some 10 us each. */
const EVENTS_PER_TURN = 256;
/** Maximum number of decisions that time out in one turn, some 100 us each with the client's refusal. */
const EXPIRIES_PER_TURN = 64;

const encoder = new TextEncoder();

/** All calls to back ends. A back end gets the calls about one client in their order; clients don't wait for each other. */
export class Calls {
  readonly #context: CallsContext;
  readonly #backEnds = new Map<string, BackEnd>();
  /** By client and back end. */
  readonly #lanes = new Map<string, Lane>();
  /** Spread work over turns of the event loop, and keep its order. */
  readonly #events: Turns;
  readonly #expiries: Turns;
  readonly #waiting = { count: 0, bytes: 0 };
  #isStopping = false;

  constructor(context: CallsContext) {
    this.#context = context;
    this.#events = new Turns(context.clock, EVENTS_PER_TURN);
    this.#expiries = new Turns(context.clock, EXPIRIES_PER_TURN);
  }

  /** Whether no call waits or is under way. */
  get idle(): boolean {
    return this.#lanes.size === 0 && this.#events.idle;
  }

  reports(): HookReport[] {
    return [...this.#backEnds.values()].flatMap((backEnd) => backEnd.reports());
  }

  /**
   * Asks a back end about a client, once. The promise resolves within the timeout, even if other calls are before this one. When `left`
   * is aborted, the client no longer waits: a call that has not been sent yet is dropped.
   */
  ask(clientId: string, url: HookUrl, body: HookBody, settings: CallSettings, left?: AbortSignal): Promise<HookResult> {
    return new Promise((resolve) => {
      const givenUp = () => resolve({ kind: "failed", problem: "given up" });
      this.#events.add(() => {
        if (left?.aborted === true) {
          givenUp();
          return;
        }
        const job: Job = {
          ...this.#call(url, encoder.encode(JSON.stringify(body)), body, settings),
          kind: "decision",
          done: (result) => (result === undefined ? givenUp() : resolve(result)),
        };
        const lane = this.#push(clientId, url, job);
        left?.addEventListener("abort", () => {
          lane.abandon(job);
          // A call that was sent still gets its answer.
          if (!lane.has(job)) givenUp();
        });
      });
    });
  }

  /** Notifies a back end of a client's event, with retries until it is delivered or given up; `answered` gets the back end's answer. */
  notify(
    clientId: string,
    url: HookUrl,
    body: HookBody,
    settings: CallSettings,
    answered: (result: HookResult) => void = () => undefined,
  ): void {
    this.#events.add(() => {
      const bytes = encoder.encode(JSON.stringify(body));
      const backEnd = this.#backEnd(url);
      if (!this.#hasRoom(backEnd, bytes.length)) {
        backEnd.dropped(body.action as HookEvent);
        return;
      }
      this.#count(backEnd, 1, bytes.length);
      this.#push(clientId, url, {
        ...this.#call(url, bytes, body, settings),
        kind: "notification",
        done: (result) => {
          this.#count(backEnd, -1, -bytes.length);
          if (result !== undefined) answered(result);
        },
      });
    });
  }

  /** Forgets back ends that are not `used` and have no call under way. */
  forgetUnused(used: ReadonlySet<string>): void {
    for (const [label, backEnd] of this.#backEnds) if (!used.has(label) && backEnd.idle) this.#backEnds.delete(label);
  }

  /** The server stops: each notification has one more attempt. */
  stop(): void {
    this.#isStopping = true;
    for (const lane of this.#lanes.values()) lane.stop();
  }

  /** Gives up all calls. */
  close(): void {
    this.#events.flush();
    for (const lane of [...this.#lanes.values()]) lane.close();
  }

  #hasRoom({ undelivered }: BackEnd, bytes: number): boolean {
    const { count, bytes: waitingBytes } = this.#waiting;
    return undelivered.count < MAX_WAITING - count && undelivered.bytes + bytes <= MAX_WAITING_BYTES - waitingBytes;
  }

  #count({ undelivered }: BackEnd, more: 1 | -1, bytes: number): void {
    for (const waiting of [this.#waiting, undelivered]) {
      waiting.count += more;
      waiting.bytes += bytes;
    }
  }

  #call({ href }: HookUrl, body: Uint8Array, { action }: HookBody, settings: CallSettings) {
    const id = `msg_${this.#context.randomHex(16)}`;
    return { event: action as HookEvent, url: href, id, body, ...settings };
  }

  #push(clientId: string, url: HookUrl, job: Job): Lane {
    const key = `${clientId} ${url.backEnd}`;
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = new Lane(this.#context, this.#backEnd(url), this.#expiries, () => this.#lanes.delete(key));
      this.#lanes.set(key, lane);
      if (this.#isStopping) lane.stop();
    }
    lane.push(job);
    return lane;
  }

  #backEnd({ backEnd: label }: HookUrl): BackEnd {
    const known = this.#backEnds.get(label);
    if (known !== undefined) return known;
    const { clock, log } = this.#context;
    const backEnd = new BackEnd(label, clock, log);
    this.#backEnds.set(label, backEnd);
    return backEnd;
  }
}
