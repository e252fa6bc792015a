import type { HlsConfig } from "../../src/features/hls/config.ts";
import type { FileStore, HlsContext, HlsVhost } from "../../src/features/hls/context.ts";
import type { HlsFormats } from "../../src/features/hls/formats.ts";
import { Hls } from "../../src/features/hls/hls.ts";
import type { OpenParts, OpenWriter } from "../../src/features/hls/segment.ts";
import type { HttpRequest } from "../../src/http/request.ts";
import type { AccessRequest, GuardResult } from "../../src/live/ports/access.ts";
import { Clients } from "../../src/live/ports/clients.ts";
import type { ConnectionAccount } from "../../src/live/ports/connections.ts";
import { Entry, type Refused } from "../../src/live/ports/entry.ts";
import type { HttpAnswer, HttpExchange, LoggedRefusal } from "../../src/live/ports/http.ts";
import type { StreamSegment } from "../../src/live/ports/segments.ts";
import { LiveStage } from "./live.ts";
import { openAccount } from "./open-door.ts";
import { RecordingLog } from "./recording-log.ts";
import { TextParts, TextWriter } from "./segments.ts";

const decoder = new TextDecoder();

/** The configuration of tests: short segments. */
export const hlsDefaults: HlsConfig = {
  enabled: true,
  hls_format: "ts",
  hls_fragment: 2,
  hls_low_latency: false,
  hls_part: 300,
  hls_window: 12,
  hls_dispose: 120,
  hls_ctx: true,
  hls_entry_prefix: "",
  hls_path: "",
  hls_m3u8_file: "[app]/[stream].m3u8",
  hls_ts_file: "[app]/[stream]-[seq].ts",
  hls_fmp4_file: "[app]/[stream]-[seq].m4s",
  hls_init_file: "[app]/[stream]-[hash].mp4",
  hls_cleanup: true,
  hls_variants: [],
  hls_keys: false,
  hls_fragments_per_key: 2,
  hls_key_url: "",
  hls_key_file: "[app]/[stream]-[seq].key",
  hls_key_file_path: "",
};

/** The formats with another writer, in the place of both. */
export function formatsOf(open: OpenWriter): HlsFormats {
  const parts: OpenParts = (headers) => new TextParts(headers);
  return { ts: { open, suffix: ".ts" }, fmp4: { open, parts, suffix: ".m4s" } };
}

/** A disk in memory, which may fail. */
export class FakeFiles implements FileStore {
  readonly files = new Map<string, Uint8Array>();
  /** What happened, in order. */
  readonly told: string[] = [];
  failing: string | undefined;

  async write(path: string, bytes: Uint8Array): Promise<void> {
    if (this.failing !== undefined) throw new Error(this.failing);
    this.files.set(path, bytes);
    this.told.push(`write ${path}`);
  }

  async remove(path: string): Promise<void> {
    if (this.files.delete(path)) this.told.push(`remove ${path}`);
  }

  async list(folder: string): Promise<string[]> {
    return [...this.files.keys()].filter((path) => path.startsWith(folder)).map((path) => path.slice(folder.length));
  }
}

/** One request's answer. */
export class FakeExchange implements HttpExchange {
  readonly remote;
  readonly client;
  readonly framing = "chunked";
  gone = false;
  onGone: (() => void) | undefined;
  answer: HttpAnswer | undefined;
  /** What the client is told, by this route or where no other one has anything. */
  refusal: Refused | undefined;
  passed = false;
  /** The answer where nobody else has one. */
  otherwise: LoggedRefusal | undefined;

  readonly #hasFile: boolean;

  /** `hasFile`: another route has something at the address. */
  constructor(clients: Clients, host: string, hasFile = false) {
    this.#hasFile = hasFile;
    this.remote = { host, port: 4000 };
    this.client = clients.add(
      { id: "c1", protocol: "http", remote: this.remote },
      { bytesReceived: 0, bytesSent: 0, kick: () => undefined },
    );
  }

  respond(answer: HttpAnswer): void {
    this.#once();
    this.answer = answer;
  }

  refuse(refused: Refused): void {
    this.#once();
    this.refusal = refused;
  }

  stream(): never {
    throw new Error("HLS streams nothing");
  }

  pass(otherwise?: LoggedRefusal | (() => void)): void {
    this.#once();
    if (typeof otherwise === "function") {
      if (this.#hasFile) this.passed = true;
      else otherwise();
      return;
    }
    this.otherwise = otherwise;
    this.refusal = otherwise?.refused;
    this.passed = true;
  }

  /** The client hangs up. */
  hangUp(): void {
    this.gone = true;
    this.onGone?.();
  }

  get answered(): boolean {
    return this.answer !== undefined || this.refusal !== undefined || this.passed;
  }

  /** The body as text. */
  get text(): string {
    return this.answer?.body instanceof Uint8Array ? decoder.decode(this.answer.body) : "";
  }

  #once(): void {
    if (this.answered) throw new Error("answered twice");
  }
}

/** What may differ from one test to another. */
export interface HlsStageOptions {
  readonly config?: Partial<HlsConfig>;
  readonly mayCome?: boolean;
  /** Another route has a file at each address. */
  readonly hasFiles?: boolean;
  readonly connections?: ConnectionAccount;
  readonly guard?: (request: AccessRequest) => GuardResult;
  readonly context?: Partial<HlsContext>;
}

/** Who asks, and how. */
interface Asker {
  readonly host?: string;
  readonly method?: "GET" | "HEAD";
  readonly headers?: Readonly<Record<string, string>>;
}

/** HLS on a fake clock, with segments as texts. */
export class HlsStage {
  readonly live = new LiveStage();
  readonly log = new RecordingLog();
  readonly files = new FakeFiles();
  readonly clients = new Clients(this.live.clock);
  /** What client observers hear of viewers. */
  readonly told: string[] = [];
  /** Segments that observers were notified of. */
  readonly ready: StreamSegment[] = [];
  readonly hls: Hls;
  config: HlsConfig;
  readonly #hasFiles: boolean;
  #random = 0;

  constructor({
    config,
    mayCome = false,
    hasFiles = false,
    connections = openAccount(1000),
    guard,
    context,
  }: HlsStageOptions = {}) {
    this.config = { ...hlsDefaults, ...config };
    this.#hasFiles = hasFiles;
    const { clock, streams } = this.live;
    const vhost = (): HlsVhost => ({
      ...this.live.config,
      enabled: true,
      publish: this.live.config,
      hls: this.config,
    });
    const entry = new Entry<HlsVhost>({
      clock,
      nodeId: "node",
      vhosts: {
        find: (name) => (name === "nowhere" ? undefined : { name: "__defaultVhost__", config: vhost() }),
        named: () => ({ name: "__defaultVhost__", config: vhost() }),
      },
      guards: guard === undefined ? [] : [{ name: "test", check: guard }],
      countingGuards: [],
      connections,
    });
    this.clients.observe({
      began: ({ protocol }, { kind, stream }) => this.told.push(`${protocol} began ${kind} ${stream.key}`),
      ended: (_, { bytes }, how) => this.told.push(`ended ${how} ${bytes > 0}`),
    });
    this.hls = new Hls({
      clock,
      log: this.log,
      streams,
      entry: () => entry,
      clients: () => this.clients,
      formats: formatsOf((headers) => new TextWriter(headers)),
      files: this.files,
      configOf: vhost,
      ladderOf: () => undefined,
      searchMs: () => (mayCome ? 3000 : 0),
      pathways: () => undefined,
      gzip: (bytes) => bytes.slice(),
      keySecret: () => "",
      randomHex: (bytes) => (++this.#random).toString(16).padStart(2 * bytes, "0"),
      segmentReady: (segment) => this.ready.push(segment),
      ...context,
    });
    streams.observe(this.hls.streams);
  }

  /** Asks for a path with a query. */
  get(target: string, { host = "10.0.0.1", method = "GET", headers = {} }: Asker = {}): FakeExchange {
    const [path = "", query = ""] = target.split("?", 2);
    const request: HttpRequest = {
      method,
      path: decodeURIComponent(path),
      query,
      host: "live.example.com",
      header: (name) => headers[name],
      secure: false,
      body: new Uint8Array(),
      webSocket: false,
    };
    const exchange = new FakeExchange(this.clients, host, this.#hasFiles);
    const taken = this.hls.http.some((route) => route.handle(request, exchange));
    if (!taken) exchange.passed = true;
    return exchange;
  }

  /** Follows the link of a multivariant playlist. */
  follow(exchange: FakeExchange): string {
    const link = exchange.text.split("\n").find((line) => line !== "" && !line.startsWith("#"));
    return `/live/${link}`;
  }
}

/** The segments that a media playlist lists. */
export function urisOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}
