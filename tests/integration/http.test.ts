import { afterEach, beforeEach, expect, test } from "bun:test";
import { forViewers } from "../../src/features/http/context.ts";
import { HttpServer } from "../../src/features/http/server.ts";
import { framed } from "../../src/http/framing.ts";
import { Clients } from "../../src/live/ports/clients.ts";
import { ConnectionServers } from "../../src/live/ports/connection-servers.ts";
import type { HttpBody, HttpExchange } from "../../src/live/ports/http.ts";
import { Refusals } from "../../src/live/ports/refusals.ts";
import { openAccount } from "../support/open-door.ts";
import { RecordingLog } from "../support/recording-log.ts";
import { TcpStage } from "../support/tcp-ends.ts";

/** An HTTP server on sockets, whose one route streams. */
let stage: TcpStage;
let bodies: HttpBody[];
let heard: string[];
let clients: Clients;
let port: number;

beforeEach(() => {
  stage = new TcpStage();
  [bodies, heard, clients] = [[], [], new Clients(stage.clock)];
  const { clock } = stage;
  const log = new RecordingLog();
  const route = {
    handle(_: unknown, exchange: HttpExchange) {
      const owner = {
        drained: () => heard.push("drained"),
        gone: (why: string | undefined) => heard.push(`gone: ${why}`),
      };
      bodies.push(exchange.stream({ type: "video/x-flv" }, owner));
      return true;
    },
  };
  const refusals = new Refusals(clock, log);
  const account = openAccount(10);
  const common = { clock, log, refusals, account };
  const server = new HttpServer({
    ...forViewers,
    ...{ ...common, clients, software: "srs/test", routes: [route] },
    rtmpPort: () => undefined,
    stage: () => "running",
  });
  const servers = new ConnectionServers({ ...common, servers: [server] });
  const listener = stage.tcp.listen({ host: "127.0.0.1", port: 0 }, (remote) => servers.accept("http", remote));
  stage.defer(() => listener.stop());
  port = listener.address.port;
});
afterEach(() => stage.end());

async function body(): Promise<HttpBody> {
  for (;;) {
    const [one] = bodies;
    if (one !== undefined) return one;
    await Bun.sleep(1);
  }
}

const batch = (at: number) => new Uint8Array(10_000).fill(at);

test("a client of HTTP/1.1 reads a live body to its end", async () => {
  const answer = fetch(`http://127.0.0.1:${port}/live/show.flv`);
  const live = await body();
  for (let at = 0; at < 20; at++) live.transport.send(framed(live.framing, batch(at)));
  live.end();
  const bytes = await (await answer).bytes();
  expect([bytes.length, bytes[0], bytes.at(-1)]).toEqual([200_000, 0, 19]);
});

test("a browser's WebSocket gets one message for each batch, and the reason of the end", async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/live/show.flv`);
  socket.binaryType = "arraybuffer";
  const messages: number[] = [];
  socket.onmessage = ({ data }) => messages.push((data as ArrayBuffer).byteLength);
  const closed = new Promise<CloseEvent>((resolve) => {
    socket.onclose = resolve;
  });
  const live = await body();
  for (const size of [1, 125, 126, 65_535, 65_536]) live.transport.send(framed(live.framing, new Uint8Array(size)));
  live.end("the stream has ended");
  const { code, reason, wasClean } = await closed;
  expect([messages, code, reason, wasClean]).toEqual([
    [1, 125, 126, 65_535, 65_536],
    1000,
    "the stream has ended",
    true,
  ]);
});

test("a body's sender is notified when the viewer leaves, and the viewer is no client any more", async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/live/show.flv`);
  await new Promise((resolve) => {
    socket.onopen = resolve;
  });
  await body();
  socket.close();
  while (heard.length === 0) await Bun.sleep(1);
  while ([...clients.all()].length > 0) {
    stage.clock.settle();
    await Bun.sleep(1);
  }
  const aborted = new AbortController();
  const answer = fetch(`http://127.0.0.1:${port}/live/show.flv`, { signal: aborted.signal });
  expect((await answer).status).toBe(200);
  aborted.abort();
  while (heard.length === 1) {
    stage.clock.settle();
    await Bun.sleep(1);
  }
  expect(heard).toEqual(["gone: undefined", expect.stringMatching(/^gone: /)]);
});
