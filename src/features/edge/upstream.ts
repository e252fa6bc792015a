import type { Log } from "../../base/log.ts";
import { Secrets } from "../../base/secrets.ts";
import type { RelayReport } from "../../live/ports/report.ts";
import type { Source, SourceInfo } from "../../live/source/source.ts";
import type { Stream } from "../../live/stream.ts";
import { type StreamName, streamLabel } from "../../live/streams.ts";
import { HandshakeChoice } from "../../relay/handshake-choice.ts";
import { LoggedErrors } from "../../relay/logged-errors.ts";
import { Pull } from "../../relay/pull.ts";
import type { PullEnd, ServerWords } from "../../relay/pull-client.ts";
import type { Redirect, Redirected } from "../../relay/redirects.ts";
import {
  type Attempt,
  type AttemptReport,
  type Failure,
  type RelayStatus,
  Supervisor,
} from "../../relay/supervisor.ts";
import type { StreamNames } from "../../relay/target.ts";
import { originLabel, originSecrets, REGISTRY, upstreamNames } from "./address.ts";
import type { EdgeConfig } from "./config.ts";
import type { EdgeContext } from "./context.ts";
import { pullClientFor } from "./open-pull-client.ts";
import type { Origin } from "./origin.ts";
import type { Origins } from "./origins.ts";
import type { ParamsChooser, RequestParams } from "./params-chooser.ts";
import { Search } from "./search.ts";

/** Callbacks for the stream that the upstream serves. */
export interface UpstreamOwner {
  readonly stream: Stream;
  readonly name: StreamName;
  readonly config: EdgeConfig;
  /** The parameters with which the stream is requested. */
  readonly paramsChooser: ParamsChooser;
  /** Origins in use by the stream's other upstreams. */
  taken(by: Upstream): ReadonlySet<Origin>;
  /** The first media has come: returns the source for it; undefined if the stream is published locally. */
  publish(by: Upstream, info: SourceInfo, params: RequestParams): Source | undefined;
  /** The connection of the running stream is lost; another origin is asked. */
  lost(by: Upstream): void;
  /** Origins refuse the request, for this reason if they give one; returns whether to retry at once with other parameters. */
  refused(params: RequestParams, reason: string | undefined): boolean;
  /**
   * No origin gives the stream, as far as this upstream knows. `absent`: all of them have answered that they do not have it;
   * `ended`: it ran until an origin ended it.
   */
  nowhere(by: Upstream, absent: boolean, ended: boolean): void;
  /** A round of attempts with these parameters has ended without a refusal and without the stream. */
  yieldedNothing(params: RequestParams): void;
}

/** One connection to an origin for one stream: searched for, kept, and replaced when it is lost. */
export class Upstream {
  readonly #context: EdgeContext;
  readonly #owner: UpstreamOwner;
  /** Its id in the log. */
  readonly id: string;
  #log: Log;
  readonly #search: Search;
  readonly #supervisor: Supervisor;
  readonly #since: number;
  #origin: Origin | undefined;
  #peer = "";
  /** The parameters of the present attempt. */
  #params: RequestParams;
  /** The sentence of the origin that refused the request. */
  #refusal: string | undefined;
  /** Of the present attempt: an answer about nodes that comes after its attempt is ignored. */
  #report: AttemptReport | undefined;
  #pull: Pull | undefined;
  #pastBytes = 0;
  /** Redirects that were logged since the stream last ran. */
  readonly #logged = new LoggedErrors();
  /** The handshake for servers that origins redirect to. */
  readonly #redirectHandshake = new HandshakeChoice();
  /** An origin ended the stream, and none has given it since. */
  #ended = false;

  constructor(context: EdgeContext, origins: Origins, owner: UpstreamOwner, id: string) {
    this.#context = context;
    this.#owner = owner;
    this.id = id;
    this.#log = context.log;
    this.#since = context.clock.now();
    const { stream } = owner;
    this.#params = owner.paramsChooser.next();
    this.#search = new Search(
      origins,
      stream.key,
      () => true,
      () => owner.taken(this),
      origins.foundOrigins,
    );
    const label = streamLabel(stream.key);
    const peer = () => this.#peer;
    const log = () => this.#log;
    this.#supervisor = new Supervisor({
      clock: context.clock,
      random: context.randomNumber,
      get log() {
        return log();
      },
      what: "pull",
      logLimit: context.logLimit,
      get fields() {
        return { from: peer(), stream: label };
      },
      begin: (report) => this.#begin(report),
    });
  }

  /** The connected origin, or the one being tried. */
  get origin(): Origin | undefined {
    return this.#origin;
  }

  /** State, attempt, last error and next retry. */
  get status(): RelayStatus {
    return this.#supervisor.status;
  }

  /** Its state for reports. */
  report(): RelayReport {
    const { status } = this;
    const failing = "lastError" in status && status.lastError !== undefined;
    const { progress } = this.#supervisor;
    return {
      id: this.id,
      stream: this.#owner.stream.key,
      flow: "pull",
      to: this.#peer,
      running: status.state === "running",
      failing,
      lagMs: undefined,
      bytes: this.bytes,
      dropped: 0,
      ...progress,
    };
  }

  /** Makes the next attempt now. */
  retryNow(): void {
    this.#supervisor.retryNow();
  }

  /** The parameters of the current or last request. */
  get params(): RequestParams {
    return this.#params;
  }

  /** Whether an origin has accepted the request and has sent no media yet. */
  get waitsThere(): boolean {
    return this.#pull?.waits ?? false;
  }

  /** Bytes received so far. */
  get bytes(): number {
    return this.#pastBytes + (this.#pull?.bytes ?? 0);
  }

  start(): void {
    this.#supervisor.start();
  }

  /** An origin is alive again: a waiting attempt is made soon. */
  retrySoon(): void {
    this.#supervisor.retrySoon();
  }

  /** The stream may have moved to another node: an attempt without the stream is soon replaced by a new one. */
  moved(): void {
    const { state } = this.status;
    if (state === "waiting") this.#supervisor.retrySoon();
    if (state !== "connecting") return;
    if (this.waitsThere) this.#startOver();
    else void this.#leaveFormerNode();
  }

  /** Gives up a dial to a node that no longer has the stream: a dead host would hold it until its timeout. */
  async #leaveFormerNode(): Promise<void> {
    const { origins } = this.#search;
    const report = this.#report;
    await origins.look(this.#owner.stream.key);
    const origin = this.#origin;
    const isSame = report === this.#report && this.#pull !== undefined && this.status.state === "connecting";
    if (isSame && origin !== undefined && !origins.mayHave(this.#owner.stream.key, origin)) this.#startOver();
  }

  #startOver(): void {
    this.#search.restart();
    this.#giveUp("the stream may be at another node now");
  }

  /** The parameters have changed: an attempt without the stream is soon replaced by a new one. */
  askAgain(): void {
    const origin = this.#origin;
    const { state } = this.status;
    if (state === "waiting") this.#supervisor.retrySoon();
    if (state !== "connecting" || origin === undefined) return;
    this.#search.again(origin);
    this.#giveUp("it is requested with other parameters");
  }

  /** Ends the present attempt; another one is made soon. */
  #giveUp(error: string): void {
    const report = this.#report;
    this.#report = undefined;
    this.#pull?.abort();
    report?.failed(error, "elsewhere");
  }

  /** No viewer needs this upstream any more. */
  stop(): void {
    const ran = this.status.state === "running";
    this.#supervisor.stop();
    this.#origin = undefined;
    const { stream } = this.#owner;
    const seconds = Math.round((this.#context.clock.now() - this.#since) / 1000);
    const fields = { from: this.#peer, stream: streamLabel(stream.key), seconds, bytes: this.bytes };
    if (ran) this.#log.info("pull ended", fields);
    else this.#log.debug("pull ended", fields);
  }

  #begin(report: AttemptReport): Attempt {
    this.#pastBytes += this.#pull?.bytes ?? 0;
    this.#pull = undefined;
    this.#report = report;
    const redirected = this.#search.redirects.take();
    const looked = redirected === undefined ? this.#search.look() : undefined;
    if (looked === undefined) return this.#ask(report, redirected);
    let attempt: Attempt | undefined;
    void looked.then(() => {
      if (report === this.#report) attempt = this.#ask(report, redirected);
    });
    return {
      abort: () => {
        if (report === this.#report) this.#report = undefined;
        attempt?.abort();
      },
    };
  }

  #ask(report: AttemptReport, redirected: Redirected | undefined): Attempt {
    const { clock } = this.#context;
    const { config } = this.#owner;
    this.#params = this.#owner.paramsChooser.next();
    const origin = redirected === undefined ? this.#search.next() : this.#origin;
    this.#origin = origin;
    if (origin === undefined) {
      const { isNowhere, origins } = this.#search;
      if (origins.asksNodes) this.#peer = REGISTRY;
      report.failed(isNowhere ? "no node has the stream" : "no other origin can be asked", "lost");
      if (origins.asksNodes) this.#owner.nowhere(this, isNowhere, this.#takeEnded());
      return { abort() {} };
    }
    this.#log = this.#context.log.with(this.id, new Secrets(originSecrets(origin.address, this.#names)));
    this.#peer = redirected === undefined ? originLabel(origin.address) : redirected.tcUrl;
    const handshake = redirected === undefined ? origin.handshake : this.#redirectHandshake;
    const pull = new Pull(
      {
        clock,
        dialLimiter: origin.dialLimiter,
        nodeId: this.#context.nodeId,
        open: pullClientFor(this.#context, {
          address: origin.address,
          redirected,
          names: this.#names,
          params: this.#params,
          handshake,
          config,
        }),
        timeoutMs: config.read_timeout,
        waitMs: this.#search.firstMediaTimeoutMs(origin, config.read_timeout),
      },
      {
        answered: () => {
          if (redirected === undefined) origin.reached();
        },
        ladder: (text) => this.#owner.stream.ladder.hear(text),
        begun: (server) => this.#begun(origin, server, report),
        silent: () => this.#owner.nowhere(this, true, this.#takeEnded()),
        over: (end) => {
          this.#logMalformed();
          report.failed(end.error, this.#classify(origin, redirected !== undefined, end));
        },
      },
    );
    this.#pull = pull;
    return pull;
  }

  #begun(origin: Origin, server: ServerWords, report: AttemptReport): Source | undefined {
    this.#search.found(origin);
    this.#logged.clear();
    this.#ended = false;
    this.#refusal = undefined;
    const info = {
      id: this.id,
      remote: this.#peer,
      param: this.#params.viewer.param,
      hops: server.hops,
      via: "pull" as const,
      yields: this.#search.origins.asksNodes,
    };
    const source = this.#owner.publish(this, info, this.#params);
    if (source === undefined) report.failed("the stream is published here", "lost");
    else report.running(server.name);
    return source;
  }

  /** `elsewhere`: the origin had redirected this server, and the other server's silence is not the origin's fault. */
  #classify(origin: Origin, elsewhere: boolean, end: PullEnd): Failure {
    const isSilent = end.how === "unreachable" || end.how === "unanswered";
    let outcome = elsewhere && isSilent ? "failed" : end.how;
    if (end.how === "refused") {
      if (end.redirect === undefined) this.#refusal = end.description || this.#refusal;
      else if (this.#follow(end.redirect)) return "elsewhere";
      // A redirect that can't be followed says nothing about the request's parameters.
      else outcome = "failed";
    }
    if (end.how === "ended" || end.how === "lost") this.#owner.lost(this);
    if (end.how === "ended") this.#ended = true;
    const how = this.#search.classify(origin, outcome, end.error);
    return how === "elsewhere" ? how : this.#endRound(how);
  }

  /** All origins were asked: retries at once with other parameters, or later. */
  #endRound(how: Failure): Failure {
    const { lastRound } = this.#search;
    const refusal = this.#refusal;
    this.#refusal = undefined;
    if (lastRound === "refused" && this.#owner.refused(this.#params, refusal)) return "elsewhere";
    // The refused viewer may have been the last one.
    if (this.status.state !== "stopped") this.#owner.nowhere(this, lastRound === "absent", this.#takeEnded());
    if (lastRound !== "refused") this.#owner.yieldedNothing(this.#params);
    return how;
  }

  #follow(redirect: Redirect): boolean {
    const problem = this.#search.redirects.follow(redirect);
    const to = withoutParams(redirect.url);
    if (this.#logged.isNew(problem ?? `to ${to}`)) {
      if (problem === undefined) this.#supervisor.log("info", "redirected", { to });
      else this.#supervisor.log("warn", "not redirected", { error: problem });
    }
    return problem === undefined;
  }

  #takeEnded(): boolean {
    const ended = this.#ended;
    this.#ended = false;
    return ended;
  }

  /** The stream's names at the origins. */
  get #names(): StreamNames {
    const { name, config } = this.#owner;
    return upstreamNames(config.vhost, name, this.#params.viewer.param);
  }

  #logMalformed(): void {
    const { malformed = 0, malformedEpochs = 0 } = this.#pull ?? {};
    if (malformed > 0) this.#log.warn("malformed data messages dropped", { from: this.#peer, malformed });
    if (malformedEpochs > 0)
      this.#log.warn("malformed epochs ignored", { from: this.#peer, malformed: malformedEpochs });
  }
}

/** A URL for the log: parameters are removed, as they carry keys and tokens. */
function withoutParams(url: string): string {
  return url.replace(/\?.*$/s, "?…");
}
