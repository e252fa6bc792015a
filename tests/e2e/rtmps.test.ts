import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import type { BenchReport } from "../../src/loadgen/report.ts";
import { Authority } from "../support/e2e/authority.ts";
import { clip } from "../support/e2e/clips.ts";
import { compare } from "../support/e2e/continuity.ts";
import { executable } from "../support/e2e/executable.ts";
import { fileFrames, framesOf, playFrames, publishClip } from "../support/e2e/ffmpeg.ts";
import { untilListening } from "../support/e2e/listening.ts";
import { COMPLAINT, type Program } from "../support/e2e/program.ts";
import { type Srs, startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { deadPort } from "../support/e2e/targets.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";

const file = "tests/e2e/rtmps.test.ts";
const test = testWith(file, "FFmpeg", "openssl");
const testWithHaproxy = testWith(file, "FFmpeg", "HAProxy");

const whole = { fromKey: true, runs: 1, toEnd: true, foreign: 0 };

/** `[rtmps]` on a free port, with these keys. */
function rtmps({ cert, key }: { cert: string; key: string }, more = ""): string {
  return `[rtmps]\nlisten = "127.0.0.1:0"\ncert = "${cert}"\nkey = "${key}"\n${more}`;
}

/** The port of RTMPS that a server has told of. */
async function tlsPort({ program }: Pick<Srs, "program">): Promise<number> {
  return Number(/rtmps=\S*:(\d+)/.exec(await program.line(/listening.* rtmps=/))?.[1]);
}

/** The subject of the certificate that a client is shown. Fails when there is no connection. */
function shown(port: number, servername = "localhost"): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: "127.0.0.1", port, servername, rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject?.CN));
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

function played(clipPath: string, player: Program): void {
  const got = framesOf(player.lines);
  const sent = fileFrames(clipPath);
  expect({ name: player.name, ...compare(sent, got, "video") }).toMatchObject(whole);
  expect({ name: player.name, ...compare(sent, got, "audio") }).toMatchObject({ ...whole, fromKey: false });
}

test.concurrent("FFmpeg publishes and plays over TLS, verifying the server, and the stream is forwarded over TLS", async () => {
  await using stage = new Stage();
  const authority = new Authority(stage);
  const target = await startSrs(stage, "target", { more: rtmps(authority.issue("target", "target")) });
  const origin = await startSrs(stage, "origin", {
    vhost: `forward = "rtmps://localhost:${await tlsPort(target)}"`,
    more: rtmps(authority.issue("origin", "origin"), `ca = "${authority.path}"`),
  });
  const source = clip({ seconds: 4 });
  const url = `rtmps://localhost:${await tlsPort(origin)}/live/show`;
  const verified = ["-tls_verify", "1", "-ca_file", authority.path];
  const early = playFrames(stage, target.url("live/show"), "player of the target");
  await target.program.line(/play started .*waiting=true/);
  const encoder = publishClip(stage, source, url, { output: verified });
  await origin.program.line(/publish started/);
  const player = playFrames(stage, url, "player of the origin");
  await encoder.whileStopped(async () => {
    await origin.program.line(/forward running to=rtmps:\/\/localhost:\d+ /);
    await origin.program.line(/play started/);
  });
  expect(await encoder.ended()).toBe(0);
  for (const one of [early, player]) {
    expect(await one.ended()).toBe(0);
    played(source, one);
  }
  const complaints = [origin, target].flatMap(({ program }) => program.lines.filter((line) => COMPLAINT.test(line)));
  expect(complaints).toEqual([]);
});

test.concurrent("each mistake with TLS is reported in one line that says what to do", async () => {
  await using stage = new Stage();
  const authority = new Authority(stage);
  const pair = authority.issue("target", "target", "DNS:live.example.com");
  const target = await startSrs(stage, "target", { more: rtmps(pair) });
  const port = await tlsPort(target);
  const untrusting = await startSrs(stage, "untrusting", { vhost: `forward = "rtmps://localhost:${port}"` });
  const trusting = await startSrs(stage, "trusting", {
    vhost: `forward = ["rtmps://localhost:${port}", "rtmp://localhost:${port}", "rtmps://localhost:${target.port}"]`,
    more: `[rtmps]\nca = "${authority.path}"`,
  });
  const source = clip({ seconds: 8 });
  for (const server of [untrusting, trusting])
    publishClip(stage, source, server.url("live/show"), { input: ["-stream_loop", "-1"] });
  await untrusting.program.line(
    /forward failed .*signed by \\"CA of the test\\", which this machine does not trust; name that CA's certificate in rtmps\.ca, or trust this one by rtmps\.pin = \\"sha256:[0-9a-f]{64}\\"/,
  );
  await trusting.program.line(
    /forward failed .*the server's certificate is for DNS:live\.example\.com, not for localhost/,
  );
  await trusting.program.line(/forward failed .*TLS handshake failed: .*is this the server's port for rtmps:\/\//);
  await target.program.line(
    /connection refused addr=127\.0\.0\.1:\d+ error="RTMP without TLS came on a port of rtmps\.listen/,
  );
  await target.program.line(/protocol error.*this is TLS, not plain RTMP/);

  const bad = stage.write("bad.toml", `listen = "127.0.0.1:0"\n${rtmps({ cert: pair.cert, key: authority.path })}`);
  const refused = stage.start("refused", [executable(), "--conf", bad]);
  expect(await refused.ended()).toBe(1);
  expect(refused.lines.filter((line) => line.startsWith("srs:"))).toEqual([
    `srs: ${authority.path} (rtmps.key) has no private key in PEM form ("-----BEGIN PRIVATE KEY-----")`,
  ]);
});

test.concurrent("a key that becomes known decrypts no recording: TLS 1.2 without forward secrecy is not accepted and not dialled", async () => {
  await using stage = new Stage();
  const authority = new Authority(stage);
  const { cert, key } = authority.issueRsa("rsa", "rsa");
  const server = await startSrs(stage, "server", { more: rtmps({ cert, key }) });
  const to = `127.0.0.1:${await tlsPort(server)}`;
  const agreed = async (cipher: string) => {
    const client = stage.start(
      `client ${cipher}`,
      "openssl s_client -tls1_2 -connect".split(" ").concat(to, "-cipher", cipher),
    );
    return /Cipher is (\S+)/.exec(await client.line(/Cipher is /))?.[1];
  };
  expect(await Promise.all(["AES128-GCM-SHA256", "AES256-SHA", "ECDHE-RSA-AES128-GCM-SHA256"].map(agreed))).toEqual([
    "(NONE)",
    "(NONE)",
    "ECDHE-RSA-AES128-GCM-SHA256",
  ]);

  const old = (cipher: string) =>
    stage.start(`server ${cipher}`, [
      ..."openssl s_server -tls1_2 -accept 127.0.0.1:0 -cert".split(" "),
      cert,
      "-key",
      key,
      "-cipher",
      cipher,
    ]);
  const targets = ["AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"].map(old);
  const ports = await Promise.all(
    targets.map(async (target) => /:(\d+)$/.exec(await target.line(/^ACCEPT /))?.[1] ?? ""),
  );
  const forward = `forward = [${ports.map((port) => `"rtmps://localhost:${port}"`).join(", ")}]`;
  const conf = stage.write(
    "old.toml",
    `listen = "127.0.0.1:0"\nmax_connections = 10\n[rtmps]\nca = "${authority.path}"\n[vhost.a]\n${forward}\n`,
  );
  const check = stage.start("check", [executable(), "check", "--probe", "-c", conf]);
  await check.ended();
  const about = (port: string) =>
    check.lines.find((line) => line.startsWith(`vhost.a.forward rtmps://localhost:${port} `));
  expect(about(ports[0] ?? "")).toInclude("TLS handshake failed: the two sides have no cipher in common");
  expect(about(ports[1] ?? "")).not.toInclude("TLS handshake failed");
});

test.concurrent("RTMPS alone is enough: listen = [] opens no port without TLS", async () => {
  await using stage = new Stage();
  const tls = rtmps(new Authority(stage).issue("alone", "alone"));
  const conf = stage.write("alone.toml", `listen = []\n${tls}`);
  const program = stage.start("alone", [executable(), "--conf", conf]);
  const port = await tlsPort({ program });
  expect(await shown(port)).toBe("alone");
  expect(program.lines.filter((line) => /listening.* rtmp=/.test(line))).toEqual([]);
});

test.concurrent("certificates are renewed under load: no client is dropped or refused, and the next one gets the new certificate", async () => {
  await using stage = new Stage();
  const authority = new Authority(stage);
  const names = "DNS:localhost,IP:127.0.0.1";
  const [first, second] = [
    authority.issue("first", "first-0", names),
    authority.issue("second", "second-0", "DNS:*.example.com"),
  ];
  const server = await startSrs(stage, "server", {
    more: `[rtmps]\nlisten = "127.0.0.1:0"\ncert = ["${first.cert}", "${second.cert}"]\nkey = ["${first.key}", "${second.key}"]`,
  });
  const port = await tlsPort(server);
  expect(await Promise.all([shown(port), shown(port, "live.example.com"), shown(port, "elsewhere.org")])).toEqual([
    "first-0",
    "second-0",
    "first-0",
  ]);
  const load = ["both", `rtmps://localhost:${port}/live/bench`, "-n", "100", "--seconds", "4", "--json"];
  const bench = stage.start("bench", [executable(), "bench", ...load]);
  await until("all play", () => server.program.count(/play started/) >= 100);
  const seen: string[] = [];
  for (let renewal = 1; renewal <= 5; renewal++) {
    authority.issue("first", `first-${renewal}`, names);
    authority.issue("second", `second-${renewal}`, "DNS:*.example.com");
    server.program.signal("SIGHUP");
    await until(`renewal ${renewal}`, () => server.program.count(/certificates of rtmps renewed/) >= renewal);
    seen.push(...(await Promise.all([shown(port), shown(port, "live.example.com")])));
  }
  expect(seen).toEqual([1, 2, 3, 4, 5].flatMap((renewal) => [`first-${renewal}`, `second-${renewal}`]));
  await bench.ended();
  const { players, problems } = JSON.parse(bench.lines.find((line) => line.startsWith("{")) ?? "{}") as BenchReport;
  expect(problems).toEqual([]);
  expect(players).toMatchObject({ connected: 100, failed: 0, lost: { video: 0, audio: 0 }, corrupt: 0, disordered: 0 });

  // Files of two renewals: the old pair stays in use.
  stage.write("first.key", "half a key");
  server.program.signal("SIGHUP");
  await server.program.line(
    /certificates of rtmps not renewed; the old ones stay in use error=".*first\.key \(rtmps\.key\) has no private key/,
  );
  expect(await shown(port)).toBe("first-5");
});

testWithHaproxy.concurrent(
  "behind HAProxy the log has the clients' addresses, by version 1 and 2, with TLS behind the header",
  async () => {
    await using stage = new Stage();
    const authority = new Authority(stage);
    const place = `127.0.0.1:${await deadPort()}`;
    const server = await startSrs(stage, "server", {
      port: Number(place.split(":")[1]),

      more: `${rtmps(authority.issue("server", "server")).replace("127.0.0.1:0", place)}
[proxy_protocol]
listen = "${place}"
trusted = "127.0.0.0/8"`,
    });
    const [v1, v2] = [await deadPort(), await deadPort()];
    // Its clients come from 127.0.0.1; what it tells is an address that it makes up from nothing but that.
    const conf = stage.write(
      "haproxy.cfg",
      `defaults
  mode tcp
  timeout connect 60s
  timeout client 60s
  timeout server 60s
listen v1
  bind 127.0.0.1:${v1}
  tcp-request connection set-src str(203.0.113.1)
  server s ${place} send-proxy
listen v2
  bind 127.0.0.1:${v2}
  tcp-request connection set-src str(2001:db8::2)
  server s ${place} send-proxy-v2
`,
    );
    const proxy = stage.start("haproxy", ["/usr/sbin/haproxy", "-db", "-f", conf]);
    for (const port of [v1, v2]) await untilListening(proxy, port);
    const source = clip({ seconds: 4 });
    const encoder = publishClip(stage, source, `rtmp://127.0.0.1:${v1}/live/show`);
    await server.program.line(/publish started addr=203\.0\.113\.1:\d+ /);
    const player = playFrames(stage, `rtmps://localhost:${v2}/live/show`);
    await encoder.whileStopped(() => server.program.line(/play started addr=\[2001:db8::2\]:\d+ /));
    expect(await encoder.ended()).toBe(0);
    expect(await player.ended()).toBe(0);
    played(source, player);
    expect(proxy.running).toBe(true);
    // Who does not come through it is told, and closed.
    const direct = playFrames(stage, `rtmp://${place}/live/show`, "direct");
    await server.program.line(/connection refused addr=127\.0\.0\.1:\d+ error="no PROXY protocol header"/);
    expect(await direct.ended()).not.toBe(0);
  },
);

test.concurrent("the files of the scenarios run as they are, except for ports, paths and the platform", async () => {
  await using stage = new Stage();
  const { cert, key } = new Authority(stage).issue("live", "live.example.com", "DNS:live.example.com");
  const folder = "/etc/letsencrypt/live/live.example.com";
  const conf = (name: string) => readFileSync(join(import.meta.dir, "../../conf", name), "utf8");
  const changed = conf("rtmps.toml")
    .replace("listen = 1935", 'listen = "127.0.0.1:0"')
    .replace("listen = 443", 'listen = "127.0.0.1:0"')
    .replace(`${folder}/fullchain.pem`, cert)
    .replace(`${folder}/privkey.pem`, key);
  const secure = stage.start("rtmps.toml", [executable(), "--conf", stage.write("rtmps.toml", changed)]);
  const port = /rtmps=\S*:(\d+)/.exec(await secure.line(/listening.* rtmps=/))?.[1];
  expect(await shown(Number(port))).toBe("live.example.com");
  const [open, behind] = [await deadPort(), await deadPort()];
  const proxied = conf("behind-a-proxy.toml")
    .replace("[1935, 1936]", `["127.0.0.1:${open}", "127.0.0.1:${behind}"]`)
    .replace("listen = 1936", `listen = "127.0.0.1:${behind}"`);
  const server = stage.start("behind.toml", [executable(), "--conf", stage.write("behind.toml", proxied)]);
  await server.line(new RegExp(`listening rtmp=127.0.0.1:${open}$`));
  await server.line(new RegExp(`listening rtmp=127.0.0.1:${behind} proxy_protocol=true$`));
});
