import { expect, test } from "bun:test";
import type { TransportHandler } from "../../../src/base/transport.ts";
import { createHttpGet } from "../../../src/io/net/http-get.ts";
import { flvHeader } from "../../../src/media/flv-header.ts";
import { FlvPullClient } from "../../../src/relay/flv-pull-client.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { FakeTransport } from "../../support/fake-transport.ts";
import { mulberry32 } from "../../support/random.ts";

test("an incomplete tag of an origin counts as input in memory until it is whole", () => {
  let connection: TransportHandler | undefined;
  const get = createHttpGet("test/1", (_target, handler) => {
    connection = handler;
    return { abort() {} };
  });
  const kinds: number[] = [];
  new FlvPullClient(get, "http://origin/live/show.flv", {
    started: () => undefined,
    over: () => undefined,
    push: (kind) => kinds.push(kind),
  });
  connection?.onOpen(new FakeTransport({ host: "origin", port: 80 }, new FakeClock(), mulberry32(1)));
  const body = new Uint8Array(3000);
  const tag = [9, 0, body.length >> 8, body.length & 255, 0, 0, 0, 0, 0, 0, 0];
  connection?.onData(Buffer.from("HTTP/1.1 200 OK\r\n\r\n"));
  connection?.onData(new Uint8Array([...flvHeader(true, true), ...tag, ...body.subarray(0, 2000)]));
  expect([connection?.heldBytes, kinds]).toEqual([2000, []]);
  connection?.onData(new Uint8Array([...body.subarray(2000), 0, 0, 0, 0]));
  expect([connection?.heldBytes, kinds]).toEqual([0, [9]]);
});
