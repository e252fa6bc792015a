import { expect } from "bun:test";
import { mkdirSync, symlinkSync } from "node:fs";
import { httpPort, RawHttp } from "../support/e2e/raw-http.ts";
import { pair, shownBy } from "../support/e2e/reload/rtmps.ts";
import { ReloadServer, sendGop } from "../support/e2e/reload/server.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";
import { local, other } from "../vectors/certificates.ts";

const test = testWith("tests/e2e/http.test.ts");

const LISTEN = '[http_server]\nlisten = "127.0.0.1:0"\n';
const get = (path: string, ...lines: string[]) =>
  `${[`GET ${path} HTTP/1.1`, "Host: a", ...lines].join("\r\n")}\r\n\r\n`;

test.concurrent("files are served over HTTP and HTTPS, whole, in part, and again only when they have changed", async () => {
  await using stage = new Stage();
  mkdirSync(stage.path("www"));
  stage.write("www/index.html", "<title>top</title>");
  const large = new Uint8Array(5_000_000).map((_, at) => (at * at) >> 7);
  await Bun.write(stage.path("www/large.bin"), large);
  const tls = `[http_server.tls]\nlisten = "127.0.0.1:0"\n${pair(stage, "local", local)}`;
  const server = await ReloadServer.start(stage, `${LISTEN}dir = "${stage.path("www")}"\n${tls}`);
  const bases = [
    `http://127.0.0.1:${await httpPort(server.program)}`,
    `https://127.0.0.1:${await httpPort(server.program, "https")}`,
  ];
  for (const base of bases) {
    const ask = (path: string, headers: Record<string, string> = {}) =>
      fetch(base + path, { headers, tls: { rejectUnauthorized: false } });
    const page = await ask("/");
    expect([page.status, page.headers.get("content-type"), await page.text()]).toEqual([
      200,
      "text/html; charset=utf-8",
      "<title>top</title>",
    ]);
    const again = await ask("/", { "if-none-match": page.headers.get("etag") ?? "" });
    expect([again.status, again.headers.get("access-control-allow-origin")]).toEqual([304, "*"]);
    expect(Bun.hash(await (await ask("/large.bin")).arrayBuffer())).toBe(Bun.hash(large));
    const part = await ask("/large.bin", { range: "bytes=1000000-1000009" });
    expect([part.status, await part.bytes()]).toEqual([206, large.slice(1_000_000, 1_000_010)]);
    const nothing = await ask("/nothing.txt");
    expect([nothing.status, await nothing.text()]).toEqual([404, "there is nothing at this address\n"]);
  }
});

test.concurrent("files with names like streams' are served without an origin, missing ones are not found, and guests are led to pages", async () => {
  await using stage = new Stage();
  mkdirSync(stage.path("www"));
  for (const name of ["film.m3u8", "film.ts"]) stage.write(`www/${name}`, name);
  // No origin answers: a search would end with a refusal.
  const vhost = '[vhost.__defaultVhost__.hls]\nenabled = true\n[vhost.__defaultVhost__.edge]\norigin = "127.0.0.1:1"';
  const server = await ReloadServer.start(stage, `${LISTEN}dir = "${stage.path("www")}"\n${vhost}`);
  const base = `http://127.0.0.1:${await httpPort(server.program)}`;
  for (const name of ["film.m3u8", "film.ts"]) expect(await (await fetch(`${base}/${name}`)).text()).toBe(name);
  expect(server.program.count(/pull|refused/)).toBe(0);
  expect((await fetch(`${base}/player/style.css`)).status).toBe(404);
  const led = await fetch(`${base}/live/show/?a=1`, { redirect: "manual" });
  expect([led.status, led.headers.get("location")]).toEqual([308, "/live/show?a=1"]);
});

test.concurrent("a client that reads slowly gets all of a file, and the server keeps little of it", async () => {
  await using stage = new Stage();
  await Bun.write(stage.path("large.bin"), new Uint8Array(30_000_000));
  const server = await ReloadServer.start(stage, `${LISTEN}dir = "${stage.path(".")}"`);
  const { body } = await fetch(`http://127.0.0.1:${await httpPort(server.program)}/large.bin`);
  let bytes = 0;
  for await (const piece of body ?? []) {
    bytes += piece.length;
    await Bun.sleep(0);
  }
  expect(bytes).toBe(30_000_000);
});

test.concurrent("pipelined requests are answered in order, and a request for another port's protocol gets one line that says so", async () => {
  await using stage = new Stage();
  const tls = `[http_server.tls]\nlisten = "127.0.0.1:0"\n${pair(stage, "local", local)}`;
  const server = await ReloadServer.start(stage, `${LISTEN}dir = "${stage.path(".")}"\n${tls}\n[log]\nlevel = "debug"`);
  stage.write("large.txt", "large");
  const port = await httpPort(server.program);
  expect(await RawHttp.askAndEnd(port, get("/large.txt"))).toEndWith("\r\n\r\nlarge");
  const many = await RawHttp.connect(stage, port);
  many.say(get("/healthz") + get("/readyz") + get("/nothing.txt", "Connection: close"));
  expect((await many.end()).match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 200", "HTTP/1.1 404"]);

  const cases: readonly [port: number, says: string | Uint8Array, line: string][] = [
    [port, Uint8Array.of(3, ...new Uint8Array(1536)), `this port speaks HTTP; RTMP is on port`],
    [port, Uint8Array.of(0x16, 3, 1, 0, 5), "this port speaks HTTP, not TLS"],
    [port, get("/", "Content-Length: 5"), "requests to this server have no body"],
    [server.port, get("/live/show.flv"), "this port speaks RTMP, not HTTP"],
    [await httpPort(server.program, "https"), get("/"), "this port speaks HTTPS only"],
  ];
  for (const [at, says, line] of cases) {
    const client = await RawHttp.connect(stage, at);
    client.say(says);
    // RTMP's port is 0 in the file: any.
    expect(await client.end()).toInclude(line.replace("; RTMP is on port", ", not RTMP"));
  }
  await server.program.line(/connection refused .*HTTP without TLS came on a port of http_server.tls.listen/);
  expect(server.program.count(/INFO.*request/)).toBe(0);
});

test.concurrent("malformed addresses, hosts and ranges are answered by a status, and reach no file", async () => {
  await using stage = new Stage();
  for (const folder of ["www", "www/.git", "www/.well-known", "www/sub"]) mkdirSync(stage.path(folder));
  stage.write("secret.txt", "secret");
  for (const name of [".htpasswd", ".git/config", ".well-known/.hidden"]) stage.write(`www/${name}`, "secret");
  stage.write("www/ten.txt", "0123456789");
  stage.write("www/.well-known/token", "acme");
  symlinkSync("../secret.txt", stage.path("www/out.txt"));
  symlinkSync("..", stage.path("www/up"));
  symlinkSync("loop.txt", stage.path("www/loop.txt"));
  const files = `dir = "${stage.path("www")}"\n[http_server.page]\nenabled = false`;
  const server = await ReloadServer.start(stage, LISTEN + files);
  const client = await RawHttp.connect(stage, await httpPort(server.program));
  const ask = async (request: string) => {
    client.heard = "";
    client.say(request);
    // A head and its body may come apart.
    return until("a whole answer", () => {
      const [, status, length, body] =
        /^HTTP\/1\.1 (\d+)[\s\S]*?\r\nContent-Length: (\d+)[\s\S]*?\r\n\r\n([\s\S]*)$/.exec(client.heard) ?? [];
      return body?.length === Number(length) ? ([Number(status), body] as const) : undefined;
    });
  };
  const nothing = [404, "there is nothing at this address\n"] as const;
  const hidden = ["/.htpasswd", "/%2ehtpasswd", "/.git/config", "/.well-known/.hidden", "/%252e%252e/secret.txt"];
  const linked = ["/out.txt", "/up/secret.txt", "/loop.txt", "/sub/", "/ten.txt/"];
  for (const path of [...hidden, ...linked]) expect({ path, is: await ask(get(path)) }).toEqual({ path, is: nothing });
  expect(await ask(get("/.well-known/token"))).toEqual([200, "acme"]);
  const ranges: readonly [range: string, status: number, body: string][] = [
    ["bytes=0-99999999999999999999", 206, "0123456789"],
    ["bytes=-0", 416, ""],
    ["bytes=10-", 416, ""],
    ["bytes=5-2", 200, "0123456789"],
    ["bytes=--1", 200, "0123456789"],
    [`bytes=0-${",0-".repeat(2000)}`, 200, "0123456789"],
    ["pages=0-1", 200, "0123456789"],
  ];
  for (const [range, status, body] of ranges) {
    expect({ range, is: await ask(get("/ten.txt", `Range: ${range}`)) }).toEqual({ range, is: [status, body] });
  }

  const slashes = [
    "/../secret.txt",
    "/%2e%2e/secret.txt",
    "/..%2fsecret.txt",
    "/..%5csecret.txt",
    "/a%00.txt",
    "/%c0%ae",
  ];
  const requests = [...slashes.map((path) => get(path)), get("/ten.txt", "Host: b"), get("http://other/ten.txt")];
  for (const request of [...requests, "GET /ten.txt HTTP/1.1\r\n\r\n"]) {
    const one = await RawHttp.connect(stage, await httpPort(server.program));
    one.say(request);
    expect(await one.end()).toStartWith("HTTP/1.1 400 ");
  }
  const { out } = await server.run("status");
  expect(out).toMatch(/protocol +9\n/);

  await server.reload(`${LISTEN + files}\n[limits]\nmax_requests_per_minute = 5`);
  client.heard = "";
  client.say(get("/ten.txt").repeat(7));
  expect((await client.end()).match(/HTTP\/1\.1 \d+/g)?.at(-1)).toBe("HTTP/1.1 429");
});

test.concurrent("a viewer gets FLV over HTTPS and wss, and a renewed certificate when it connects again", async () => {
  await using stage = new Stage();
  const files = pair(stage, "served", local);
  const server = await ReloadServer.start(stage, `[http_server.tls]\nlisten = "127.0.0.1:0"\n${files}`);
  const port = await httpPort(server.program, "https");
  const publisher = await server.publish();
  sendGop(publisher, 0, 25);
  const insecure = { tls: { rejectUnauthorized: false } };
  const sizes: [number, number] = [0, 0];
  const answer = await fetch(`https://127.0.0.1:${port}/live/show.flv`, insecure);
  const reading = (async () => {
    for await (const piece of answer.body ?? []) sizes[0] += piece.length;
  })();
  const socket = new WebSocket(`wss://127.0.0.1:${port}/live/show.flv`, insecure as unknown as string[]);
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => {
    sizes[1] += (data as ArrayBuffer).byteLength;
  };
  const closed = new Promise<CloseEvent>((resolve) => {
    socket.onclose = resolve;
  });
  await until("both have pictures", () => sizes[0] > 25 * 200 && sizes[1] > 25 * 200);
  pair(stage, "served", other);
  await server.run("reload");
  expect(await shownBy(port)).toBe("other");
  // Who is there goes on.
  const before = [...sizes];
  sendGop(publisher, 25, 25);
  await until("both go on", () => sizes.every((size, at) => size > (before[at] ?? 0)));
  publisher.say(0, "deleteStream", null, 1);
  await reading;
  expect((await closed).code).toBe(1000);
  expect(sizes[0]).toBe(sizes[1]);
});

test.concurrent("an upgrade fails no request: the old process answers once more, the new one takes over", async () => {
  await using stage = new Stage();
  const server = await ReloadServer.start(stage, LISTEN);
  const port = await httpPort(server.program);
  const [kept, streams] = [await RawHttp.connect(stage, port), await server.play()];
  kept.say(get("/readyz"));
  await kept.hears(/ready\n$/);
  let [answers, stopped] = [0, false];
  const failures: unknown[] = [];
  const visitors = Array.from({ length: 5 }, async () => {
    while (!stopped) {
      await fetch(`http://127.0.0.1:${port}/healthz`, { headers: { connection: "close" } }).then(
        () => answers++,
        (error: unknown) => failures.push(error),
      );
    }
  });
  await until("some have asked", () => answers > 20);
  const { exitCode, out } = await server.run("upgrade");
  const pid = Number(/server (\d+) accepts/.exec(out)?.[1]);
  stage.defer(() => process.kill(pid, "SIGTERM"));
  expect(exitCode).toBe(0);
  const before = answers;
  await until("others ask", () => answers > before + 20);
  stopped = true;
  await Promise.all(visitors);
  expect(failures).toEqual([]);
  // The connection that was there before is answered by the old process, which says that it drains.
  kept.heard = "";
  kept.say(get("/readyz"));
  expect(await kept.end()).toMatch(/^HTTP\/1\.1 503 [\s\S]*Connection: close[\s\S]*draining\n$/);
  expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
  streams.abort();
  expect(await server.program.ended()).toBe(0);
});

test.concurrent("behind a proxy that names its clients, these clients are counted and logged, not the proxy", async () => {
  await using stage = new Stage();
  const trusted = '[proxy_protocol]\nlisten = "127.0.0.1:0"\ntrusted = "127.0.0.1"';
  const server = await ReloadServer.start(stage, `${LISTEN}${trusted}`);
  const client = await RawHttp.connect(stage, await httpPort(server.program));
  client.say("PROXY TCP4 203.0.113.9 10.0.0.1 40000 8080\r\nPOST / HTTP/1.1\r\n\r\n");
  expect(await client.end()).toStartWith("HTTP/1.1 405 ");
  await server.program.line(/connection closed addr=203\.0\.113\.9:40000 .*status=405/);
});

test.concurrent("a request beyond max_connections is answered with 503 and the time to try again", async () => {
  await using stage = new Stage();
  const server = await ReloadServer.start(stage, `max_connections = 1\n${LISTEN}`);
  const port = await httpPort(server.program);
  const inside = await RawHttp.connect(stage, port);
  inside.say(get("/healthz"));
  await inside.hears(/ok\n$/);
  const answer = await fetch(`http://127.0.0.1:${port}/healthz`);
  expect([answer.status, answer.headers.get("retry-after"), await answer.text()]).toEqual([
    503,
    "5",
    "this server takes no more connections now\n",
  ]);
  await server.program.line(/connection refused .*max_connections is reached/);
  // Not a request.
  const other = await RawHttp.connect(stage, port);
  other.say(Uint8Array.of(3, 0));
  expect(await other.end()).toBe("");
});

test.concurrent("a stop closes connections that wait for requests", async () => {
  await using stage = new Stage();
  const server = await ReloadServer.start(stage, LISTEN);
  const port = await httpPort(server.program);
  const [idle, half] = [await RawHttp.connect(stage, port), await RawHttp.connect(stage, port)];
  idle.say(get("/healthz"));
  await idle.hears(/ok\n$/);
  half.say("GET /heal");
  server.program.signal("SIGTERM");
  expect(await server.program.ended()).toBe(0);
  expect(await half.end()).toBe("");
  await idle.end();
});
