/** What becomes of a file: it starts with so many warnings, or it is refused for what these directives ask for. */
export interface SrsShape {
  readonly name: string;
  readonly conf: string;
  /** What is left out, by name and in the order of the file; a warning each. */
  readonly leftOut: readonly string[];
  /** What `--ignore` has to name for a start. */
  readonly refused: readonly string[];
}

/** The shapes of configurations that SRS's users have, one for each of its features. */
export const srsShapes: readonly SrsShape[] = [
  shape("plain live", "daemon off; srs_log_tank console; vhost __defaultVhost__ { }"),
  shape(
    "low latency",
    "vhost a { tcp_nodelay off; min_latency off; play { gop_cache off; mw_latency 100; queue_length 9; } publish { mr off; } }",
  ),
  shape("HLS", "vhost a { hls { enabled on; hls_path ./x; hls_fragment 9; hls_window 50; hls_keys off; } }"),
  shape(
    "HLS with keys",
    "vhost a { hls { enabled on; hls_keys on; hls_fragments_per_key 5; hls_key_file [app]/[stream]-[seq].key; hls_key_file_path ./x; hls_key_url http://a; } }",
  ),
  shape(
    "HLS by a web server",
    "http_server { enabled on; listen 8080; dir ./x; https { enabled on; listen 8088; key a; cert b; } } vhost a { hls { enabled on; } }",
  ),
  shape(
    "a web server of 1.0",
    "http_stream { enabled on; listen 8080; } vhost a { http { enabled on; mount /x; dir ./y; } }",
    ["http"],
  ),
  shape("DASH and HDS", "vhost a { dash { enabled on; dash_fragment 9; } hds { enabled on; hds_path ./x; } }", [
    "dash",
    "hds",
  ]),
  shape(
    "HTTP-FLV",
    "http_server { enabled on; } vhost a { http_remux { enabled on; mount [vhost]/[app]/[stream].flv; hstrs on; } }",
  ),
  shape(
    "what is switched off",
    "http_api { enabled off; auth { enabled on; } } vhost a { dvr { enabled off; } hls { } transcode { enabled off; engine x { enabled on; } } http_hooks { enabled off; on_publish http://h/; } }",
  ),
  shape("what nothing switches on", "vhost a { dvr { dvr_path ./x; } ingest x { input { type file; } } }"),
  shape("an API", "http_api { enabled on; listen 1985; crossdomain on; raw_api { enabled on; allow_reload on; } }"),
  shape("an API without credentials", "http_api { enabled on; auth { enabled off; username a; password b; } }"),
  shape("an API with credentials", "http_api { enabled on; auth { enabled on; username a; password long-enough; } }"),
  shape(
    "an API with the password of SRS's own files",
    "http_api { enabled on; listen 1985; auth { enabled on; username admin; password admin; } } http_server { enabled on; listen 8080; }",
    ["http_api"],
  ),
  shape(
    "an API on the port of the HTTP server",
    "http_api { enabled on; crossdomain on; listen 9000; } http_server { enabled on; listen 9000; }",
    ["http_api"],
  ),
  shape(
    "an API with credentials on the port of the HTTP server",
    "http_server { enabled on; dir ./x; } http_api { enabled on; listen 8080; auth { enabled on; username a; password long-enough; } }",
    ["http_api"],
  ),
  shape(
    "an API and an HTTP server that share both ports",
    "http_api { enabled on; listen 9000; https { enabled on; listen 9443; key a; cert b; } } http_server { enabled on; listen 9000; https { enabled on; listen 9443; key a; cert b; } }",
    ["http_api"],
  ),
  shape("an API with HTTPS", "http_api { enabled on; https { enabled on; listen 1990; key a; cert b; } }", ["https"]),
  shape(
    "hooks that decide",
    "vhost a { http_hooks { enabled on; on_connect http://h/; on_publish http://h/; on_play http://h/; } }",
  ),
  shape(
    "hooks that are told",
    "vhost a { http_hooks { enabled on; on_close http://h/; on_unpublish http://h/; on_stop http://h/; on_hls http://h/; } }",
  ),
  shape(
    "recording by sessions",
    "vhost a { dvr { enabled on; dvr_plan session; dvr_path ./[app]/[stream].flv; } }",
    ["dvr"],
    ["dvr"],
  ),
  shape(
    "recording by segments",
    "vhost a { dvr { enabled on; dvr_plan segment; dvr_duration 30; dvr_apply all; time_jitter full; } }",
    ["dvr"],
    ["dvr"],
  ),
  shape(
    "transcoding",
    "vhost a { transcode live/x { enabled on; ffmpeg ./ffmpeg; engine ff { enabled on; vfilter { vf yadif; } vcodec libx264; output rtmp://127.0.0.1:[port]/[app]?vhost=[vhost]/[stream]_[engine]; } } }",
  ),
  shape(
    "ingest",
    "vhost a { ingest x { enabled on; input { type file; url ./a.flv; } ffmpeg ./ffmpeg; engine { enabled off; output rtmp://127.0.0.1:[port]/live/x; } } }",
    ["ingest"],
    ["ingest"],
  ),
  shape(
    "programs",
    "vhost a { exec { enabled on; publish ./ffmpeg -f flv -i [url] -c copy -y ./[stream].flv; } }",
    ["exec"],
    ["exec"],
  ),
  shape("an origin that forwards", "vhost a { forward { enabled on; destination 127.0.0.1:1936; } }"),
  shape("a backend", "vhost a { forward { enabled on; backend http://127.0.0.1:8085/f; } }"),
  shape(
    "an edge on whose clients an origin decides",
    "vhost a { cluster { mode remote; origin 127.0.0.1:1936; token_traverse on; coworkers x; } }",
  ),
  shape("an edge without that", "vhost a { mode remote; origin 127.0.0.1:1936; }", ["mode"]),
  shape(
    "an origin of a cluster of origins",
    "vhost a { cluster { mode local; origin_cluster on; coworkers 127.0.0.1:9091; } }",
    ["origin_cluster"],
  ),
  shape("a load balancer's origin", "heartbeat { enabled on; interval 9; url http://h/; device_id x; ports on; }", [
    "heartbeat",
  ]),
  shape(
    "addresses",
    "vhost a { security { enabled on; deny publish 10.0.0.1; allow play all; } refer { enabled on; all x.org; } }",
  ),
  shape("an end for the idle", "vhost a { publish { kickoff_for_idle 60; } }", ["kickoff_for_idle"]),
  shape(
    "streams that others bring",
    "stream_caster { enabled on; caster mpegts_over_udp; output rtmp://127.0.0.1/live/x; listen 8935; } stream_caster { enabled on; caster gb28181; sip { enabled on; } } srt_server { enabled on; passphrase x; }",
    ["stream_caster", "srt_server"],
  ),
  shape(
    "WebRTC",
    "rtc_server { enabled on; listen 8000; candidate *; } vhost a { rtc { enabled on; rtmp_to_rtc on; } nack { enabled on; } twcc { enabled on; } }",
    ["rtc_server", "rtc"],
  ),
  shape(
    "SRT and RTSP",
    "srt_server { enabled on; } rtsp_server { enabled on; } vhost a { srt { enabled on; srt_to_rtmp on; } rtsp { enabled on; } }",
    ["srt_server", "rtsp_server", "srt", "rtsp"],
  ),
  shape(
    "what is measured elsewhere",
    "exporter { enabled on; listen 9972; } stats { network 0; } vhost a { bandcheck { enabled on; key x; } }",
    ["exporter", "bandcheck"],
  ),
  shape("a cloud's", "tencentcloud_cls { enabled on; secret_key x; } tencentcloud_apm { enabled on; token x; }", [
    "tencentcloud_cls",
    "tencentcloud_apm",
  ]),
  shape("a file that is watched", "inotify_auto_reload on;", ["inotify_auto_reload"]),
  shape("audio and video in order", "vhost a { mix_correct on; } vhost b { play { mix_correct off; } }", [
    "mix_correct",
  ]),
  shape("two settings of one thing", "max_connections 1; max_connections 2;", ["max_connections"]),
];

function shape(name: string, conf: string, leftOut: readonly string[] = [], refused: readonly string[] = []): SrsShape {
  return { name, conf, leftOut, refused };
}
