import { expect } from "bun:test";
import { HookBackEnd, noEntry } from "../support/e2e/hook-back-end.ts";
import { httpPort } from "../support/e2e/raw-http.ts";
import { picture, ReloadServer, sendGop } from "../support/e2e/reload/server.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";

const test = testWith("tests/e2e/hooks-odd.test.ts");

/** Answers that say yes, in all the ways in which HTTP servers write them. */
const yes: readonly (readonly [what: string, ...pieces: string[]])[] = [
  ["a number", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1\r\n\r\n0"],
  ["a number and a line feed", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n0\r\n"],
  ["a byte order mark", 'HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n\u00ef\u00bb\u00bf{"code":0}'],
  ["created", 'HTTP/1.1 201 Created\r\nContent-Length: 22\r\n\r\n{"code":0,"data":null}'],
  ["no length", 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{"code":0}', "END"],
  ["HTTP/1.0", "HTTP/1.0 200 OK\r\nServer: BaseHTTP/0.6\r\n\r\n0", "END"],
  ["HTTP/1.0 that stays open", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\n0"],
  ["no reason behind the status", "HTTP/1.1 200\r\ncontent-length:1\r\n\r\n0"],
  ["line feeds alone", "HTTP/1.1 200 OK\nContent-Length: 1\n\n0"],
  [
    "interim answers",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n0",
  ],
  ["chunks", 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"cod\r\n5\r\ne":0}\r\n0\r\n\r\n'],
  [
    "chunks with extensions and a trailer",
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n00A;x="y"\r\n{"code":0}\r\n000\r\nX-Sum: 1\r\n\r\n',
  ],
  [
    "chunks and a length",
    "HTTP/1.1 200 OK\r\nContent-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n0\r\n0\r\n\r\n",
  ],
  ["one byte after the other", ..."HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n0\r\n0\r\n\r\n"],
];

test.concurrent("a back end says yes in each of HTTP's ways, to each client of several on one connection", async () => {
  await using stage = new Stage();
  const ports = yes.map(([, ...pieces]) => {
    const listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        async data(socket) {
          for (const piece of pieces) {
            if (piece === "END") socket.end();
            else socket.write(Uint8Array.from(piece, (letter) => letter.charCodeAt(0)));
            await new Promise((resolve) => setImmediate(resolve));
          }
        },
      },
    });
    stage.defer(() => listener.stop(true));
    return listener.port;
  });
  const vhosts = ports.map((port, at) => `[vhost."v${at}.example".http_hooks]\non_play = "http://127.0.0.1:${port}/"`);
  const server = await ReloadServer.start(stage, ["[vhost.__defaultVhost__]", ...vhosts].join("\n"));
  const refused: string[] = [];
  await Promise.all(
    yes.map(async ([what], at) => {
      for (let round = 0; round < 3; round++)
        await server
          .play(`show?vhost=v${at}.example`)
          .catch((error: Error) => refused.push(`${what}: ${error.message}`));
    }),
  );
  expect(refused).toEqual([]);
  expect(server.program.count(/hook fails|ERROR/)).toBe(0);
});

test.concurrent("a back end on IPv6 is asked by its URL's path and query, which no log line shows", async () => {
  await using stage = new Stage();
  const asked: string[] = [];
  const backEnd = Bun.serve({
    hostname: "::1",
    port: 0,
    fetch(request) {
      asked.push(request.url);
      return new Response("0");
    },
  });
  stage.defer(() => backEnd.stop(true));
  const path = "/hooks/s3cret-path?token=s3cret-token&list={a,b}&x=%7Bc%7D";
  const server = await ReloadServer.start(
    stage,
    `[vhost.__defaultVhost__.http_hooks]\non_play = "http://[::1]:${backEnd.port}${path}"\non_publish = "http://[::1]:1/s3cret/s3cret"`,
  );
  await server.play();
  expect(asked).toEqual([`http://[::1]:${backEnd.port}${path}`]);
  await expect(server.publish()).rejects.toThrow("access could not be checked");
  await server.program.line(/hook fails .*to=http:\/\/\[::1\]:1 /);
  expect(server.program.lines.filter((line) => line.includes("s3cret"))).toEqual([]);
});

test.concurrent("a URL with a user and a password is refused, and the message shows neither", async () => {
  await using stage = new Stage();
  const server = await ReloadServer.start(stage, "");
  server.write('[vhost.__defaultVhost__.http_hooks]\non_play = "http://admin:s3cret@127.0.0.1:8085/"');
  const { exitCode, out, err } = await server.run("check");
  expect(exitCode).toBe(1);
  expect(`${out}${err}`).toInclude("a user and a password are not supported; sign the calls with secret");
  expect(`${out}${err}`).not.toInclude("s3cret");
});

test.concurrent("a client waits for the back end's answer through a reload, and is kicked by the id that the back end has", async () => {
  await using stage = new Stage();
  const backEnd = new HookBackEnd(stage);
  const hooks = `http_api.listen = "127.0.0.1:0"\n${backEnd.hooks(["on_publish", "on_play", "on_stop"])}`;
  const server = await ReloadServer.start(stage, hooks);
  const [publisher, decided] = [await server.publish(), Promise.withResolvers<undefined>()];
  backEnd.answer = ({ body }) => (body.action === "on_play" ? decided.promise : undefined);
  const waiting = server.play();
  const { client_id: id } = await backEnd.event("on_play");
  for (const more of ["\ntimeout = 5000", "\ncache = 5"]) await server.reload(`${hooks}${more}`);
  decided.resolve(undefined);
  const player = await waiting;
  sendGop(publisher, 1, 3);
  await picture(player, 1);
  const list = `http://127.0.0.1:${await httpPort(server.program, "api")}/api/v1/clients`;
  const { clients } = (await (await fetch(list)).json()) as { clients: { client_id: string }[] };
  expect(clients.map(({ client_id }) => client_id)).toContain(String(id));
  const url = `${list}/${id}`;
  expect(await (await fetch(url, { method: "DELETE" })).json()).toMatchObject({ code: 0 });
  await player.end();
  expect(await backEnd.event("on_stop")).toMatchObject({ client_id: id });
  expect(await (await fetch(url)).json()).not.toMatchObject({ code: 0 });
  backEnd.answer = () => noEntry();
  await expect(server.play()).rejects.toThrow("no entry");
  expect(publisher.closed).toBe(false);
  expect(backEnd.problems).toEqual([]);
});
