import { Backoff, type BackoffPolicy } from "../../base/backoff.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import type { HttpPost } from "../../base/http.ts";
import type { HookResult } from "./answer.ts";
import type { BackEnd } from "./back-end.ts";
import { call } from "./call.ts";
import type { HookEvent } from "./events.ts";
import { callHeaders } from "./signature.ts";
import type { Turns } from "./turns.ts";

const RETRIES: BackoffPolicy = { firstMs: 500, factor: 2, maxMs: 60_000 };
/** A notification that was not delivered within this time is given up, ms. */
const GIVE_UP_MS = 600_000;
/** The same for a notification that the back end rejects (status 4xx), as later ones wait behind it. */
const GIVE_UP_REJECTED_MS = 10_000;
/**
 * A decision that has waited for this share of its timeout is no longer sent: a back end that is too slow for all calls then answers
 * some in time, instead of none.
 */
const MAX_WAIT_SHARE = 0.75;

/** A call in its lane. */
export interface Job {
  readonly event: HookEvent;
  readonly url: string;
  /** The call's webhook-id, the same in all attempts. */
  readonly id: string;
  readonly body: Uint8Array;
  readonly secret: string;
  readonly timeoutMs: number;
  /** A decision is sent once, and its timeout includes the wait; a notification has the timeout for each attempt. */
  readonly kind: "decision" | "notification";
  /** Called once, unless the job is abandoned; undefined: the notification was given up. */
  done(result: HookResult | undefined): void;
}

/** What lanes need from outside. */
export interface LaneContext {
  readonly clock: Clock;
  readonly httpPost: HttpPost;
  readonly randomNumber: () => number;
}

/** A job in the queue, and when it came, monotonic ms. */
interface Queued {
  readonly job: Job;
  readonly at: number;
  /** A decision's timer: first until it must be sent, then until its timeout. */
  deadline: Timer | undefined;
  isCalled: boolean;
}

/*
 * empty ──push──> calling (first for a permit) ──answered──> the next job, or empty
 *                     └──a notification fails──> paused ──> calling
 */
/** The calls about one client to one back end, one after the other: a later event never arrives before an earlier one. */
export class Lane {
  readonly #context: LaneContext;
  readonly #backEnd: BackEnd;
  /** Spreads the timeouts of decisions of all lanes over turns of the event loop. */
  readonly #expiries: Turns;
  readonly #onEmpty: () => void;
  readonly #queue: Queued[] = [];
  readonly #backoff: Backoff;
  /** Ends the attempt under way; undefined without one. */
  #stopAttempt: (() => void) | undefined;
  #pause: Timer | undefined;
  #isLast = false;

  constructor(context: LaneContext, backEnd: BackEnd, expiries: Turns, onEmpty: () => void) {
    this.#context = context;
    this.#backEnd = backEnd;
    this.#expiries = expiries;
    this.#onEmpty = onEmpty;
    this.#backoff = new Backoff(RETRIES, context.randomNumber);
  }

  push(job: Job): void {
    const queued: Queued = { job, at: this.#context.clock.now(), deadline: undefined, isCalled: false };
    if (job.kind === "decision") this.#setDeadline(queued);
    this.#queue.push(queued);
    this.#backEnd.waits(job.event, 1);
    if (this.#queue.length === 1) this.#attempt();
    else if (job.kind === "decision") this.#expedite();
  }

  /** Whether a job waits, or is under way. */
  has(job: Job): boolean {
    return this.#queue.some((each) => each.job === job);
  }

  /** The client no longer waits for a decision: the job is dropped if it has not been sent yet. */
  abandon(job: Job): void {
    const queued = this.#queue.find((each) => each.job === job);
    if (queued !== undefined && !queued.isCalled) this.#end(queued, () => undefined);
  }

  /** The server stops: each job that waits has one more attempt. */
  stop(): void {
    this.#isLast = true;
    this.#expedite();
  }

  /** Gives up all jobs. */
  close(): void {
    for (const queued of [...this.#queue].reverse())
      this.#finish(queued, queued.job.kind === "decision" ? noAnswer(queued.job) : undefined);
  }

  #setDeadline(queued: Queued): void {
    const { clock } = this.#context;
    const { job } = queued;
    const maxWaitMs = job.timeoutMs * MAX_WAIT_SHARE;
    const expire = () => this.#expiries.add(() => this.#finish(queued, noAnswer(job)));
    queued.deadline = clock.after(maxWaitMs, () => {
      if (queued.isCalled) queued.deadline = clock.after(job.timeoutMs - maxWaitMs, expire);
      else this.#expiries.add(() => this.#finish(queued, notCalled(maxWaitMs)));
    });
  }

  /** Ends the pause before a retry, if there is one. */
  #expedite(): void {
    if (this.#pause === undefined) return;
    this.#pause.cancel();
    this.#attempt();
  }

  /** Begins an attempt of the first job, unless one is under way. */
  #attempt(): void {
    if (this.#stopAttempt !== undefined) return;
    this.#pause = undefined;
    const [queued] = this.#queue;
    if (queued === undefined) {
      this.#onEmpty();
      return;
    }
    const { job } = queued;
    const { clock, httpPost } = this.#context;
    let isOver = false;
    let abort = () => {};
    let timeout: Timer | undefined;
    const end = () => {
      isOver = true;
      this.#stopAttempt = undefined;
      timeout?.cancel();
      permit.release();
    };
    const settle = (result: HookResult) => {
      end();
      this.#settled(queued, result);
    };
    const start = () => {
      if (isOver) return;
      const waitedMs = clock.now() - queued.at;
      if (job.kind === "decision" && waitedMs >= job.timeoutMs * MAX_WAIT_SHARE) {
        settle(notCalled(waitedMs));
        return;
      }
      queued.isCalled = true;
      const seconds = Math.floor(clock.wall() / 1000);
      const { url, body, secret, id, timeoutMs } = job;
      const headers = callHeaders(secret, id, seconds, body);
      abort = call(httpPost, { url, body, headers, timeoutMs }, settle);
      if (queued.deadline !== undefined) return;
      timeout = clock.after(timeoutMs, () => {
        abort();
        settle(noAnswer(job));
      });
    };
    const limiter = job.kind === "decision" ? this.#backEnd.decisions : this.#backEnd.notifications;
    const permit = limiter.acquire({ admitted: () => clock.soon(start), rejected: () => undefined });
    this.#stopAttempt = () => {
      abort();
      end();
    };
  }

  #settled(queued: Queued, result: HookResult): void {
    const { job, at } = queued;
    if (result.kind !== "failed" || job.kind === "decision") {
      this.#backoff.reset();
      this.#finish(queued, result);
      return;
    }
    this.#backEnd.settled(job.event, result);
    const { clock } = this.#context;
    if (this.#isLast || clock.now() - at >= (result.isRejected === true ? GIVE_UP_REJECTED_MS : GIVE_UP_MS)) {
      this.#finish(queued, undefined);
      return;
    }
    this.#pause = clock.after(this.#backoff.next(), () => this.#attempt());
  }

  /** Ends a job, wherever it is in the lane. */
  #finish(queued: Queued, result: HookResult | undefined): void {
    const { event } = queued.job;
    this.#end(queued, () => {
      if (result === undefined) this.#backEnd.dropped(event);
      else this.#backEnd.settled(event, result);
      queued.job.done(result);
    });
  }

  #end(queued: Queued, onEnd: () => void): void {
    const index = this.#queue.indexOf(queued);
    if (index < 0) return;
    this.#queue.splice(index, 1);
    queued.deadline?.cancel();
    if (index === 0) {
      this.#stopAttempt?.();
      this.#pause?.cancel();
    }
    this.#backEnd.waits(queued.job.event, -1);
    onEnd();
    if (index === 0) this.#attempt();
  }
}

function noAnswer({ timeoutMs }: Job): HookResult {
  return { kind: "failed", problem: `no answer within ${timeoutMs / 1000} s` };
}

function notCalled(waitedMs: number): HookResult {
  return { kind: "failed", problem: `it was not asked, as calls before this one took ${waitedMs / 1000} s` };
}
