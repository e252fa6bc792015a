import { expect, test } from "bun:test";
import { parseConfig } from "../../../../src/app/config/index.ts";
import { errorsOf } from "../../../support/config.ts";

const inVhost = (line: string) => `[vhost.__defaultVhost__]\n${line}\n`;

const bad: readonly [what: string, text: string, ...messages: string[]][] = [
  [
    "RTMPS without a certificate",
    "max_connection = 1\n[rtmps]\nlisten = 443",
    'x.toml:1: max_connection: unknown key; did you mean "max_connections"?',
    "x.toml:3: rtmps.listen: needs a certificate; set rtmps.cert and rtmps.key",
  ],
  [
    "RTMPS whose certificate is wrong itself",
    "[rtmps]\nlisten = 443\ncert = 1",
    "x.toml:3: rtmps.cert: must be the path of a file, not 1",
  ],
  [
    "fewer keys than certificates",
    '[rtmps]\ncert = ["a.crt", "b.crt"]\nkey = "a.key"',
    "x.toml:3: rtmps.key: 1 key for 2 certificates in rtmps.cert; name one key for each certificate, in the same order",
  ],
  [
    "a key without its certificate",
    '[rtmps]\nkey = "a.key"',
    "x.toml:2: rtmps.key: 1 key for 0 certificates in rtmps.cert; name one key for each certificate, in the same order",
  ],
  [
    "every address, and some of them",
    'listen = [1935,\n"127.0.0.1:1935", "0.0.0.0:1936",\n"127.0.0.1:1936", "[::1]:1936"]\n[rtmps]\nlisten = "[::1]:1935"\ncert = "a.crt"',
    "x.toml:2: listen[1]: 127.0.0.1:1935 is part of 1935, every address, which is listened on, too; remove one of the two",
    "x.toml:3: listen[3]: 127.0.0.1:1936 is part of 0.0.0.0:1936, every IPv4 address, which is listened on, too; remove one of the two",
    "x.toml:5: rtmps.listen: [::1]:1935 is part of 1935, every address, which is listened on, too; remove one of the two",
  ],
  [
    "HTTP and RTMP on one port",
    'listen = [1935, "127.0.0.1:1936"]\n[http_server]\nlisten = [8080, 1935,\n"127.0.0.1:1936"]\n[http_server.tls]\nlisten = "127.0.0.1:8080"\ncert = "a.crt"',
    "x.toml:3: http_server.listen[1]: port 1935 is in listen, too, for RTMP; give each protocol a port of its own",
    "x.toml:4: http_server.listen[2]: 127.0.0.1:1936 is in listen, too, for RTMP; give each protocol a port of its own",
    "x.toml:6: http_server.tls.listen: 127.0.0.1:8080 is part of 8080, every address, which is listened on, too; remove one of the two",
  ],
  [
    "HTTPS without a certificate",
    "listen = []\n[http_server.tls]\nlisten = 443",
    "x.toml:3: http_server.tls.listen: needs a certificate; set http_server.tls.cert and http_server.tls.key, or those of rtmps",
  ],
  [
    "a page's frame that is no host",
    '[http_server.page]\nembed = "https://example.com/"',
    'x.toml:2: http_server.page.embed: "https://example.com/" is not a host name such as "example.com", which its subdomains belong to',
  ],
  [
    "proxies where nothing listens, and whom anybody could be",
    '[proxy_protocol]\nlisten = "127.0.0.1:1999"',
    "x.toml:2: proxy_protocol.listen: 127.0.0.1:1999 is neither in listen nor in rtmps.listen, nor in one of http_server or http_api; name it there, too",
    "x.toml:2: proxy_protocol.listen: needs the proxies' addresses; set proxy_protocol.trusted",
  ],
  [
    "an edge that asks a registry that is not there",
    '[vhost.__defaultVhost__.edge]\norigin = ["10.0.0.5", "registry"]',
    'x.toml:2: vhost.__defaultVhost__.edge.origin: "registry" needs [cluster] registry; a host of that name is written "registry:1935"',
  ],
  [
    "origins that decide, and nodes for which none does",
    '[cluster]\nregistry = "redis://r"\n[vhost.__defaultVhost__.edge]\norigin = "registry"\ntoken_traverse = true',
    'x.toml:5: vhost.__defaultVhost__.edge.token_traverse: can\'t be used with the origin "registry", as no server decides for its nodes',
  ],
  [
    "a mistyped key",
    inVhost("gop_cach = true"),
    'x.toml:2: vhost.__defaultVhost__.gop_cach: unknown key; did you mean "gop_cache"?',
  ],
  ["a mistyped key at the top", "lisen = 1935", 'x.toml:1: lisen: unknown key; did you mean "listen"?'],
  [
    "a key that is like none",
    "daemon = true",
    "x.toml:1: daemon: unknown key; known here: listen, max_connections, chunk_size, pid, drain_timeout, forward_state, rtmps, http_server, http_api, cluster, proxy_protocol, log, limits, transcode, vhost",
  ],
  [
    "a vhost's key at the top",
    "gop_cache = true",
    'x.toml:1: gop_cache: unknown key here; "gop_cache" belongs in [vhost.NAME]',
  ],
  [
    "a global key after a table",
    inVhost("listen = 1935"),
    'x.toml:2: vhost.__defaultVhost__.listen: unknown key here; "listen" belongs at the top of the file, before the first [table]',
  ],
  [
    "a publish key in the vhost",
    inVhost("normal_timeout = 5000"),
    'x.toml:2: vhost.__defaultVhost__.normal_timeout: unknown key here; "normal_timeout" belongs in [vhost.NAME.publish]',
  ],
  [
    "a vhost's table at the top",
    "[publish]\ngrace = 1",
    'x.toml:1: publish: unknown key here; "publish" belongs at [vhost.NAME.publish]',
  ],
  [
    "a vhost name with dots and without quotes",
    "[vhost.live.example.com]\ngop_cache = true",
    'x.toml:1: vhost.live.example: unknown key; a name with dots needs quotes: [vhost."live.example.com"]',
  ],
  [
    "the same with a table in it",
    "[vhost.live.example.com.publish]\ngrace = 1",
    'x.toml:1: vhost.live.example: unknown key; a name with dots needs quotes: [vhost."live.example.com"]',
  ],
  [
    "an impossible vhost name",
    '[vhost."a b"]',
    'x.toml:1: vhost."a b": a vhost is a host name or an address: letters, digits, and . _ : -',
  ],
  ["a vhost that is no table", "vhost = 1", "x.toml:1: vhost: must be tables by name, [vhost.NAME], not 1"],
  ["vhosts as a list", "[[vhost]]\n", "x.toml:1: vhost: must be tables by name, [vhost.NAME], not a list"],
  ["a named vhost that is no table", "vhost.a = true", "x.toml:1: vhost.a: must be a table, [vhost.a], not true"],
  ["a block that is no table", 'log = "info"', 'x.toml:1: log: must be a table, [log], not "info"'],
  ["a port out of range", "listen = 65536", 'x.toml:1: listen: "65536" is not a port, 0 to 65535'],
  [
    "an address without a port",
    'listen = "::1"',
    'x.toml:1: listen: "::1" is ambiguous; write an IPv6 address in brackets, as in "[::1]:1935"',
  ],
  ["a listen of another type", "listen = true", 'x.toml:1: listen: must be a port or "address:port", not true'],
  [
    "nothing to listen on",
    "listen = []",
    "x.toml:1: listen: must not be empty, unless rtmps.listen or http_server.listen names an address: nobody could connect",
  ],
  ["a port listed twice", 'listen = [1935,\n "1935"]', "x.toml:2: listen[1]: 1935 is listed twice"],
  [
    "no connections",
    "max_connections = 0",
    "x.toml:1: max_connections: must be a whole number from 1 to 1000000, not 0",
  ],
  [
    "a number as text",
    'max_connections = "5"',
    'x.toml:1: max_connections: must be a whole number from 1 to 1000000, not "5"',
  ],
  [
    "half a connection",
    "max_connections = 1.5",
    "x.toml:1: max_connections: must be a whole number from 1 to 1000000, not 1.5",
  ],
  [
    "an endless number",
    "max_connections = inf",
    "x.toml:1: max_connections: must be a whole number from 1 to 1000000, not Infinity",
  ],
  [
    "a date",
    "max_connections = 2026-11-23",
    "x.toml:1: max_connections: must be a whole number from 1 to 1000000, not a date",
  ],
  [
    "a chunk size too small",
    "chunk_size = 127",
    "x.toml:1: chunk_size: must be a whole number of bytes from 128 to 65536, not 127",
  ],
  [
    "a chunk size too large, in a vhost",
    inVhost("chunk_size = 65537"),
    "x.toml:2: vhost.__defaultVhost__.chunk_size: must be a whole number of bytes from 128 to 65536, not 65537",
  ],
  [
    "SRS's on in quotes",
    inVhost('gop_cache = "on"'),
    'x.toml:2: vhost.__defaultVhost__.gop_cache: must be true or false; write true instead of "on"',
  ],
  [
    "a flag as a number",
    inVhost("enabled = 1"),
    "x.toml:2: vhost.__defaultVhost__.enabled: must be true or false, not 1",
  ],
  [
    "an unknown word",
    inVhost('time_jitter = "ful"'),
    'x.toml:2: vhost.__defaultVhost__.time_jitter: must be "full", "zero" or "off", not "ful"',
  ],
  [
    "a latency that is neither",
    inVhost('mw_latency = "350"'),
    'x.toml:2: vhost.__defaultVhost__.mw_latency: must be a whole number of milliseconds from 0 to 5000, or "auto", not "350"',
  ],
  [
    "a latency below zero",
    inVhost("mw_latency = -1"),
    'x.toml:2: vhost.__defaultVhost__.mw_latency: must be a whole number of milliseconds from 0 to 5000, or "auto", not -1',
  ],
  [
    "a log level",
    "[log]\nlevel = 'trace'",
    'x.toml:2: log.level: must be "debug", "info", "warn" or "error", not "trace"',
  ],
  [
    "RTMPE",
    inVhost('forward = "rtmpe://a/live/x"'),
    'x.toml:2: vhost.__defaultVhost__.forward: "rtmpe://a/live/x": only rtmp:// and rtmps:// targets are supported',
  ],
  [
    "an origin that speaks something else",
    '[vhost.a.edge]\norigin = "srt://a/live/x"',
    'x.toml:2: vhost.a.edge.origin: "srt://a/live/x": only rtmp://, rtmps://, http:// and https:// origins are supported',
  ],
  [
    "a target of another type",
    inVhost("forward = [1935]"),
    'x.toml:2: vhost.__defaultVhost__.forward[0]: must be a target such as "192.168.1.6:1935", not 1935',
  ],
  [
    "targets as SRS separates them",
    inVhost('forward = "a:1935 b:1935"'),
    'x.toml:2: vhost.__defaultVhost__.forward: "a:1935 b:1935": a target has no spaces; write several targets as a list, ["a", "b"]',
  ],
  [
    "every mistake at once, in the order of the file",
    `max_connections = 0
[vhost.a]
forward = [
  "b",
  "rtmp://b/[x]/y",
  "B:1935",
]
[vhost.a.publish]
grac = 3
[vhost.c]
queue_length = 0
gop_cache = 3
[log]
level = 1`,
    "x.toml:1: max_connections: must be a whole number from 1 to 1000000, not 0",
    'x.toml:5: vhost.a.forward[1]: "rtmp://b/[x]/y": unknown placeholder [x]; allowed: [vhost] [app] [stream]',
    'x.toml:6: vhost.a.forward[2]: "B:1935" is the same as "b"',
    'x.toml:9: vhost.a.publish.grac: unknown key; did you mean "grace"?',
    "x.toml:11: vhost.c.queue_length: must be a whole number of seconds from 1 to 3600, not 0",
    "x.toml:12: vhost.c.gop_cache: must be true or false, not 3",
    'x.toml:14: log.level: must be "debug", "info", "warn" or "error", not 1',
  ],
  [
    "a key twice",
    "listen = 1\nlisten = 2",
    "x.toml:2:1: not TOML: listen is in line 1 already; write each key and table once",
  ],
  [
    "a table twice",
    '[log]\nlevel = "info"\n\n[vhost."a.b"]\n[log]\nfile = "x"',
    "x.toml:5:2: not TOML: log is in line 1 already; write each key and table once",
  ],
  [
    "a table after its dotted key",
    'log.level = "info"\n[log]',
    "x.toml:2:2: not TOML: log is in line 1 already; write each key and table once",
  ],
  [
    "a key twice in one line",
    'log = { level = "info", level = "warn" }',
    "x.toml:1:25: not TOML: the key or table is written twice",
  ],
  [
    "an address without quotes",
    inVhost("forward = 127.0.0.1:1935"),
    'x.toml:2:16: not TOML: text needs quotes, as in forward = "127.0.0.1:1935"',
  ],
  [
    "a time without quotes",
    inVhost("queue_length = 30s"),
    'x.toml:2:18: not TOML: text needs quotes, as in queue_length = "30s"',
  ],
  [
    "an address without quotes in a list",
    "listen = [1935, 127.0.0.1:1936]",
    'x.toml:1:22: not TOML: text needs quotes: "127.0.0.1:1936"',
  ],
  [
    "a list without brackets",
    "listen = 1935, 1936",
    "x.toml:1:14: not TOML: a list needs brackets, listen = [1935, 1936], and a number has no comma",
  ],
  [
    "JSON",
    '{\n  "listen": 1935\n}',
    "x.toml:1:1: this is JSON; TOML writes listen = 1935, one key a line, and tables as [log]",
  ],
  ["YAML", "listen: 1935", "x.toml:1:7: this is YAML; TOML writes listen = 1935, and needs quotes around text"],
  [
    "a table of YAML's",
    "log:\n  level: info",
    "x.toml:1:4: this is YAML; TOML writes [log], and needs quotes around text",
  ],
  ["curly quotes", "pid = “/run/x”", 'x.toml:1:7: not TOML: curly quotes are no quotes; write "…"'],
  [
    "nginx-rtmp's syntax",
    "rtmp {\n  server {\n    listen 1935;\n  }\n}",
    "x.toml:1:6: this is nginx-rtmp's syntax, which this server does not read; TOML writes listen = 1935, and [vhost.__defaultVhost__] for all applications",
  ],
  [
    "a vhost without a name",
    "[vhost]\ngop_cache = true",
    "x.toml:2: vhost.gop_cache: belongs in a table with a name, [vhost.NAME]; that for all other names is [vhost.__defaultVhost__]",
  ],
  [
    "a mistyped default vhost",
    "[vhost.__defaultvhost__]\ngop_cache = true",
    "x.toml:1: vhost.__defaultvhost__: no host has this name; did you mean __defaultVhost__?",
  ],
  [
    "two vhosts of one host",
    '[vhost."Live.example.com"]\n[vhost."live.example.com."]',
    'x.toml:2: vhost."live.example.com.": is the same host as "Live.example.com"; keep one of them',
  ],
  [
    "a time that is no whole number of the key's unit",
    inVhost('queue_length = "300ms"'),
    'x.toml:2: vhost.__defaultVhost__.queue_length: must be a whole number of seconds from 1 to 3600, or a text such as "5s" or "2m", not "300ms"',
  ],
  ["a bare on", "gop_cache = on", "x.toml:1:13: not TOML: write true instead of on"],
  ["text without quotes", "listen = a:1935 # here", 'x.toml:1:10: not TOML: text needs quotes, as in listen = "…"'],
  [
    "a list without its end",
    "listen = [1,\n2",
    "x.toml:2:2: not TOML: a list needs a comma between its items, and a ] at its end (an inline table a })",
  ],
  [
    "a text without its end",
    'pid = "/run/x\nlisten = 1',
    "x.toml:1:14: not TOML: a quote is missing at the end of the text",
  ],
  ["a table's name without its end", "[log\nlevel = 1", "x.toml:1:5: not TOML: the table's name needs a ] behind it"],
  ["a comma at the end of a line", "listen = 1935,", "x.toml:1:14: not TOML: a line does not end with a comma"],
  ["two equal signs", "listen == 1935", "x.toml:1:9: not TOML: one = stands between a key and its value"],
  ["a key alone", "listen\n", "x.toml:1:7: not TOML: a key needs a value, as in listen = 1935"],
  ["a comment of C's", "// ports", "x.toml:1:1: not TOML: a comment begins with #"],
  ["a comment of an ini file's", "; ports", "x.toml:1:1: not TOML: a comment begins with #"],
  [
    "text behind a value",
    'pid = "/run/x" y',
    "x.toml:1:16: not TOML: nothing stands behind a value, but a comment that begins with #",
  ],
  [
    "a number that begins with 0",
    "listen = 01935",
    "x.toml:1:10: not TOML: a number does not begin with 0: listen = 1935",
  ],
  [
    "a short name of the default vhost",
    "[vhost.__default__]",
    "x.toml:1: vhost.__default__: no host has this name; did you mean __defaultVhost__?",
  ],
  ["a semicolon", "listen = 1935;", "x.toml:1:14: not TOML: a line does not end with a semicolon"],
  [
    "SRS's listen",
    "listen              1935;",
    "x.toml:1:21: this is SRS's own syntax; name the file .conf to have it read so, or write TOML: listen = 1935",
  ],
  [
    "SRS's flag",
    "gop_cache on; # yes",
    "x.toml:1:11: this is SRS's own syntax; name the file .conf to have it read so, or write TOML: gop_cache = true",
  ],
  [
    "SRS's list",
    "forward a:1 b:2;",
    'x.toml:1:9: this is SRS\'s own syntax; name the file .conf to have it read so, or write TOML: forward = ["…", "…"]',
  ],
  [
    "SRS's vhost",
    "vhost live.example.com {",
    'x.toml:1:7: this is SRS\'s own syntax; name the file .conf to have it read so, or write TOML: [vhost."live.example.com"]',
  ],
  [
    "keys of JavaScript's",
    "constructor = 1",
    "x.toml:1: constructor: unknown key; known here: listen, max_connections, chunk_size, pid, drain_timeout, forward_state, rtmps, http_server, http_api, cluster, proxy_protocol, log, limits, transcode, vhost",
  ],
  [
    "the prototype",
    "__proto__.listen = 1",
    "x.toml:1: __proto__: unknown key; known here: listen, max_connections, chunk_size, pid, drain_timeout, forward_state, rtmps, http_server, http_api, cluster, proxy_protocol, log, limits, transcode, vhost",
  ],
];

test.each(bad)("%s", (_, text, ...messages) => {
  expect(errorsOf(() => parseConfig(text, "x.toml"))).toEqual(messages);
});

test("every message is one line", () => {
  for (const [, text] of bad) {
    for (const line of errorsOf(() => parseConfig(text, "x.toml"))) expect(line).not.toContain("\n");
  }
});
