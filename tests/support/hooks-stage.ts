import type { HooksConfig } from "../../src/features/hooks/config.ts";
import { parseHookUrl } from "../../src/features/hooks/hook-url.ts";
import { Hooks } from "../../src/features/hooks/hooks.ts";
import type { AccessRequest, ConnectAccess, GuardResult } from "../../src/live/ports/access.ts";
import { type ClientRecord, Clients, type PlayTask, type PublishTask } from "../../src/live/ports/clients.ts";
import { accessRequest } from "./access.ts";
import { FakeBackEnds, passTime } from "./fake-back-end.ts";
import { LiveStage } from "./live.ts";
import { RecordingLog } from "./recording-log.ts";

const url = parseHookUrl("http://hooks.example/srs");

/** All events at one back end. */
const allHooks: HooksConfig = {
  on_connect: [url],
  on_close: [url],
  on_publish: [url],
  on_unpublish: [url],
  on_play: [url],
  on_stop: [url],
  on_hls: [url],
  on_forward: [url],
  on_failure: "deny",
  timeout: 3000,
  cache: 0,
  secret: "",
};

/** Hooks on a fake clock, with the clients that they are about. */
export class HooksStage {
  readonly live = new LiveStage();
  readonly clock = this.live.clock;
  readonly backEnds = new FakeBackEnds(this.clock);
  readonly log = new RecordingLog();
  readonly clients = new Clients(this.clock);
  readonly hooks: Hooks;
  config: HooksConfig | undefined;
  retargeted = 0;
  #ids = 0;

  constructor(config: Partial<HooksConfig> = {}) {
    this.config = { ...allHooks, ...config };
    this.hooks = new Hooks({
      clock: this.clock,
      log: this.log,
      httpPost: this.backEnds.post,
      randomNumber: () => 0.5,
      randomHex: () => String(++this.#ids),
      serverId: "vid-server",
      serviceId: "service",
      uniqueId: (id) => id,
      idOf: (key) => `vid-${key.replaceAll(/\W/g, "").toLowerCase()}`,
      cwd: "/srv",
      configs: () => (this.config === undefined ? [] : [this.config]),
      configOf: (vhost) => (vhost === "__defaultVhost__" ? this.config : undefined),
      retargeted: () => this.retargeted++,
    });
    this.clients.observe(this.hooks.clients);
    this.live.observe(this.hooks.streams);
  }

  /** A client's connection. */
  client(id: string, protocol = "rtmp"): ClientRecord {
    const connection = { bytesReceived: 7, bytesSent: 9, kick: () => undefined };
    return this.clients.add({ id, protocol, remote: { host: "192.0.2.1", port: 5000 } }, connection);
  }

  /** The answer to a client that asks to connect; undefined: it may. */
  async connect(change: Partial<ConnectAccess> = {}): Promise<GuardResult> {
    const request = { ...accessRequest({ tcUrl: "rtmp://h/live", pageUrl: "http://p/", param: "?c=1" }), app: "live" };
    const answer = this.hooks.checkConnect({ ...request, vhost: "__defaultVhost__", ...change });
    await this.pass(100);
    return answer;
  }

  /** The answer to a client that asks for a stream; undefined: it may. */
  async check(change: Partial<AccessRequest> = {}): Promise<GuardResult> {
    const request = accessRequest({ tcUrl: "rtmp://h/live", pageUrl: "http://p/", param: "?k=1", ...change });
    const answer = this.hooks.check(request);
    await this.pass(100);
    return answer;
  }

  /** A client begins to play. */
  play(client: ClientRecord, name = "show"): PlayTask {
    const task: PlayTask = { kind: "play", stream: this.live.stream(name), relay: false, since: 0, bytes: 0, lost: 0 };
    client.began(task);
    return task;
  }

  /** A client begins to publish. */
  publish(client: ClientRecord, name = "show"): PublishTask {
    const { source } = this.live.publish(name, client.id);
    const numbers = { relay: false, since: 0, bytes: 0, lost: 0 };
    const task: PublishTask = { kind: "publish", stream: this.live.stream(name), source, ...numbers };
    client.began(task);
    return task;
  }

  pass(ms: number): Promise<void> {
    return passTime(this.clock, ms);
  }
}
