import { rootTable } from "../../src/app/config/blocks.ts";
import { parseConfig } from "../../src/app/config/index.ts";
import { merge } from "../../src/config/merge.ts";
import { Transcode } from "../../src/features/transcode/transcode.ts";
import type { StreamConfig } from "../../src/live/config.ts";
import { SlabPool } from "../../src/live/log/slabs.ts";
import type { Stream } from "../../src/live/stream.ts";
import { Streams } from "../../src/live/streams.ts";
import { RelayLogLimit } from "../../src/relay/relay-log-limit.ts";
import { RtmpFormats } from "../../src/rtmp/format.ts";
import { defaultLimits } from "../../src/rtmp/limits.ts";
import { epochIds } from "./epoch-ids.ts";
import { FakeFfmpegs } from "./fake-ffmpeg.ts";
import { FakeNet } from "./fake-transport.ts";
import { rethrow } from "./faults.ts";
import { LiveStage, Viewer } from "./live.ts";
import { mulberry32 } from "./random.ts";
import { RecordingLog } from "./recording-log.ts";

/** Streams with engines on a fake clock, whose FFmpegs are stand-ins. */
export class TranscodeStage extends LiveStage {
  readonly ffmpegs = new FakeFfmpegs();
  readonly log = new RecordingLog();
  readonly net = new FakeNet(this.clock, mulberry32(1));
  /** What was limited, and why it can't be. */
  readonly cpuLimit = {
    calls: [] as string[],
    problem: undefined as string | undefined,
    limit(percent: number) {
      this.calls.push(`limit ${percent}`);
      return this.problem;
    },
    add(pid: number) {
      this.calls.push(`add ${pid}`);
    },
  };
  readonly transcode: Transcode;
  #config: ReturnType<typeof parseConfig>;

  /** `engines`: tables of `[vhost.__defaultVhost__.transcode.NAME]`. */
  constructor(engines: string, settings = "", config: Partial<StreamConfig> = {}) {
    super(config);
    this.#config = this.#parse(engines, settings);
    const vhost = (name: string) => this.#config.vhost.get(name) ?? this.#config.vhost.get("__defaultVhost__");
    this.transcode = new Transcode({
      clock: this.clock,
      log: this.log,
      randomNumber: () => 0.5,
      logLimit: new RelayLogLimit(this.clock),
      random: (bytes) => bytes.fill(7),
      nodeId: "node",
      identity: {},
      dial: this.net.dial.bind(this.net),
      formats: new RtmpFormats(),
      limits: defaultLimits,
      chunkSizeOf: () => 4096,
      streams: this.streams,
      hidden: new Streams(this.clock, rethrow, epochIds(), new SlabPool(this.memoryClock)),
      startChild: this.ffmpegs.start,
      cpuLimit: this.cpuLimit,
      settings: () => this.#config.transcode,
      engines: (name) => vhost(name)?.transcode ?? new Map(),
      vhost: (name) => ({ name, enabled: true, stream: this.config, onConflict: "reject" }),
      facts: () => undefined,
    });
    this.observe(this.transcode);
  }

  /** Another configuration is in effect. */
  reconfigure(engines: string, settings = ""): void {
    this.#config = merge(rootTable, this.#config, this.#parse(engines, settings)).values;
    this.transcode.reconfigure();
  }

  /** A stream of the vhost `out`. */
  out(name = "show"): Stream {
    return this.streams.open({ vhost: "out", app: "live", stream: name }, this.config);
  }

  watch(name = "show"): Viewer {
    return new Viewer(this, this.out(name), {});
  }

  #parse(engines: string, settings: string) {
    const output = 'output = "out/[app]/[stream]"\n';
    const tables = engines.replaceAll(
      /^\[(\w+)\]\n/gm,
      (_, name) => `[vhost.__defaultVhost__.transcode.${name}]\n${output}`,
    );
    // An engine's own output goes before.
    const once = tables.replaceAll(/output = "out.*\n((?:(?!\[).*\n)*?output = )/g, "$1");
    return parseConfig(`${settings}\n${once}`, "test.toml");
  }
}

/** An engine that encodes both tracks. */
export const BOTH = `[main]
vcodec = "libx264"
acodec = "aac"
`;

/** An engine that encodes the sound alone. */
export const SOUND = `[sound]
acodec = "aac"
`;
