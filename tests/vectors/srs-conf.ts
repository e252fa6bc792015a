/** The origin of a small cluster as its operator wrote it for SRS 1.0 in 2014. */
export const conf2014 = `listen              1935;
max_connections     10240;
vhost __defaultVhost__ {
    gop_cache       on;
    forward         192.168.1.6:1935 192.168.1.6:1936 192.168.1.7:1935 192.168.1.7:1936;
}
`;

/** Configurations in SRS's syntax, of several of its versions, and what of our keys they are. */
export const srsConfVectors: readonly { readonly name: string; readonly conf: string; readonly toml: string }[] = [
  {
    name: "the origin of 2014",
    conf: conf2014,
    toml: `max_connections = 10240

[vhost.__defaultVhost__]
forward = ["192.168.1.6:1935", "192.168.1.6:1936", "192.168.1.7:1935", "192.168.1.7:1936"]
`,
  },
  { name: "nothing at all", conf: " # nothing\n;;\n", toml: "" },
  {
    name: "directives over several lines, comments, quotes",
    conf: `listen 1936 # one
  "127.0.0.1:1937"   # two
  '[::1]:1938';
max_connections "20"; vhost "a.com" { queue_length
10;}`,
    toml: `listen = [1936, "127.0.0.1:1937", "[::1]:1938"]
max_connections = 20

[vhost."a.com"]
queue_length = 10
`,
  },
  {
    name: "vhost keys of 1.0 and 2.0",
    conf: `vhost a { enabled off; gop_cache off; queue_length 10; time_jitter zero; chunk_size 128; mw_latency 100;
  atc off; publish_1stpkt_timeout 1000; publish_normal_timeout 2000; forward b; mode local; }`,
    toml: `[vhost.a]
enabled = false
gop_cache = false
queue_length = 10
mw_latency = 100
time_jitter = "zero"
chunk_size = 128
forward = "b"

[vhost.a.publish]
firstpkt_timeout = 1000
normal_timeout = 2000
`,
  },
  {
    name: "HLS of 1.0, beside and in its block",
    conf: "vhost a { hls on; hls_path ./objs; hls_fragment 5; hls_window 30; } vhost b { hls { enabled on; hls_fragment 2.5; hls_window 12; hls_path ./html; } }",
    toml: `[vhost.a]

[vhost.a.hls]
enabled = true
hls_fragment = 5
hls_window = 30
hls_path = "./objs"

[vhost.b]

[vhost.b.hls]
enabled = true
hls_fragment = 3
hls_window = 12
hls_path = "./html"
`,
  },
  {
    name: "HLS of 1.0 that nothing switches on",
    conf: "vhost a { hls_path ./x; hls_fragment 5; }",
    toml: "[vhost.a]\n",
  },
  {
    name: "HLS of later versions",
    conf: `vhost a { hls { enabled on; hls_fragment 4; hls_td_ratio 1.5; hls_aof_ratio 2.1; hls_window 40; hls_dispose 30;
  hls_m3u8_file [app]/[stream]/x.m3u8; hls_ts_file [app]/[stream]/[seq].ts; hls_entry_prefix http://cdn; hls_cleanup off; hls_ctx off;
  hls_wait_keyframe on; hls_ts_floor on; hls_dts_directly on; hls_on_error continue; hls_ts_ctx on; hls_acodec aac; } }`,
    toml: `[vhost.a]

[vhost.a.hls]
enabled = true
hls_fragment = 4
hls_window = 40
hls_dispose = 30
hls_ctx = false
hls_entry_prefix = "http://cdn"
hls_m3u8_file = "[app]/[stream]/x.m3u8"
hls_ts_file = "[app]/[stream]/[seq].ts"
hls_cleanup = false
`,
  },
  {
    name: "HLS in fragmented MP4 of 7.0",
    conf: `vhost a { hls { enabled on; hls_use_fmp4 on; hls_fmp4_file [app]/[stream]/[seq].m4s; hls_init_file [app]/[stream]/init.mp4; } }
vhost b { hls { enabled on; hls_use_fmp4 off; } }`,
    toml: `[vhost.a]

[vhost.a.hls]
enabled = true
hls_format = "fmp4"
hls_fmp4_file = "[app]/[stream]/[seq].m4s"
hls_init_file = "[app]/[stream]/init.mp4"

[vhost.b]

[vhost.b.hls]
enabled = true
`,
  },
  {
    name: "blocks of 3.0 and later",
    conf: `rtmp { listen 1936; chunk_size 4096; }
srs_log_tank console; srs_log_level error;
http_api { enabled off; listen 1985; }
vhost a {
  cluster { mode local; }
  play { gop_cache off; gop_cache_max_frames 100; queue_length 10; mw_latency 0; atc on; }
  publish { firstpkt_timeout 1000; normal_timeout 2000; kickoff_for_idle 0; }
  forward { enabled on; destination b c:1936; }
  hls { enabled off; hls_path ./objs; }
  transcode live { enabled off; engine ff { enabled on; vcodec libx264; } }
}`,
    toml: `listen = 1936
chunk_size = 4096

[log]
level = "error"

[vhost.a]
gop_cache = false
gop_cache_max_frames = 100
queue_length = 10
mw_latency = 0
time_jitter = "off"
forward = ["b", "c:1936"]

[vhost.a.publish]
firstpkt_timeout = 1000
normal_timeout = 2000
`,
  },
  {
    name: "an edge of 1.0",
    conf: "vhost a { mode remote; origin b:1936\n c; token_traverse off; debug_srs_upnode on; }",
    toml: '[vhost.a]\n\n[vhost.a.edge]\norigin = ["b:1936", "c"]\n',
  },
  {
    name: "an edge of 2.0 that asks for another vhost",
    conf: "vhost a { mode remote; origin b; token_traverse off; vhost c.example.com; }",
    toml: '[vhost.a]\n\n[vhost.a.edge]\norigin = "b"\nvhost = "c.example.com"\n',
  },
  {
    name: "an edge in the old place and in the new one",
    conf: "vhost a { mode remote; vhost d; cluster { origin b; protocol flv; } }",
    toml: '[vhost.a]\n\n[vhost.a.edge]\norigin = "http://b"\nvhost = "d"\n',
  },
  {
    name: "merged reads of 2.0, and refer in both places",
    conf: "vhost a { mr { enabled off; } refer_play x.org; refer { enabled on; publish y.org; } }",
    toml: '[vhost.a]\n\n[vhost.a.security]\nrefer_publish = "y.org"\nrefer_play = "x.org"\n',
  },
  {
    name: "two log levels and two ways of time",
    conf: "srs_log_level error; srs_log_level_v2 warn; vhost a { time_jitter full; atc on; }",
    toml: '[log]\nlevel = "warn"\n\n[vhost.a]\ntime_jitter = "off"\n',
  },
  {
    name: "an edge of later versions",
    conf: "vhost a { cluster { protocol flv; mode remote; origin b:8080; vhost [vhost].x; follow_client off; token_traverse on; } }",
    toml: '[vhost.a]\n\n[vhost.a.edge]\norigin = "http://b:8080"\nvhost = "[vhost].x"\npublish = true\ntoken_traverse = true\n',
  },
  {
    name: "an edge that is none",
    conf: "vhost a { mode local; origin b; token_traverse on; cluster { mode local; origin c; vhost d; } }",
    toml: "[vhost.a]\n",
  },
  {
    name: "RTMPS of 7.0",
    conf: "rtmp { listen 1935; } rtmps { enabled on; listen 1443; key ./conf/a.key; cert ./conf/a.crt; }",
    toml: '[rtmps]\nlisten = 1443\ncert = "./conf/a.crt"\nkey = "./conf/a.key"\n',
  },
  {
    name: "a port for each kind of IP",
    conf: "listen 1936 [::]:1936\n0.0.0.0:1937 [::]:1937 [::]:1938 0.0.0.0:1939;",
    toml: 'listen = [1936, 1937, 1938, "0.0.0.0:1939"]\n',
  },
  { name: "RTMPS that is switched off", conf: "rtmps { enabled off; listen 1443; }", toml: "" },
  {
    name: "a log file and a pid file",
    conf: "srs_log_file ./objs/a.log; pid ./objs/a.pid;",
    toml: 'pid = "./objs/a.pid"\n\n[log]\nfile = "./objs/a.log"\n',
  },
  { name: "a log file by its tank", conf: "srs_log_tank file;", toml: '[log]\nfile = "./objs/srs.log"\n' },
  { name: "a log file that the tank rules out", conf: "srs_log_tank console; srs_log_file ./a.log;", toml: "" },
  {
    name: "forward that is switched off",
    conf: "vhost a { forward { enabled off; destination b; } }",
    toml: "[vhost.a]\n",
  },
  {
    name: "rules on addresses",
    conf: `vhost a {
  security {
    enabled on;
    allow play all;
    allow publish 10.0.0.0/8;
    deny play 10.1.2.3;
    allow publish 192.168.1.6;
  }
}
vhost nobody { security { enabled on; } }
vhost everybody { security { enabled off; deny play all; } }`,
    toml: `[vhost.a]

[vhost.a.security]
enabled = true
allow = ["play all", "publish 10.0.0.0/8", "publish 192.168.1.6"]
deny = "play 10.1.2.3"

[vhost.nobody]

[vhost.nobody.security]
enabled = true

[vhost.everybody]
`,
  },
  {
    name: "refer of 1.0 and of 3.0",
    conf: `vhost a { refer github.com github.io; refer_publish github.com; }
vhost b { refer { enabled on; all github.com; play github.io; } }
vhost c { refer { enabled off; all github.com; } }`,
    toml: `[vhost.a]

[vhost.a.security]
refer = ["github.com", "github.io"]
refer_publish = "github.com"

[vhost.b]

[vhost.b.security]
refer = "github.com"
refer_play = "github.io"

[vhost.c]
`,
  },
  {
    name: "streams over HTTP, on and off",
    conf: `vhost a { http_remux { enabled on; mount [vhost]/[app]/[stream].ts; has_video on; fast_cache 30; } }
vhost b { http_remux { enabled off; } }
vhost c { http_remux { mount [vhost]/[app]/[stream].flv; } }`,
    toml: `[vhost.a]

[vhost.b]

[vhost.b.http_remux]
enabled = false

[vhost.c]

[vhost.c.http_remux]
enabled = false
`,
  },
  {
    name: "names of JavaScript's",
    conf: "vhost __proto__ { gop_cache off; } vhost constructor { }",
    toml: "[vhost.__proto__]\ngop_cache = false\n\n[vhost.constructor]\n",
  },
];
