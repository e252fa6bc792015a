import { quote } from "../show.ts";
import { addressRules } from "./access.ts";
import { apiBlock, apiEnabled, apiListen, apiPassword, apiUsername } from "./api.ts";
import { mode, ofAnEdge, origin, protocol } from "./cluster.ts";
import { hlsRules, wholeSeconds } from "./hls.ts";
import { crossdomain, httpPort, httpRemux, httpsPort, listensWhenOn, mount, trackFor } from "./http.ts";
import { wordIn, wordOf } from "./mapping.ts";
import {
  asItIs,
  block,
  isOn,
  key,
  keyByWord,
  leftOut,
  mapped,
  type Rule,
  refused,
  switchedBlock,
  unless,
  unused,
  unusedIfOn,
} from "./rules.ts";
import { transcode } from "./transcode.ts";

/** A directive of SRS, and its treatment here. */
export interface Entry {
  /**
   * Where versions of SRS write it, from the oldest to the newest: the names of the blocks around it, and its own. A file
   * may use any of them; a directive at an older place is moved to the newest one before the rules apply.
   */
  readonly spellings: readonly string[];
  readonly rule: Rule;
}

const sentAtOnce = "packets are written as soon as mw_latency lets them";
const readAtOnce = "this server decides by itself when it reads a publisher";
const foreground = "this server stays in the foreground; systemd or another supervisor starts it and keeps it running";
const ownWindow = "this server chooses the windows of peers itself";
const ownFlvHeader = "FLV's header names the tracks that are there";
const ownMessages = "FFmpeg's messages go to the server's log";
const noOrigin = "its streams would be missing";

/** Every directive that SRS has had since 1.0. A new feature moves its lines from `leftOut` or `refused` to keys. */
export const directives: readonly Entry[] = [
  // Listeners.
  entry("rtmp", block),
  entry("listen", "rtmp listen", addresses("listen")),
  entry("chunk_size", "rtmp chunk_size", key("chunk_size")),
  entry("rtmp enabled", onlyOn()),
  entry("rtmps", switchedBlock),
  entry("rtmps listen", addresses("rtmps", "listen")),
  entry("rtmps cert", key("rtmps", "cert")),
  entry("rtmps key", key("rtmps", "key")),
  entry("max_connections", key("max_connections")),

  // The process and its log.
  entry(
    "srs_log_level",
    unless("srs_log_level_v2", () => true, logLevel()),
  ),
  entry("srs_log_level_v2", logLevelV2()),
  entry("srs_log_tank", logTank()),
  entry("srs_log_file", logFile()),
  entry("pid", key("pid")),
  entry("work_dir", workDir()),
  entry("daemon", unusedIfOn(foreground)),
  entry("asprocess", unusedIfOn(foreground)),
  entry("disable_daemon_for_docker", unused(foreground)),
  entry("in_docker", unused(foreground)),
  entry("server_id", unused("each start has an id of its own, in the log's first line")),
  entry("utc_time", unused("the log has a time format of its own")),
  entry("pithy_print", "pithy_print_ms", unused("the log has a summary at its own pace")),
  entry("stats", unused("the API's summaries have all disks and networks of the machine")),
  entry("ff_log_dir", unused(ownMessages)),
  entry("ff_log_level", unused(ownMessages)),
  entry("circuit_breaker", unused("readers that fall behind skip to the newest key frame instead")),
  entry("threads", unused("there is one")),
  entry("tcmalloc_release_rate", unused("the runtime manages memory")),
  entry("empty_ip_ok", unused("a client without an address is no problem")),
  entry("grace_start_wait", unused("a stop begins at once")),
  entry("grace_final_wait", unused("a stop ends with the last connection")),
  entry("force_grace_quit", unused("SIGTERM stops at once, SIGQUIT does not")),
  entry("query_latest_version", asItIs),
  entry("first_wait_for_qlv", asItIs),
  entry("auto_reload_for_docker", asItIs),
  entry("is_full", asItIs),
  entry("inotify_auto_reload", leftOut("reload by itself when the file changes", "send SIGHUP after a change")),

  // Other protocols and services.
  entry("http_api", apiBlock),
  entry("http_api enabled", apiEnabled),
  entry("http_api listen", apiListen),
  entry("http_api crossdomain", unusedIfOn("pages of other hosts may not call the API")),
  entry("http_api raw_api", unusedIfOn("/api/v1/raw is there, and reloads for users with the role admin")),
  entry("http_api auth", switchedBlock),
  entry("http_api auth username", apiUsername),
  entry("http_api auth password", apiPassword),
  entry("http_api https", leftOut("HTTPS for its API", "put a proxy in front", { ignore: "http_api" })),
  entry("http_stream", "http_server", switchedBlock),
  entry("http_server enabled", listensWhenOn(httpPort, "http_server", "listen")),
  entry("http_server listen", addresses("http_server", "listen")),
  entry("http_server dir", key("http_server", "dir")),
  entry("http_server crossdomain", crossdomain),
  entry("http_server https", switchedBlock),
  entry("http_server https enabled", listensWhenOn(httpsPort, "http_server", "tls", "listen")),
  entry("http_server https listen", addresses("http_server", "tls", "listen")),
  entry("http_server https cert", key("http_server", "tls", "cert")),
  entry("http_server https key", key("http_server", "tls", "key")),
  entry("heartbeat", leftOut("heartbeat")),
  entry("exporter", leftOut("port for metrics alone", "http_api has them at /metrics")),
  entry("stream_caster", leftOut("stream caster", "publish by RTMP")),
  entry("rtc_server", leftOut("WebRTC")),
  entry("rtsp_server", leftOut("RTSP")),
  entry("srt_server", leftOut("SRT", "publish by RTMP")),
  entry("tencentcloud_cls", leftOut("Tencent Cloud log")),
  entry("tencentcloud_apm", leftOut("Tencent Cloud tracing")),

  entry("vhost", { kind: "block", becomes: "", opens: "vhost", apply() {} }),
  entry("vhost enabled", key("enabled")),
  entry("vhost chunk_size", key("chunk_size")),

  // Playing.
  entry("vhost play", block),
  entry("vhost gop_cache", "vhost play gop_cache", key("gop_cache")),
  entry("vhost gop_cache_max_frames", "vhost play gop_cache_max_frames", key("gop_cache_max_frames")),
  entry("vhost queue_length", "vhost play queue_length", key("queue_length")),
  entry(
    "vhost time_jitter",
    "vhost play time_jitter",
    unless("atc", (word) => word === "on", key("time_jitter")),
  ),
  entry("vhost atc", "vhost play atc", atc()),
  entry(
    "vhost atc_auto",
    "vhost play atc_auto",
    unused("a stream's metadata doesn't change how its time is treated; atc does"),
  ),
  entry(
    "vhost mix_correct",
    "vhost play mix_correct",
    leftOut("mix_correct", "audio and video are passed on unchanged"),
  ),
  entry("vhost mw_latency", "vhost play mw_latency", key("mw_latency")),
  entry("vhost mw_msgs", "vhost play mw_msgs", unused(sentAtOnce)),
  entry("vhost send_min_interval", "vhost play send_min_interval", unused(sentAtOnce)),
  entry("vhost tcp_nodelay", unusedIfOn(sentAtOnce)),
  entry("vhost min_latency", unusedIfOn(sentAtOnce)),
  entry(
    "vhost reduce_sequence_header",
    "vhost play reduce_sequence_header",
    unusedIfOn("headers that a publisher repeats are passed on"),
  ),
  entry("vhost in_ack_size", unused(ownWindow)),
  entry("vhost out_ack_size", unused(ownWindow)),

  // Publishing.
  entry("vhost publish", block),
  entry("vhost publish_1stpkt_timeout", "vhost publish firstpkt_timeout", key("publish", "firstpkt_timeout")),
  entry("vhost publish_normal_timeout", "vhost publish normal_timeout", key("publish", "normal_timeout")),
  entry("vhost mr", "vhost mr enabled", "vhost publish mr", unusedIfOn(readAtOnce)),
  entry("vhost mr latency", "vhost publish mr_latency", { ...asItIs, becomes: "goes with `mr`" }),
  entry("vhost publish parse_sps", asItIs),
  entry("vhost publish try_annexb_first", asItIs),
  entry("vhost publish kickoff_for_idle", kickoffForIdle()),

  // Clusters.
  entry("vhost forward", "vhost forward destination", key("forward")),
  entry("vhost forward", switchedBlock),
  entry("vhost forward backend", key("http_hooks", "on_forward")),
  entry("vhost cluster", block),
  entry("vhost mode", "vhost cluster mode", mode),
  entry("vhost origin", "vhost cluster origin", origin),
  entry("vhost vhost", "vhost cluster vhost", ofAnEdge(key("edge", "vhost"))),
  entry("vhost token_traverse", "vhost cluster token_traverse", ofAnEdge(key("edge", "token_traverse"))),
  entry("vhost debug_srs_upnode", "vhost cluster debug_srs_upnode", asItIs),
  entry("vhost cluster protocol", protocol),
  entry("vhost cluster follow_client", ofAnEdge(unusedIfOn("origins are asked by the protocol of their address"))),
  entry(
    "vhost cluster origin_cluster",
    leftOut("origin cluster", "nodes find each other's streams by cluster.registry, or an edge names all origins"),
  ),
  entry("vhost cluster coworkers", asItIs),

  // Access.
  entry("vhost refer", switchedBlock),
  entry("vhost refer", "vhost refer all", referOf("refer")),
  entry("vhost refer_publish", "vhost refer publish", referOf("refer_publish")),
  entry("vhost refer_play", "vhost refer play", referOf("refer_play")),
  entry("vhost security", switchedBlock),
  entry("vhost security enabled", key("security", "enabled")),
  entry("vhost security allow", addressRules("allow")),
  entry("vhost security deny", addressRules("deny")),
  entry("vhost http_hooks", switchedBlock),
  ...["on_connect", "on_close", "on_publish", "on_unpublish", "on_play", "on_stop", "on_hls"].map((name) =>
    entry(`vhost http_hooks ${name}`, key("http_hooks", name)),
  ),
  entry("vhost http_hooks on_dvr", leftOut("DVR")),
  entry("vhost http_hooks on_hls_notify", leftOut("requests of its own for segments", "on_hls notifies of each")),
  entry("vhost bandcheck", leftOut("bandwidth test", "measure with srs bench")),

  // What is made of streams.
  entry("vhost dvr", refused({ ignore: "dvr", feature: "DVR", without: "nothing would be recorded" })),
  entry("vhost transcode", transcode),
  entry(
    "vhost ingest",
    refused({ ignore: "ingest", feature: "ingest", without: noOrigin, instead: "publish with FFmpeg from outside" }),
  ),
  entry(
    "vhost exec",
    refused({ ignore: "exec", feature: "exec", without: "the streams of its programs would be missing" }),
  ),
  entry("vhost hls", switchedBlock),
  entry("vhost hls", "vhost hls enabled", key("hls", "enabled")),
  entry("vhost hls_path", "vhost hls hls_path", key("hls", "hls_path")),
  entry("vhost hls_fragment", "vhost hls hls_fragment", wholeSeconds("hls_fragment")),
  entry("vhost hls_window", "vhost hls hls_window", wholeSeconds("hls_window")),
  ...Object.entries(hlsRules).map(([name, rule]) => entry(`vhost hls ${name}`, rule)),
  entry("vhost hds", leftOut("HDS")),
  entry("vhost dash", leftOut("DASH")),
  entry("vhost http", "vhost http_static", leftOut("files of a vhost's own", "http_server.dir is for all vhosts")),
  entry("vhost http_remux", httpRemux),
  entry("vhost http_remux mount", mount),
  entry("vhost http_remux fast_cache", unused("sound begins with the newest frame")),
  entry("vhost http_remux has_audio", trackFor("audio")),
  entry("vhost http_remux has_video", trackFor("video")),
  entry("vhost http_remux drop_if_not_match", unused(ownFlvHeader)),
  entry("vhost http_remux guess_has_av", unused(ownFlvHeader)),
  entry("vhost http_remux hstrs", asItIs),
  entry("vhost rtc", leftOut("WebRTC")),
  entry("vhost rtsp", leftOut("RTSP")),
  entry("vhost srt", leftOut("SRT")),
  entry("vhost nack", asItIs),
  entry("vhost twcc", asItIs),
];

function entry(...parts: readonly [...spellings: string[], rule: Rule]): Entry {
  const spellings = parts.filter((part) => typeof part === "string");
  const rule = parts.at(-1) as Rule; // the last of the parts, by its type
  return { spellings, rule };
}

/** SRS needs an address for each kind of IP; a bare port stands for both here. */
function addresses(...path: string[]): Rule {
  const becomes = `\`${path.join(".")}\`; a bare port is IPv4 and IPv6 here, so that \`1935 [::]:1935\` is 1935`;
  return mapped(becomes, (directive, { mapping, path: table }) => {
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
  });
}

function onlyOn(): Rule {
  return {
    kind: "error",
    becomes: "`on` as it is; `off` is an error",
    apply(directive, { mapping }) {
      if (wordOf(directive) !== "on")
        mapping.error(directive, "RTMP is what this server is for; write on or remove it");
    },
  };
}

function logLevel(): Rule {
  const becomes = '`log.level`: `verbose` and `info` are "debug", `trace` is "info", `warn`, `error`';
  const words = { verbose: "debug", info: "debug", trace: "info", warn: "warn", error: "error" };
  return keyByWord(becomes, words, "log", "level");
}

function logLevelV2(): Rule {
  const becomes = '`log.level`: `trace` and `debug` are "debug", `info`, `warn`, `error`; goes before `srs_log_level`';
  const words = { trace: "debug", debug: "debug", info: "info", warn: "warn", error: "error" };
  return keyByWord(becomes, words, "log", "level");
}

/** SRS logs to a file by default. */
function logTank(): Rule {
  const becomes = 'with `file`, and no `srs_log_file`, `log.file` is "./objs/srs.log"';
  return mapped(becomes, (directive, { mapping, block: around }) => {
    const tank = wordOf(directive);
    if (tank !== "console" && tank !== "file") mapping.error(directive, `must be console or file, not ${quote(tank)}`);
    const named = around.some(({ name }) => name === "srs_log_file");
    if (tank === "file" && !named) mapping.set(["log", "file"], directive, ["./objs/srs.log"]);
  });
}

function logFile(): Rule {
  return mapped("`log.file`, unless the tank is `console`", (directive, scope) => {
    if (wordIn(scope.block, "srs_log_tank") !== "console") key("log", "file").apply(directive, scope);
  });
}

function workDir(): Rule {
  return {
    kind: "error",
    becomes: "`./` as it is; any other is an error",
    apply(directive, { mapping }) {
      if (/^(?:\.\/?)?$/.test(wordOf(directive))) return;
      mapping.error(
        directive,
        "this server stays in the folder it was started in; change to it before the start (WorkingDirectory= in a systemd unit) and remove this",
      );
    },
  };
}

/** `off` sets nothing, so that `time_jitter` keeps its value. */
function atc(): Rule {
  return mapped('`on` is `time_jitter = "off"`', (directive, { mapping, path }) => {
    if (isOn(directive)) mapping.set([...path, "time_jitter"], directive, ["off"]);
  });
}

function kickoffForIdle(): Rule {
  const rule = leftOut("end for publishers without viewers");
  return {
    ...rule,
    becomes: `0 as it is; any other is ${rule.becomes}`,
    apply(directive, scope) {
      if (!/^0*(?:\.0*)?$/.test(wordOf(directive))) rule.apply(directive, scope);
    },
  };
}

function referOf(list: string): Rule {
  const rule = key("security", list);
  const becomes = `${rule.becomes}; matches whole labels: \`example.com\` and its subdomains, not \`badexample.com\``;
  return { ...rule, becomes };
}
