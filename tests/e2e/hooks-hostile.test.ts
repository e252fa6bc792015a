import { expect } from "bun:test";
import { HookBackEnd, noEntry } from "../support/e2e/hook-back-end.ts";
import { httpPort } from "../support/e2e/raw-http.ts";
import { picture, ReloadServer, sendGop } from "../support/e2e/reload/server.ts";
import { Stage } from "../support/e2e/stage.ts";
import { deadPort } from "../support/e2e/targets.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";

const test = testWith("tests/e2e/hooks-hostile.test.ts");
const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
const named = (...urls: readonly unknown[]) => JSON.stringify({ code: 0, data: { urls } });

test.concurrent("a bad answer of a back end to on_forward does not change the stream, is logged in one line and counted", async () => {
  await using stage = new Stage();
  const backEnd = new HookBackEnd(stage);
  const target = await ReloadServer.start(stage, "", "target");
  const server = await ReloadServer.start(
    stage,
    `http_api.listen = "127.0.0.1:0"\n${backEnd.hooks(["on_forward", "on_unpublish"])}`,
  );
  const [api, dead] = [await httpPort(server.program, "api"), await deadPort()];
  const thousands = Array.from({ length: 1500 }, (_, at) => `rtmp://127.0.0.1:${dead}/to${at}`);
  /** What is answered for a stream, and how many targets are left out. */
  const answers: Readonly<Record<string, readonly [body: string, leftOut: number, status?: number]>> = {
    markup: [named("<img src=x onerror=alert(1)>", "rtmp://<b>x</b>/live/[stream]", "rtmp://a\u001b[31mb/live"), 3],
    itself: [named(`127.0.0.1:${server.port}`, `rtmp://localhost:${server.port}/live/[stream]-again`), 0],
    api: [named(`rtmp://127.0.0.1:${api}/live/[stream]`), 0],
    thousands: [named(...thousands), thousands.length - 16],
    ports: [named(...["0", "99999", "-1", "x", "%31"].map((port) => `rtmp://127.0.0.1:${port}/live`)), 5],
    schemes: [named("http://127.0.0.1/live", "file:///etc/passwd", "rtmp://a:b@127.0.0.1/live"), 3],
    names: [named(`rtmp://127.0.0.1:${dead}/${"a".repeat(30_000)}/[stream]`, `rtmp://${"h".repeat(500)}/live`), 2],
    types: [`{"code":0,"data":{"urls":[1,null,true,[],{"toString":1},["rtmp://127.0.0.1/a"]]}}`, 6],
    nested: [`{"code":0,"data":{"urls":[${nested(20_000)}]}}`, 1],
    list: [`{"code":0,"data":["rtmp://127.0.0.1:${dead}/live"]}`, 1],
    text: [`{"code":0,"data":{"urls":"rtmp://127.0.0.1:${dead}/live"}}`, 1],
    nothing: [`{"code":0}`, 0],
    refusal: [`{"code":1,"data":{"urls":["127.0.0.1:${dead}"]}}`, 0],
    page: ["<html>0</html>", 0],
    error: [named("127.0.0.1:1"), 0, 500],
    megabyte: ["0".repeat(1_048_576), 0],
    mixed: [named("", `rtmp://127.0.0.1:${target.port}/live/[stream]`), 1],
  };
  backEnd.answer = ({ body }) => {
    const [text = "", , status = 200] = (body.action === "on_forward" && answers[String(body.stream)]) || ["0", 0];
    return new Response(text, { status });
  };
  const clients = await Promise.all(
    Object.keys(answers).map(async (name) => ({
      publisher: await server.publish(name),
      player: await server.play(name),
    })),
  );
  await backEnd.event("on_forward", clients.length);
  await target.program.line(/publish started .*mixed/);
  for (const name of Object.keys(answers).filter((name) => (answers[name]?.[1] ?? 0) > 0))
    await server.program.line(new RegExp(`WARN .*targets of a hook are left out .*stream=/live/${name} `));
  for (const { publisher, player } of clients) {
    sendGop(publisher, 1, 3);
    await picture(player, 1);
  }
  await server.program.line(/connect refused .*forward loop/);
  const lines = server.program.lines.filter((line) => line.includes("are left out"));
  const told = lines.map((line) => [/stream=\/live\/(\w+)/.exec(line)?.[1], Number(/left_out=(\d+)/.exec(line)?.[1])]);
  const expected = Object.entries(answers).flatMap(([name, [, leftOut]]) => (leftOut > 0 ? [[name, leftOut]] : []));
  expect(told.toSorted()).toEqual(expected.toSorted());
  expect(server.program.count(/ERROR/)).toBe(0);
  expect(Math.max(...server.program.lines.map(({ length }) => length))).toBeLessThan(2000);
  expect(server.program.lines.filter((line) => line.includes("\u001b"))).toEqual([]);
  const { forwards } = (await (await fetch(`http://127.0.0.1:${api}/api/v1/forwards?count=100`)).json()) as {
    forwards: { stream: string }[];
  };
  expect(forwards.length).toBe(2 + 1 + 16 + 1);
  for (const { publisher } of clients) expect(publisher.closed).toBe(false);
  // The calls that follow come, whatever the answer before them was.
  const healthy = ["markup", "types", "nested", "mixed"];
  for (const name of healthy) clients[Object.keys(answers).indexOf(name)]?.publisher.abort();
  await backEnd.event("on_unpublish", healthy.length);
  expect(backEnd.problems).toEqual([]);
});

/** Writes to a socket until it is closed. */
function flood(socket: Bun.Socket<unknown>, head: string, piece: string): void {
  socket.write(head);
  const bytes = new TextEncoder().encode(piece);
  const timer = setInterval(() => {
    if (socket.write(bytes) < 0) clearInterval(timer);
  }, 1);
}

/** What back ends do with a connection on which a call comes, and what is told of it. */
const hostile: readonly (readonly [what: string, act: (socket: Bun.Socket<unknown>) => void, problem: RegExp])[] = [
  ["closes", (socket) => socket.end(), /closed the connection before its answer was whole/],
  ["resets", (socket) => socket.terminate(), /reset|closed the connection/],
  [
    "drips its answer",
    (socket) => flood(socket, "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n", " "),
    /no answer within/,
  ],
  [
    "never ends its head",
    (socket) => flood(socket, "HTTP/1.1 200 OK\r\n", "X: y\r\n".repeat(500)),
    /a head of the answer is too long/,
  ],
  [
    "never ends its interim answers",
    (socket) => flood(socket, "", "HTTP/1.1 100 Continue\r\n\r\n"),
    /interim answers came without end/,
  ],
  [
    "sends chunks without end",
    (socket) =>
      flood(socket, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", `400\r\n${"0".repeat(1024)}\r\n`),
    /more than 65536 bytes/,
  ],
  [
    "sends its answer in chunks of one byte",
    (socket) => flood(socket, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\n0\r\n".repeat(20_000)),
    /more than 65536 bytes/,
  ],
  [
    "has a head of thousands of lines",
    (socket) => flood(socket, "HTTP/1.1 200 OK\r\n", "\ra\n".repeat(20_000)),
    /a head of the answer is too long/,
  ],
  [
    "has a length that is none",
    (socket) => void socket.write("HTTP/1.1 200 OK\r\nContent-Length: 1e9\r\n\r\n0"),
    /length is no number/,
  ],
  [
    "compresses",
    (socket) =>
      void socket.write("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\u001f\u008b\b"),
    /neither 0 nor an object/,
  ],
  [
    "nests its answer deeply",
    (socket) =>
      void socket.write(`HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 40000\r\n\r\n${nested(20_000)}`),
    /neither 0 nor an object/,
  ],
  [
    "says yes with an error",
    (socket) => void socket.write('HTTP/1.1 503 No\r\nContent-Length: 10\r\n\r\n{"code":0} '),
    /it answers 503/,
  ],
];

// In two parts, as the log has no more than ten refusals of a kind one by one.
test.concurrent.each([
  ["first", hostile.slice(0, 6)],
  ["last", hostile.slice(6)],
] as const)(
  "each hostile back end lets no client in, and harms no running stream (the %s ones)",
  async (_part, some) => {
    await using stage = new Stage();
    const ports = some.map(([, act]) => {
      const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: (socket) => act(socket) } });
      stage.defer(() => listener.stop(true));
      return listener.port;
    });
    const vhosts = ports.map(
      (port, at) =>
        `[vhost."v${at}.example".http_hooks]\non_play = "http://127.0.0.1:${port}/"\non_stop = "http://127.0.0.1:${port}/"\ntimeout = 2000`,
    );
    const server = await ReloadServer.start(
      stage,
      ['http_api.listen = "127.0.0.1:0"', "[vhost.__defaultVhost__]", ...vhosts].join("\n"),
    );
    const [publisher, player] = [await server.publish(), await server.play()];
    await Promise.all(
      some.map((_, at) =>
        expect(server.play(`show?vhost=v${at}.example`)).rejects.toThrow("access could not be checked"),
      ),
    );
    sendGop(publisher, 1, 3);
    await picture(player, 1);
    for (const [at, [what, , problem]] of some.entries()) {
      const line = await server.program.line(new RegExp(`play refused .*detail=.*:${ports[at]}`));
      expect(`${what}: ${problem.test(line) ? "told" : line}`).toBe(`${what}: told`);
      expect(server.program.count(new RegExp(`WARN .*hook fails .*:${ports[at]} `))).toBe(1);
    }
    expect(server.program.count(/ERROR/)).toBe(0);
    const url = `http://127.0.0.1:${await httpPort(server.program, "api")}/api/v1/hooks`;
    const { hooks } = (await (await fetch(url)).json()) as { hooks: { failed: number; allowed: number }[] };
    expect(hooks.map(({ failed, allowed }) => [failed, allowed])).toEqual(some.map(() => [1, 0]));
  },
);

test.concurrent("a back end that changes its mind decides for each client by its present answer, and does not fill the log", async () => {
  await using stage = new Stage();
  const backEnd = new HookBackEnd(stage);
  const server = await ReloadServer.start(stage, backEnd.hooks(["on_play", "on_stop"]));
  const [publisher, player] = [await server.publish(), await server.play()];
  const moods: readonly (readonly [() => Response | undefined, string])[] = [
    [() => new Response("", { status: 503 }), "access could not be checked"],
    [() => undefined, "plays"],
    [() => noEntry("pay first"), "pay first"],
    [() => new Response("<html>0</html>"), "access could not be checked"],
    [() => new Response('{"code":0}', { status: 201 }), "plays"],
    [() => new Response(null, { status: 302, headers: { location: backEnd.url } }), "access could not be checked"],
  ];
  for (let round = 0; round < 5; round++)
    for (const [answer, outcome] of moods) {
      backEnd.answer = ({ body }) => (body.action === "on_play" ? answer() : undefined);
      const came = await server.play().then(
        (other) => {
          other.abort();
          return "plays";
        },
        (error: Error) => error.message,
      );
      expect(came).toInclude(outcome);
    }
  await backEnd.event("on_stop", 10);
  expect([server.program.count(/hook fails/), server.program.count(/hook answers again/)]).toEqual([1, 1]);
  sendGop(publisher, 1, 3);
  await picture(player, 1);
  await until("each end told once", () => backEnd.bodies("on_stop").length === 10);
  expect(backEnd.problems).toEqual([]);
});
