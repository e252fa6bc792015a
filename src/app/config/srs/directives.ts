import { quote } from "../../../config/show.ts";
import { refer, referLists, security, securityLists } from "./access.ts";
import { cluster, edge } from "./cluster.ts";
import type { Directive } from "./directive.ts";
import { type Scope, wordIn, wordOf } from "./mapping.ts";
import {
  applyRules,
  asItIs,
  block,
  isOn,
  key,
  keyByWord,
  missing,
  type Rule,
  type Rules,
  switchedBlock,
  unused,
  unusedIfOn,
} from "./rules.ts";

const sentAtOnce = "packets are written as soon as mw_latency lets them";
const foreground = "this server stays in the foreground; systemd or another supervisor starts it and keeps it running";
const noFfmpeg = "this server starts no FFmpeg";
const readAtOnce = "what publishers send is read as it comes while anybody watches";
const partOfHls = "it is of use to HLS only";

const atc: Rule = (directive, { mapping, path }) => {
  if (isOn(directive)) mapping.set([...path, "time_jitter"], directive, ["off"]);
};

/** SRS needs an address for each kind of IP; a bare port stands for both here. */
function addresses(...path: string[]): Rule {
  return (directive, { mapping, path: table }) => {
    const all = directive.args.map(({ text }) => text);
    const portOf = (text: string) => /^(?:0\.0\.0\.0:)?(\d+)$/.exec(text)?.[1];
    const both = new Set(all.flatMap((text) => /^\[::\]:(\d+)$/.exec(text)?.[1] ?? []));
    const kept = directive.args.flatMap((arg) => {
      const port = portOf(arg.text);
      if (port !== undefined && both.has(port)) return [{ ...arg, text: port }];
      return all.some((text) => arg.text === `[::]:${portOf(text)}`) ? [] : [arg];
    });
    const items = kept.map(({ line }) => ({ ...directive, line }));
    mapping.set(
      [...table, ...path],
      directive,
      kept.map(({ text }) => text),
      items,
    );
  };
}

const kickoffForIdle: Rule = (directive, { mapping }) => {
  if (!/^0*(?:\.0*)?$/.test(wordOf(directive))) {
    mapping.error(directive, "this server does not disconnect publishers that nobody watches; write 0 or remove it");
  }
};

const workDir: Rule = (directive, { mapping }) => {
  if (/^(?:\.\/?)?$/.test(wordOf(directive))) return;
  mapping.error(
    directive,
    "this server stays in the folder it was started in; change to it before the start (WorkingDirectory= in a systemd unit) and remove this",
  );
};

const destinations: Rules = {
  destination: key("forward"),
  backend: (directive, { mapping }) =>
    mapping.error(directive, "this server asks no backend for targets; list them with destination"),
};

/** `forward a b;`, or `forward { enabled on; destination a b; }` of later versions. */
const forward: Rule = (directive, scope) =>
  directive.body === undefined ? key("forward")(directive, scope) : switchedBlock(destinations)(directive, scope);

const mergedRead: Rule = unusedIfOn(readAtOnce);

const play: Rules = {
  gop_cache: key("gop_cache"),
  gop_cache_max_frames: key("gop_cache_max_frames"),
  queue_length: key("queue_length"),
  time_jitter: key("time_jitter"),
  mw_latency: key("mw_latency"),
  mw_msgs: unused(sentAtOnce),
  atc,
  atc_auto: unused("a stream's metadata doesn't change how its time is treated; atc does"),
  mix_correct: missing("mix_correct"),
  send_min_interval: unused(sentAtOnce),
  reduce_sequence_header: unusedIfOn("headers that a publisher repeats are passed on"),
};

const publish: Rules = {
  firstpkt_timeout: key("publish", "firstpkt_timeout"),
  normal_timeout: key("publish", "normal_timeout"),
  mr: mergedRead,
  mr_latency: unused(readAtOnce),
  parse_sps: asItIs,
  try_annexb_first: asItIs,
  kickoff_for_idle: kickoffForIdle,
};

const vhost: Rules = {
  enabled: key("enabled"),
  chunk_size: key("chunk_size"),
  ...play,
  play: block(play),
  publish: block(publish),
  publish_1stpkt_timeout: key("publish", "firstpkt_timeout"),
  publish_normal_timeout: key("publish", "normal_timeout"),
  forward,
  cluster: block(cluster),
  ...edge,
  refer,
  refer_publish: key("security", "refer_publish"),
  refer_play: key("security", "refer_play"),
  security,

  tcp_nodelay: unusedIfOn(sentAtOnce),
  min_latency: unusedIfOn(sentAtOnce),
  mr: mergedRead,
  in_ack_size: unused("peers are told their window by this server's own measure"),
  out_ack_size: unused("peers are told their window by this server's own measure"),

  hls: missing("HLS"),
  hls_path: unused(partOfHls),
  hls_fragment: unused(partOfHls),
  hls_window: unused(partOfHls),
  hds: missing("HDS"),
  dash: missing("DASH"),
  dvr: missing("DVR"),
  transcode: missing("transcoding"),
  ingest: missing("ingest", "publish with FFmpeg from outside"),
  exec: missing("exec"),
  http: missing("web server"),
  http_static: missing("web server"),
  http_remux: missing("HTTP-FLV"),
  http_hooks: missing("HTTP hooks"),
  bandcheck: missing("bandwidth test", "measure with srs bench"),
  rtc: missing("WebRTC"),
  rtsp: missing("RTSP"),
  srt: missing("SRT"),
  nack: asItIs,
  twcc: asItIs,
};

const rtmps: Rules = {
  listen: addresses("rtmps", "listen"),
  cert: key("rtmps", "cert"),
  key: key("rtmps", "key"),
};

const root: Rules = {
  listen: addresses("listen"),
  rtmp: block({ listen: addresses("listen"), chunk_size: key("chunk_size"), enabled: onlyOn }),
  rtmps: switchedBlock(rtmps),
  max_connections: key("max_connections"),
  chunk_size: key("chunk_size"),
  vhost: vhostBlock,

  srs_log_level: keyByWord(
    { verbose: "debug", info: "debug", trace: "info", warn: "warn", error: "error" },
    "log",
    "level",
  ),
  srs_log_level_v2: keyByWord(
    { trace: "debug", debug: "debug", info: "info", warn: "warn", error: "error" },
    "log",
    "level",
  ),
  srs_log_tank: logTank,
  srs_log_file: logFile,
  pid: key("pid"),

  daemon: unusedIfOn(foreground),
  disable_daemon_for_docker: unused(foreground),
  in_docker: unused(foreground),
  asprocess: unusedIfOn(foreground),
  work_dir: workDir,
  server_id: unused("each start has an id of its own, in the log's first line"),
  utc_time: unused("the log has its own form of time"),
  pithy_print_ms: unused("the log has a summary at its own pace"),
  ff_log_dir: unused(noFfmpeg),
  ff_log_level: unused(noFfmpeg),
  stats: unused("disks and networks are not measured"),
  circuit_breaker: unused("readers that fall behind skip to the newest key frame instead"),
  threads: unused("there is one"),
  tcmalloc_release_rate: unused("memory is managed otherwise"),
  empty_ip_ok: unused("a client without an address is no problem"),
  grace_start_wait: unused("a stop begins at once"),
  grace_final_wait: unused("a stop ends with the last connection"),
  force_grace_quit: unused("SIGTERM stops at once, SIGQUIT does not"),
  query_latest_version: asItIs,
  auto_reload_for_docker: asItIs,
  inotify_auto_reload: missing("reload by itself when the file changes", "send SIGHUP after a change"),

  http_stream: missing("web server"),
  http_server: missing("web server"),
  http_api: missing("HTTP API"),
  heartbeat: missing("heartbeat"),
  exporter: missing("Prometheus exporter"),
  rtc_server: missing("WebRTC"),
  rtsp_server: missing("RTSP"),
  srt_server: missing("SRT"),
  stream_caster: missing("stream caster"),
  tencentcloud_cls: missing("Tencent Cloud log"),
  tencentcloud_apm: missing("Tencent Cloud tracing"),
};

function onlyOn(directive: Directive, { mapping }: Scope): void {
  if (wordOf(directive) !== "on") mapping.error(directive, "RTMP is what this server is for; write on or remove it");
}

/** SRS writes to a file unless it is told otherwise. */
function logTank(directive: Directive, { mapping, block }: Scope): void {
  const tank = wordOf(directive);
  if (tank !== "console" && tank !== "file") mapping.error(directive, `must be console or file, not ${quote(tank)}`);
  const named = block.some(({ name }) => name === "srs_log_file");
  if (tank === "file" && !named) mapping.set(["log", "file"], directive, ["./objs/srs.log"]);
}

function logFile(directive: Directive, scope: Scope): void {
  if (wordIn(scope.block, "srs_log_tank") !== "console") key("log", "file")(directive, scope);
}

function vhostBlock(directive: Directive, { mapping }: Scope): void {
  const name = wordOf(directive);
  if (directive.body === undefined || name === "") return mapping.error(directive, "must be a block, vhost NAME { … }");
  const path = ["vhost", name];
  if (mapping.open(path, directive))
    applyRules(directive.body, vhost, { mapping, path }, [[`at the top of the file`, root]]);
}

/** Does what the directives of a whole file mean. */
export function applyAll(directives: readonly Directive[], scope: Omit<Scope, "block">): void {
  applyRules(directives, root, scope, [["in a vhost", vhost]]);
}

/** The names of all directives, for the documentation's proof. */
export function knownDirectives(): ReadonlySet<string> {
  const blocks = [root, rtmps, vhost, play, publish, cluster, destinations, referLists];
  return new Set([...blocks.flatMap((rules) => Object.keys(rules)), ...securityLists]);
}
