import { expect } from "bun:test";
import { clip } from "../support/e2e/clips.ts";
import { executable } from "../support/e2e/executable.ts";
import { framesOf, playFrames, publishClip } from "../support/e2e/ffmpeg.ts";
import { COMPLAINT } from "../support/e2e/program.ts";
import { forwardTo, startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";
import { WAIT_LIMIT_MS } from "../support/limits.ts";
import { conf2014 } from "../vectors/srs-conf.ts";

const test = testWith("tests/e2e/configuration.test.ts");

const testWithFfmpeg = testWith("tests/e2e/configuration.test.ts", "FFmpeg");

function run(...args: readonly string[]) {
  const { exitCode, stdout, stderr } = Bun.spawnSync([executable(), ...args], { timeout: WAIT_LIMIT_MS });
  return { exitCode, out: stdout.toString(), err: stderr.toString() };
}

testWithFfmpeg.concurrent(
  "the origin runs on its file of 2014, and FFmpeg's stream reaches all its edges",
  async () => {
    await using stage = new Stage();
    const edges = await Promise.all([1, 2, 3, 4].map((at) => startSrs(stage, `edge-${at}`)));
    const ports = edges.map(({ port }) => `127.0.0.1:${port}`);
    // The file as it is, but for the addresses and for the open files that a test may use.
    const conf = conf2014
      .replace("1935;", "127.0.0.1:0;")
      .replace("10240", "200")
      .replaceAll(/192\.168\.1\.[67]:193[56]/g, () => ports.shift() ?? "");
    const origin = stage.start("origin", [executable(), "-c", stage.write("srs.1935.conf", conf)]);
    const line = await origin.line(/listening rtmp=127\.0\.0\.1:\d+/);
    const url = `rtmp://127.0.0.1:${/rtmp=127\.0\.0\.1:(\d+)/.exec(line)?.[1]}/live/livestream`;

    const players = edges.map((edge, at) => playFrames(stage, edge.url("live/livestream"), `player ${at}`));
    await Promise.all(edges.map((edge) => edge.program.line(/play started .*waiting=true/)));
    const encoder = publishClip(stage, clip({ seconds: 2 }), url, { input: ["-stream_loop", "-1"] });
    for (const player of players) await until("two seconds of it", () => framesOf(player.lines).length > 120);
    encoder.signal("SIGINT");
    for (const player of players) expect(await player.ended()).toBe(0);
    expect(origin.count(COMPLAINT)).toBe(0);
  },
);

testWithFfmpeg.concurrent(
  "an edge runs on its SRS file, and FFmpeg plays from it what is published at the origin",
  async () => {
    await using stage = new Stage();
    const origin = await startSrs(stage, "origin");
    const conf = `listen 127.0.0.1:0; max_connections 20; daemon off; srs_log_tank console;
vhost __defaultVhost__ { cluster { mode remote; origin 127.0.0.1:${origin.port}; } }`;
    const edge = stage.start("edge", [executable(), "-c", stage.write("edge.conf", conf)]);
    const line = await edge.line(/listening rtmp=127\.0\.0\.1:\d+/);
    publishClip(stage, clip({ seconds: 2 }), origin.url("live/livestream"), { input: ["-stream_loop", "-1"] });
    await origin.program.line(/publish started/);
    const player = playFrames(stage, `rtmp://127.0.0.1:${/rtmp=127\.0\.0\.1:(\d+)/.exec(line)?.[1]}/live/livestream`);
    await player.line(/^0, +\d+,/);
    expect(edge.count(/mode: left out: this edge accepts no publishers/)).toBe(1);
    expect(edge.count(COMPLAINT)).toBe(1);
  },
);

test.concurrent("directives of an SRS file that have no effect are in the log, with their places", async () => {
  await using stage = new Stage();
  const conf = stage.write(
    "srs.conf",
    "listen 127.0.0.1:0;\ndaemon on;\nmax_connections 10;\nvhost __defaultVhost__ {}\n",
  );
  const server = stage.start("server", [executable(), "-c", conf]);
  await server.line(/WARN .*srs\.conf:2: daemon: ignored: this server stays in the foreground/);
  await server.line(/listening/);
});

test.concurrent("convert prints an SRS file as TOML, with its warnings apart", async () => {
  await using stage = new Stage();
  const conf = stage.write("srs.conf", `ff_log_dir ./objs;\n${conf2014}`);
  const first = run("convert", conf);
  expect(first.exitCode).toBe(0);
  expect(first.err).toMatch(/^\S+srs\.conf:1: ff_log_dir: ignored: [^\n]+\n$/);
  expect(first.out).toStartWith("max_connections = 10240\n\n[vhost.__defaultVhost__]\nforward = [");
  const toml = stage.write("srs.toml", first.out);
  expect(run("convert", toml)).toEqual({ exitCode: 0, out: first.out, err: "" });
  const values = (file: string) => run("check", "-c", file).out.replaceAll(/ {2}#.*/g, "");
  expect(values(toml)).toBe(values(conf));
});

test.concurrent("a file that asks for features that this server does not have starts, and logs a warning for each", async () => {
  await using stage = new Stage();
  const more = "heartbeat { enabled on; }\nvhost a { dash { enabled on; } }\n";
  const conf = stage.write("srs.conf", `listen 127.0.0.1:0;\nmax_connections 10;\n${more}`);
  const server = stage.start("server", [executable(), "-c", conf]);
  await server.line(/WARN .*srs\.conf:3: heartbeat: left out: this server has no heartbeat/);
  await server.line(/WARN .*srs\.conf:4: dash: left out: this server has no DASH/);
  await server.line(/listening/);
});

test.concurrent("a file that asks for required features that are missing starts only with --ignore", async () => {
  await using stage = new Stage();
  const vhost = "vhost a {\n  dvr { enabled on; }\n  exec { enabled on; publish ./x; }\n}";
  const conf = stage.write(
    "srs.conf",
    `listen 127.0.0.1:0;\nmax_connections 10;\npid ${stage.write("srs.pid", "")};\n${vhost}\n`,
  );
  const dvr = `${conf}:5: dvr: this server has no DVR, so nothing would be recorded; remove it, or start without it: --ignore dvr\n`;
  const exec = `${conf}:6: exec: this server has no exec, so the streams of its programs would be missing; remove it, or start without it: --ignore exec\n`;
  for (const command of [[], ["check"], ["reload"], ["sign", "rtmp://127.0.0.1/live/x"]]) {
    expect(run(...command, "-c", conf)).toEqual({ exitCode: 1, out: "", err: dvr + exec });
  }
  expect(run("check", "-c", conf, "--ignore", "dvr")).toEqual({ exitCode: 1, out: "", err: exec });
  expect(run("check", "-c", conf, "--ignore", "security").err).toStartWith(
    'srs: --ignore "security": the server does not',
  );

  const server = stage.start("server", [executable(), "-c", conf, "--ignore", "dvr", "--ignore", "exec"]);
  await server.line(/WARN .*:5: dvr: left out: this server has no DVR, so nothing would be recorded/);
  await server.line(/WARN .*:6: exec: left out: /);
  await server.line(/listening/);
  expect(run("reload", "-c", conf, "--ignore", "dvr,exec")).toMatchObject({ exitCode: 0, err: "" });
});

test.concurrent("convert prints what it can convert, the rest as comments, and reports the difference by its status", async () => {
  await using stage = new Stage();
  const conf = stage.write("srs.conf", "listen 1936;\nvhost a {\n  dvr { enabled on; }\n  forward 127.0.0.1:9;\n}\n");
  const said = "dvr: left out: this server has no DVR, so nothing would be recorded";
  const toml = `listen = 1936

[vhost.a]
forward = "127.0.0.1:9"
# ${conf}:3: ${said}
#   dvr {
#       enabled on;
#   }
`;
  expect(run("convert", conf)).toEqual({ exitCode: 2, out: toml, err: `${conf}:3: ${said}\n` });
});

test.concurrent("convert leaves an API out that shares the port of the HTTP server", async () => {
  await using stage = new Stage();
  const conf = stage.write(
    "srs.conf",
    "http_api {\n  enabled on;\n  listen 9000;\n}\nhttp_server {\n  enabled on;\n  listen 9000;\n}\n",
  );
  const said =
    "http_api: left out: port 9000 is http_server's, and the API needs a port of its own here; write http_api { listen 1985; }";
  const toml = `# ${conf}:1: ${said}
#   http_api {
#       enabled on;
#       listen 9000;
#   }

[http_server]
listen = 9000
`;
  expect(run("convert", conf)).toEqual({ exitCode: 2, out: toml, err: `${conf}:1: ${said}\n` });
});

test.concurrent("variables alone configure a server, and override a file", async () => {
  await using stage = new Stage();
  const secret = stage.write("target", "127.0.0.1:9\n");
  const env = { SRS_LISTEN: "127.0.0.1:0", SRS_MAX_CONNECTIONS: "7", SRS_VHOST_FORWARD_FILE: secret };
  const server = stage.start("server", [executable()], { env });
  await server.line(/listening rtmp=127\.0\.0\.1:\d+/);
  const conf = stage.write("x.toml", "listen = 1936\nchunk_size = 4096\n");
  const checked = Bun.spawnSync([executable(), "check", "-c", conf], { env });
  expect(checked.exitCode).toBe(0);
  const lines = checked.stdout.toString().split("\n");
  expect(lines.slice(0, 3)).toEqual([
    'listen = "127.0.0.1:0"  # SRS_LISTEN',
    "max_connections = 7  # SRS_MAX_CONNECTIONS",
    `chunk_size = 4096  # ${conf}:2`,
  ]);
  expect(lines).toContain(`forward = "127.0.0.1:9"  # SRS_VHOST_FORWARD_FILE (${secret})`);
});

test.concurrent("a mistyped variable does not start the server", () => {
  const { exitCode, stderr } = Bun.spawnSync([executable()], { env: { SRS_LISTN: "1936" }, timeout: WAIT_LIMIT_MS });
  expect(exitCode).toBe(1);
  expect(stderr.toString()).toBe("SRS_LISTN: no key is set by this variable; did you mean SRS_LISTEN?\n");
});

test.concurrent("check --probe dials targets, examines ports, files and loops, and draws the result", async () => {
  await using stage = new Stage();
  const edge = await startSrs(stage, "edge");
  const free = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = free;
  free.stop(true);
  const forward = forwardTo(edge, `127.0.0.1:${port}`, "localhost.invalid");
  const conf = stage.write("x.toml", `listen = "127.0.0.1:${port}"\nmax_connections = 10\n[vhost.a]\n${forward}\n`);
  const found = run("check", "--probe", "-c", conf);
  expect(found.exitCode).toBe(2);
  const rows = found.out.split("\n").map((row) => row.replaceAll(/ {2,}/g, "  "));
  expect(rows.slice(0, 3)).toEqual([conf, `├─ listen 127.0.0.1:${port}  free`, "└─ vhost a"]);
  expect(rows[3]).toMatch(new RegExp(`^  ├─> forward 127\\.0\\.0\\.1:${edge.port}  srs/\\S+, \\d+ ms$`));
  expect(found.err.trim().split("\n")).toEqual([
    `vhost.a.forward 127.0.0.1:${port} (${conf}:4): it is this server itself; a stream cannot go round; name another server`,
    expect.stringMatching(
      /^vhost\.a\.forward localhost\.invalid \(.*:4\): host name .*; check the name, and the machine's DNS$/,
    ),
  ]);
  expect(edge.program.count(/publish|play/)).toBe(0);

  const second = stage.write("second.toml", `listen = "127.0.0.1:${edge.port}"\nmax_connections = 10\n`);
  const taken = run("check", "--probe", "-c", second);
  expect(taken.exitCode).toBe(2);
  expect(taken.err).toMatch(
    new RegExp(`: taken by srs, pid ${edge.program.pid}; stop that one, or choose another port\n$`),
  );
  // The very file that the edge runs with, by now with the port that it was given.
  const own = run("check", "--probe", "-c", stage.write("edge.toml", `listen = "127.0.0.1:${edge.port}"`));
  expect(own).toMatchObject({ exitCode: 0, err: "" });
  expect(own.out).toInclude(`in use by the server of this file, pid ${edge.program.pid}`);
});
