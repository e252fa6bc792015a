import { expect } from "bun:test";
import { createHmac } from "node:crypto";
import { Authority } from "../support/e2e/authority.ts";
import { Client } from "../support/e2e/client.ts";
import { clip } from "../support/e2e/clips.ts";
import { executable } from "../support/e2e/executable.ts";
import { playFrames, publishClip } from "../support/e2e/ffmpeg.ts";
import { HlsEdge } from "../support/e2e/hls.ts";
import { HookBackEnd, noEntry } from "../support/e2e/hook-back-end.ts";
import { picture, ReloadServer, sendGop } from "../support/e2e/reload/server.ts";
import { startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { deadPort } from "../support/e2e/targets.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";

const file = "tests/e2e/hooks.test.ts";
const test = testWith(file);
const testWithFfmpeg = testWith(file, "FFmpeg");
const all = ["on_connect", "on_close", "on_publish", "on_unpublish", "on_play", "on_stop", "on_hls", "on_forward"];
const decisions = ["on_connect", "on_publish", "on_play"];

testWithFfmpeg.concurrent(
  "a back end that was written for SRS is told of all that clients do, by SRS's own file",
  async () => {
    await using stage = new Stage();
    const backEnd = new HookBackEnd(stage);
    const hooks = all.filter((event) => event !== "on_forward").map((event) => `${event} ${backEnd.url};`);
    const conf = stage.write(
      "srs.conf",
      `listen 127.0.0.1:0; max_connections 100; pid ${stage.path("srs.pid")}; http_server { enabled on; listen 127.0.0.1:0; }
    vhost __defaultVhost__ {
      hls { enabled on; hls_fragment 1; hls_window 8; hls_path ${stage.path("hls")}; }
      forward { enabled on; backend ${backEnd.url}; }
      http_hooks { enabled on; ${hooks.join(" ")} }
    }`,
    );
    const server = stage.start("server", [executable(), "-c", conf]);
    const port = Number(/rtmp=\S*:(\d+)/.exec(await server.line(/ listening rtmp=/))?.[1]);
    const http = `http://127.0.0.1:${/http=\S*:(\d+)/.exec(await server.line(/ listening http=/))?.[1]}`;
    const rtmp = `rtmp://127.0.0.1:${port}/live/show`;
    const encoder = publishClip(stage, clip({ seconds: 4 }), `${rtmp}?key=1`, { input: ["-stream_loop", "-1"] });
    const { client_id: publisher } = await backEnd.event("on_publish");
    await backEnd.event("on_hls", 2);
    const overRtmp = playFrames(stage, `${rtmp}?user=rtmp`, "rtmp");
    const overHttp = playFrames(stage, `${http}/live/show.flv?user=http`, "http");
    const overHls = playFrames(stage, `${http}/live/show.m3u8?user=hls`, "hls");
    await backEnd.event("on_play", 3);
    for (const player of [overRtmp, overHttp, overHls]) await until("frames", () => player.lines.length > 20);
    for (const player of [overRtmp, overHttp, overHls]) await player.kill();
    await backEnd.event("on_stop", 3);
    await encoder.kill();
    await backEnd.event("on_unpublish");
    await until("the publisher's end", () => backEnd.bodies("on_close").some((body) => body.client_id === publisher));
    expect(backEnd.problems).toEqual([]);
    const eventsOf = (id: unknown) =>
      backEnd.calls.flatMap(({ body }) => (body.client_id === id && body.action !== "on_hls" ? [body.action] : []));
    expect(eventsOf(publisher)).toEqual(["on_connect", "on_publish", "on_forward", "on_unpublish", "on_close"]);
    const players = backEnd.bodies("on_play").toSorted((a, b) => (String(a.param) < String(b.param) ? -1 : 1));
    expect(players.map(({ param }) => param)).toEqual(["?user=hls", "?user=http", "?user=rtmp"]);
    expect(players.map(({ client_id: id }) => eventsOf(id))).toEqual([
      ["on_play", "on_stop"],
      ["on_play", "on_stop"],
      ["on_connect", "on_play", "on_stop", "on_close"],
    ]);
    const segments = backEnd.bodies("on_hls");
    expect(segments.every(({ client_id: id }) => id === publisher)).toBe(true);
    expect(segments.every((segment) => String(segment.file).endsWith(String(segment.url)))).toBe(true);
    const numbers = segments.map(({ seq_no: number }) => Number(number));
    expect(numbers).toEqual(numbers.map((_, at) => (numbers[0] ?? 0) + at));
  },
);

testWithFfmpeg.concurrent("a refusal's text reaches clients of every protocol, and the log", async () => {
  await using stage = new Stage();
  const backEnd = new HookBackEnd(stage);
  const server = await HlsEdge.start(stage, "server", { more: backEnd.hooks(["on_play", "on_publish"]) });
  const publisher = await Client.publish(stage, { port: server.rtmpPort }, "show");
  for (let second = 0; second < 4; second++) sendGop(publisher, second * 25, 25);
  await server.mediaWhen("a playlist", (text) => text.includes(".ts"));
  backEnd.answer = () => noEntry("pay first");
  const [encoder, player] = [
    publishClip(stage, clip({ seconds: 4 }), `${server.rtmp}2`),
    playFrames(stage, server.rtmp),
  ];
  expect([await encoder.ended(), await player.ended()]).not.toContain(0);
  expect(encoder.lines.join("\n")).toInclude("pay first");
  expect(player.lines.join("\n")).toInclude("pay first");
  for (const ending of [".flv", ".ts", ".m3u8"]) {
    const { status, text } = await server.get(server.url.replace(".m3u8", ending));
    expect(`${ending} ${status} ${text.trim()}`).toBe(`${ending} 403 pay first`);
  }
  await server.program.line(/WARN .*publish refused .*error="pay first" detail="on_publish: code 1 from http:/);
  await server.program.line(/WARN .*play refused .*error="pay first"/);
  expect(publisher.closed).toBe(false);
  expect(backEnd.problems).toEqual([]);
});

/** Answers of a back end that has broken, as bytes on the wire; undefined: it never answers. */
const broken: readonly (readonly [what: string, answer: string | undefined, problem: RegExp])[] = [
  ["never answers", undefined, /no answer within 4 s/],
  ["redirects", "HTTP/1.1 302 Found\r\nLocation: /yes\r\nContent-Length: 1\r\n\r\n0", /it redirects \(302\)/],
  ["answers a page", "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<html>0</html", /neither 0 nor an object/],
  [
    "answers a megabyte",
    `HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n${"0".repeat(1_048_576)}`,
    /more than 65536 bytes/,
  ],
  ["promises more than it sends", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n0", /no answer within 4 s/],
  ["promises less than it sends", 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{"code":0}', /neither 0 nor an object/],
  ["breaks", "HTTP/1.1 500 Oops\r\nContent-Length: 1\r\n\r\n0", /it answers 500/],
  ["speaks another protocol", "220 mail.example.com ESMTP\r\n\r\n", /protocol error/],
];

test.concurrent.each(broken)(
  "a back end that %s lets no client in, and harms no running stream",
  async (_what, answer, problem) => {
    await using stage = new Stage();
    const listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data: (socket) => void (answer !== undefined && socket.write(answer)) },
    });
    stage.defer(() => listener.stop(true));
    const server = await ReloadServer.start(stage, "");
    const [publisher, player] = [await server.publish(), await server.play()];
    const urls = all.map((event) => `${event} = "http://127.0.0.1:${listener.port}/"`).join("\n");
    await server.reload(
      `[vhost.__defaultVhost__.http_hooks]\n${urls}\ntimeout = ${problem.source.startsWith("no answer") ? 4000 : 20_000}`,
    );
    for (const event of ["other", "show"])
      await expect(server.play(event)).rejects.toThrow("access could not be checked");
    await expect(server.publish("other")).rejects.toThrow("access could not be checked");
    sendGop(publisher, 1, 3);
    await picture(player, 1);
    await server.program.line(/refused .*detail=/);
    const details = server.program.lines.filter((line) => line.includes("refused") && line.includes("detail="));
    expect(details.filter((line) => !problem.test(line))).toEqual([]);
    expect(server.program.count(/WARN .*hook fails/)).toBe(1);
  },
);

test.concurrent("clients are refused with a reason while a back end is down, or let in with on_failure = allow", async () => {
  await using stage = new Stage();
  const urls = decisions.map((event) => `${event} = "http://127.0.0.1:${"PORT"}/"`).join("\n");
  const hooks = `[vhost.__defaultVhost__.http_hooks]\n${urls}\n`.replaceAll("PORT", String(await deadPort()));
  const server = await ReloadServer.start(stage, hooks);
  await expect(server.play()).rejects.toThrow("access could not be checked");
  await server.program.line(/connect refused .*connection refused/);
  await server.reload(`${hooks}on_failure = "allow"`);
  const [publisher, player] = [await server.publish(), await server.play()];
  sendGop(publisher, 1, 3);
  await picture(player, 1);
});

test.concurrent("a back end that hangs does not delay clients of another one", async () => {
  await using stage = new Stage();
  const [hanging, healthy] = [new HookBackEnd(stage), new HookBackEnd(stage)];
  hanging.answer = () => new Promise<never>(() => undefined);
  const hooks = ({ url }: HookBackEnd, vhost: string) =>
    `[vhost."${vhost}".http_hooks]\non_play = "${url}"\ntimeout = 20000`;
  const more = `${hooks(hanging, "slow.example")}\n${hooks(healthy, "fast.example")}`;
  const server = await startSrs(stage, "server", { more });
  const connect = (host: string) => ({ port: server.port, tcUrl: `rtmp://${host}/live` });
  const waiting = Array.from({ length: 300 }, () =>
    Client.play(stage, connect("slow.example"), "show").catch(() => undefined),
  );
  await until("as many calls as may be", () => hanging.calls.length === 48);
  for (let player = 0; player < 20; player++) await Client.play(stage, connect("fast.example"), "show");
  expect([hanging.calls.length, healthy.calls.length]).toEqual([48, 20]);
  await server.program.kill();
  await Promise.all(waiting);
});

test.concurrent("a back end gets the notifications that it missed, in order, when it is back", async () => {
  await using stage = new Stage();
  const before = new HookBackEnd(stage);
  const server = await ReloadServer.start(stage, before.hooks(["on_unpublish", "on_stop", "on_close", "on_connect"]));
  const [publisher, player] = [await server.publish(), await server.play()];
  before.answer = () => new Response("not now", { status: 503 });
  publisher.abort();
  player.abort();
  await before.event("on_unpublish", 2);
  await before.event("on_stop", 2);
  before.answer = () => undefined;
  await before.event("on_close", 2);
  const told = new Map<unknown, string[]>();
  for (const { body, headers } of before.calls) {
    const calls = told.get(body.client_id) ?? [];
    told.set(body.client_id, calls);
    const id = headers["webhook-id"] ?? "";
    if (!calls.includes(`${body.action} ${id}`)) calls.push(`${body.action} ${id}`);
  }
  // Repetitions have the same id, so that each event is one here.
  const events = [...told.values()].map((calls) => calls.map((text) => text.split(" ")[0]));
  expect(events.toSorted()).toEqual(
    [
      ["on_connect", "on_stop", "on_close"],
      ["on_connect", "on_unpublish", "on_close"],
    ].toSorted(),
  );
  await server.program.line(/hook fails hook=on_\w+ .*error="it answers 503"/);
  await server.program.line(/hook answers again/);
  expect(before.problems).toEqual([]);
});

test.concurrent("back ends are notified of the end of all clients when the server stops", async () => {
  await using stage = new Stage();
  const backEnd = new HookBackEnd(stage);
  const server = await ReloadServer.start(stage, backEnd.hooks(all));
  await server.publish();
  await server.play();
  server.program.signal("SIGTERM");
  expect(await server.program.ended()).toBe(0);
  const events = backEnd.calls.map(({ body }) => body.action);
  for (const event of ["on_unpublish", "on_stop", "on_close"]) expect(events).toContain(event);
  expect(events.filter((event) => event === "on_close").length).toBe(2);
});

test.concurrent("calls are signed, and a back end's certificate is checked", async () => {
  await using stage = new Stage();
  const authority = new Authority(stage);
  const read = async (names: string) => {
    const { cert, key } = authority.issue(`hooks-${names.length}`, "hooks", names);
    return { cert: await Bun.file(cert).text(), key: await Bun.file(key).text() };
  };
  const [good, bad] = [
    new HookBackEnd(stage, await read("DNS:localhost,IP:127.0.0.1")),
    new HookBackEnd(stage, await read("DNS:elsewhere.example")),
  ];
  const secret = Buffer.from("a secret of thirty-two bytes: ok");
  const hooks = ({ port }: HookBackEnd, event: string) => `${event} = "https://localhost:${port}/"`;
  const more = [
    "[vhost.__defaultVhost__.http_hooks]",
    ...[hooks(good, "on_publish"), hooks(bad, "on_play"), `secret = "whsec_${secret.toString("base64")}"`],
  ].join("\n");
  const server = await startSrs(stage, "server", { more, env: { SSL_CERT_FILE: authority.path } });
  await Client.publish(stage, { port: server.port }, "show");
  await expect(Client.play(stage, { port: server.port }, "show")).rejects.toThrow("access could not be checked");
  await server.program.line(/play refused .*detail="on_play: .*certificate.* from https:\/\/localhost/);
  expect(bad.calls).toEqual([]);
  const [call] = good.calls;
  const { "webhook-id": id, "webhook-timestamp": time, "webhook-signature": signature } = call?.headers ?? {};
  const mac = createHmac("sha256", secret).update(`${id}.${time}.${call?.text}`).digest("base64");
  expect(signature).toBe(`v1,${mac}`);
  expect(server.program.lines.filter((line) => line.includes(secret.toString("base64")))).toEqual([]);
});

test.concurrent("the outcomes of calls are in the API and in metrics", async () => {
  await using stage = new Stage();
  const backEnd = new HookBackEnd(stage);
  const server = await ReloadServer.start(
    stage,
    `[http_api]\nlisten = "127.0.0.1:0"\n${backEnd.hooks(["on_play", "on_publish"])}`,
  );
  const line = await server.program.line(/ listening .*api=/);
  const api = `http://127.0.0.1:${/api=\S*?:(\d+)/.exec(line)?.[1]}`;
  await server.play();
  backEnd.answer = () => noEntry();
  await expect(server.publish()).rejects.toThrow("no entry");
  const { hooks } = (await (await fetch(`${api}/api/v1/hooks`)).json()) as { hooks: Record<string, unknown>[] };
  const to = `http://127.0.0.1:${backEnd.port}`;
  expect(hooks).toEqual([
    expect.objectContaining({ event: "on_play", to, allowed: 1, refused: 0, failed: 0, dropped: 0, waiting: 0 }),
    expect.objectContaining({ event: "on_publish", to, allowed: 0, refused: 1, failing: false, last_error: null }),
  ]);
  const metrics = await (await fetch(`${api}/metrics`)).text();
  expect(metrics).toInclude(`srs_hook_calls_total{event="on_play",to="${to}",result="allowed"} 1`);
});
