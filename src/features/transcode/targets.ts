import type { Log } from "../../base/log.ts";
import type { StreamConfig } from "../../live/config.ts";
import type { OnConflict, Source, SourceEnd, SourceEvents, SourceInfo } from "../../live/source/source.ts";
import type { Stream } from "../../live/stream.ts";
import type { StreamName, Streams } from "../../live/streams.ts";
import type { ConnectionTarget } from "../../relay/client-connection.ts";
import type { PushContext } from "../../relay/push.ts";
import { PushRelay } from "../../relay/push-relay.ts";
import type { RelayLogLimit } from "../../relay/relay-log-limit.ts";
import { type RelayTarget, targetLabel, targetNames, targetSecrets } from "../../relay/target.ts";
import { buildUrl } from "../../rtmp/address.ts";
import type { Target } from "./result.ts";

/** A vhost in which results are published. */
export interface ResultVhost {
  /** Its configured name. */
  readonly name: string;
  readonly enabled: boolean;
  readonly stream: StreamConfig;
  readonly onConflict: OnConflict;
}

/** A stream of this server. */
export class LocalTarget implements Target {
  readonly label: string;
  problem = "";
  readonly #name: StreamName;
  readonly #streams: Streams;
  readonly #vhost: () => ResultVhost | undefined;
  readonly #info: () => SourceInfo;

  constructor(name: StreamName, streams: Streams, vhost: () => ResultVhost | undefined, info: () => SourceInfo) {
    this.label = `${name.vhost}/${name.app}/${name.stream}`;
    this.#name = name;
    this.#streams = streams;
    this.#vhost = vhost;
    this.#info = info;
  }

  publish(events: SourceEvents): Source | undefined {
    const vhost = this.#vhost();
    if (vhost === undefined || !vhost.enabled) {
      this.problem = `vhost "${this.#name.vhost}" ${vhost === undefined ? "does not exist" : "is switched off"}`;
      return undefined;
    }
    const stream = this.#streams.open({ ...this.#name, vhost: vhost.name }, vhost.stream);
    // A result replaces no publisher: two engines would replace each other again and again.
    const onConflict = vhost.onConflict === "standby" ? "standby" : "reject";
    const source = stream.publish(this.#info(), { onConflict, events });
    this.problem = source === undefined ? `somebody else publishes ${this.label}` : "";
    return source;
  }

  ended(): void {}
}

/** What sending results to other servers needs. */
export interface PushOptions {
  readonly context: PushContext;
  readonly random: () => number;
  readonly log: Log;
  readonly logLimit: RelayLogLimit;
  readonly nodeId: string;
  /** Streams that no client can play. */
  readonly hidden: Streams;
  readonly config: StreamConfig;
  /** A relay sends the last packets of a result, and is gone then. */
  leaving(relay: PushRelay): void;
  gone(relay: PushRelay): void;
}

/** A stream of another server: the result is published as a hidden stream, which only the relay reads. */
export class ServerTarget implements Target {
  readonly label: string;
  readonly problem = "";
  readonly #options: PushOptions;
  readonly #target: RelayTarget;
  readonly #from: StreamName;
  readonly #key: StreamName;
  readonly #info: () => SourceInfo;
  #relay: PushRelay | undefined;

  /** `key` names the hidden stream. */
  constructor(options: PushOptions, target: RelayTarget, from: StreamName, key: StreamName, info: () => SourceInfo) {
    this.label = targetLabel(target);
    this.#options = options;
    this.#target = target;
    this.#from = from;
    this.#key = key;
    this.#info = info;
  }

  get relay(): PushRelay | undefined {
    return this.#relay;
  }

  publish(events: SourceEvents): Source | undefined {
    const { hidden, config } = this.#options;
    const stream = hidden.open(this.#key, { ...config, gop_cache: true });
    const source = stream.publish(this.#info(), { events });
    if (source !== undefined) this.#start(stream);
    return source;
  }

  ended(how: SourceEnd): void {
    const relay = this.#relay;
    if (relay === undefined) return;
    this.#relay = undefined;
    this.#options.leaving(relay);
    relay.stop(how, () => this.#options.gone(relay));
  }

  #start(stream: Stream): void {
    const { context, random, log, logLimit, nodeId } = this.#options;
    const from = { ...this.#from, param: "" };
    const names = targetNames(this.#target, from);
    const { host, port, tls } = this.#target;
    const info = this.#info;
    const push: ConnectionTarget = {
      role: "publish",
      host,
      port,
      tls,
      ...buildUrl(this.#target, names),
      get hops() {
        return [...info().hops, nodeId];
      },
    };
    this.#relay ??= new PushRelay({
      context,
      random,
      what: "transcoded push",
      id: `t:${this.#key.stream}`,
      log: log.with(`t:${this.#key.stream}`, targetSecrets(names, from)),
      logLimit,
      key: stream.key,
      stream,
      next: () => ({ target: push, to: this.label }),
    });
    this.#relay.start();
  }
}
