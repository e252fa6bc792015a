import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { AccessRequest, ConnectAccess, Guard, GuardResult } from "../../live/ports/access.ts";
import type { Client, ClientObserver, ClientTask } from "../../live/ports/clients.ts";
import type { Feature } from "../../live/ports/feature.ts";
import type { Report } from "../../live/ports/report.ts";
import type { SegmentObserver, StreamSegment } from "../../live/ports/segments.ts";
import type { Stream } from "../../live/stream.ts";
import type { StreamName, StreamObserver } from "../../live/streams.ts";
import type { RelayTarget } from "../../relay/target.ts";
import type { HookResult } from "./answer.ts";
import { type CallSettings, Calls, type CallsContext } from "./calls.ts";
import type { HooksConfig } from "./config.ts";
import { Decisions, LEFT } from "./decisions.ts";
import { DECISIONS, HookBodies, type HookBody, type HookEvent, NOTIFICATIONS, type ServerIds } from "./events.ts";
import { NamedTargets } from "./named-targets.ts";
import { type Activity, activityFor, type Connection, clientOf, keyOf, Visits } from "./visits.ts";

/** Maximum number of streams whose last publisher is remembered for on_hls. */
const MAX_PUBLISHERS = 4096;
const EVENTS: readonly HookEvent[] = [...DECISIONS, ...NOTIFICATIONS];

/** What hooks need from outside. */
export interface HooksContext extends CallsContext, ServerIds {
  readonly clock: Clock;
  readonly log: Log;
  /** The process's folder. */
  readonly cwd: string;
  /** The hooks of all vhosts, by the configuration in effect. */
  configs(): Iterable<HooksConfig>;
  configOf(vhost: string): HooksConfig | undefined;
  /** A stream's targets, as `targetsOf` returns them, have changed. */
  readonly retargeted?: () => void;
}

/** SRS's HTTP hooks: back ends decide whether clients may connect, publish and play, and are notified of events. */
export class Hooks implements Feature, Guard, ClientObserver, StreamObserver, SegmentObserver {
  readonly name = "http_hooks";
  readonly guards = [this];
  readonly clients = this;
  readonly streams = this;
  readonly segments = this;
  readonly #context: HooksContext;
  readonly #bodies: HookBodies;
  readonly #calls: Calls;
  readonly #decisions: Decisions;
  readonly #visits: Visits;
  /** The last publisher of each stream with on_hls, by the stream's key. */
  readonly #publishers = new Map<string, Activity>();
  readonly #targets: NamedTargets;
  /** The activity of each request, and what aborts the questions about it. */
  readonly #requests = new WeakMap<AccessRequest | ConnectAccess, { activity?: Activity; left: AbortController }>();
  /** Questions under way, by client, kind and stream. */
  readonly #asking = new Map<string, Promise<GuardResult>>();

  constructor(context: HooksContext) {
    this.#context = context;
    this.#bodies = new HookBodies(context);
    this.#calls = new Calls(context);
    this.#decisions = new Decisions(context.clock, this.#calls);
    this.#targets = new NamedTargets(context.log);
    this.#visits = new Visits(context.clock, {
      ended: (activity) => this.#notifyEnd(activity),
      closed: (connection, client) => this.#notifyClose(connection, client),
    });
  }

  checkConnect(request: ConnectAccess): GuardResult | Promise<GuardResult> {
    const { vhost, app, clientId } = request;
    const config = vhost === undefined ? undefined : this.#configOf(vhost);
    // A connection without a vhost is asked about later, when the stream's name has one.
    if (vhost === undefined || config === undefined) return undefined;
    this.#visits.connects(request, { client: clientOf(request), vhost, app });
    if (config.on_connect.length === 0) return undefined;
    const left = new AbortController();
    this.#requests.set(request, { left });
    return this.#askConnect(config, request, vhost, app, left.signal).then((result) => {
      if (result === undefined) this.#visits.connected(clientId, vhost);
      return result;
    });
  }

  check(request: AccessRequest): GuardResult | Promise<GuardResult> {
    const { vhost, app } = request.name;
    const config = this.#configOf(vhost);
    if (config === undefined) return undefined;
    const activity = activityFor(request);
    const left = new AbortController();
    this.#requests.set(request, { activity, left });
    const isRtmp = request.protocol === "rtmp";
    const mayConnect = !isRtmp || config.on_connect.length === 0 || this.#visits.isConnected(request.clientId, vhost);
    const event = request.action === "publish" ? "on_publish" : "on_play";
    if (mayConnect && config[event].length === 0) {
      this.#visits.allow(activity, false);
      return undefined;
    }
    const asking = this.#visits.asking(request.clientId);
    const what = `${request.clientId} ${activity.kind} ${keyOf(activity)}`;
    const before = this.#asking.get(what);
    const ask = async () => {
      // If the client has withdrawn the last request, back ends are notified of its end before they are asked again.
      if (before !== undefined) await before;
      // Nothing is remembered for a client that has left.
      if (left.signal.aborted) return LEFT;
      if (!mayConnect) {
        this.#visits.connects({ ...request, vhost, app }, { client: activity.client, vhost, app });
        const refusal = await this.#askConnect(config, request, vhost, app, left.signal);
        if (refusal !== undefined) return refusal;
        this.#visits.connected(request.clientId, vhost);
      }
      const body = event === "on_publish" ? this.#bodies.publish : this.#bodies.play;
      const { result, allowedBy } = await this.#decisions.ask(
        config,
        event,
        request.clientId,
        body.call(this.#bodies, activity.client, activity.stream),
        left.signal,
      );
      if (result !== undefined && allowedBy.size > 0) this.#notifyEnd(activity, allowedBy);
      return result;
    };
    const answer = ask().then((result) => {
      if (this.#asking.get(what) === answer) this.#asking.delete(what);
      asking.answered(result === undefined ? activity : undefined);
      return result;
    });
    this.#asking.set(what, answer);
    return answer;
  }

  withdrawn(request: AccessRequest | ConnectAccess): void {
    const { activity, left } = this.#requests.get(request) ?? {};
    left?.abort();
    if (activity !== undefined) this.#visits.withdraw(activity);
  }

  began(client: Client, task: ClientTask): void {
    const { vhost } = vhostOf(task);
    const config = this.#configOf(vhost);
    const activity = this.#visits.began(client, task, config !== undefined);
    if (config === undefined || activity === undefined || task.kind !== "publish") return;
    if (config.on_hls.length > 0) this.#remember(activity);
    this.#askTargets(config, activity, task.stream.key);
  }

  ended(_client: Client, task: ClientTask): void {
    this.#visits.ended(task);
  }

  disconnected(client: Client): void {
    this.#visits.left(client);
  }

  published(): void {}

  unpublished({ key }: Stream): void {
    if (this.#targets.delete(key)) this.#context.retargeted?.();
  }

  segmentReady(segment: StreamSegment): void {
    const { vhost, app, stream } = segment.stream;
    const config = this.#configOf(vhost);
    if (config === undefined || config.on_hls.length === 0) return;
    const key = `${vhost}/${app}/${stream}`;
    const nobody = { id: "", ip: "", tcUrl: "", pageUrl: "" };
    const publisher = this.#publishers.get(key) ?? { client: nobody, stream: { ...segment.stream, param: "" } };
    const body = this.#bodies.hls(publisher.client, publisher.stream, segment, this.#context.cwd);
    this.#notify(config, "on_hls", publisher.client.id === "" ? key : publisher.client.id, body);
  }

  /** Targets of a stream: the configured ones, and those that back ends have named. */
  targetsOf({ vhost, app, stream }: StreamName, configured: readonly RelayTarget[] = []): readonly RelayTarget[] {
    return [...configured, ...this.#targets.of(`${vhost}/${app}/${stream}`)];
  }

  reconfigure(): void {
    const urls = [...this.#context.configs()].flatMap((config) => EVENTS.flatMap((event) => config[event]));
    this.#calls.forgetUnused(new Set(urls.map(({ backEnd }) => backEnd)));
  }

  report(): Report {
    const hooks = this.#calls.reports();
    const sum = (of: "allowed" | "refused" | "failed" | "dropped" | "waiting") =>
      hooks.reduce((total, report) => total + report[of], 0);
    return {
      hooks,
      ...(hooks.length > 0 && { now: { hooks_waiting: sum("waiting") } }),
      since: {
        hook_calls: sum("allowed") + sum("refused"),
        hook_failures: sum("failed"),
        hook_drops: sum("dropped"),
        hook_targets_left_out: this.#targets.leftOut,
      },
    };
  }

  stop(): void {
    this.#calls.stop();
  }

  get idle(): boolean {
    return this.#calls.idle;
  }

  close(): void {
    this.#calls.close();
  }

  /** The hooks of a vhost; undefined if it has none. */
  #configOf(vhost: string): HooksConfig | undefined {
    const config = this.#context.configOf(vhost);
    return config !== undefined && EVENTS.some((event) => config[event].length > 0) ? config : undefined;
  }

  #askConnect(
    config: HooksConfig,
    request: ConnectAccess | AccessRequest,
    vhost: string,
    app: string,
    left: AbortSignal,
  ): Promise<GuardResult> {
    const body = this.#bodies.connect(clientOf(request), vhost, app, request.param);
    return this.#decisions.ask(config, "on_connect", request.clientId, body, left).then(({ result }) => result);
  }

  #notify(
    config: HooksConfig,
    event: HookEvent,
    clientId: string,
    body: HookBody,
    answered?: (result: HookResult) => void,
  ): void {
    for (const url of config[event]) this.#calls.notify(clientId, url, body, settingsOf(config), answered);
  }

  /** Notifies back ends of an activity's end: all of them, or those of `allowedBy`. */
  #notifyEnd({ kind, client, stream }: Activity, allowedBy?: ReadonlySet<string>): void {
    const config = this.#configOf(stream.vhost);
    if (config === undefined) return;
    const [event, body] =
      kind === "publish"
        ? (["on_unpublish", this.#bodies.unpublish(client, stream)] as const)
        : (["on_stop", this.#bodies.stop(client, stream)] as const);
    for (const url of config[event])
      if (allowedBy?.has(url.backEnd) ?? true) this.#calls.notify(client.id, url, body, settingsOf(config));
  }

  #notifyClose({ client, vhost, app }: Connection, { bytesSent, bytesReceived }: Client): void {
    const config = this.#configOf(vhost);
    if (config === undefined) return;
    this.#notify(config, "on_close", client.id, this.#bodies.close(client, vhost, app, bytesSent, bytesReceived));
  }

  #remember(activity: Activity): void {
    const key = keyOf(activity);
    this.#publishers.delete(key);
    if (this.#publishers.size >= MAX_PUBLISHERS) this.#publishers.delete(this.#publishers.keys().next().value ?? "");
    this.#publishers.set(key, activity);
  }

  /** Asks back ends for targets. The stream runs meanwhile, and whatever the answer is. */
  #askTargets(config: HooksConfig, activity: Activity, key: string): void {
    if (config.on_forward.length === 0) return;
    const body = this.#bodies.forward(activity.client, activity.stream);
    const named: RelayTarget[] = [];
    this.#notify(config, "on_forward", activity.client.id, body, (result) => {
      if (result.kind !== "allowed") return;
      if (!this.#visits.isRunning(activity)) {
        this.#targets.late(key, result.data);
        return;
      }
      this.#targets.add(key, named, result.data);
      this.#context.retargeted?.();
    });
  }
}

function settingsOf({ secret, timeout }: HooksConfig): CallSettings {
  return { secret, timeoutMs: timeout };
}

function vhostOf({ stream }: ClientTask): { readonly vhost: string } {
  return { vhost: stream.key.slice(0, stream.key.indexOf("/")) };
}
