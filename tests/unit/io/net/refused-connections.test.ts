import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Transport } from "../../../../src/base/transport.ts";
import type { Refusal } from "../../../../src/io/net/refused-connections.ts";
import { until } from "../../../support/e2e/wait.ts";
import { End, TcpStage } from "../../../support/tcp-ends.ts";

const ANSWER = "HTTP/1.1 503\r\n\r\n";
const HEADER = "PROXY TCP4 203.0.113.9 10.0.0.1 40000 80\r\n";
const MAX_ANSWERED = 64;
const ascii = (text: string) => new TextEncoder().encode(text);

let stage: TcpStage;

beforeEach(() => {
  stage = new TcpStage();
});
afterEach(() => stage.end());

/** Answers what begins like a GET, and nothing else. */
const refusal: Refusal = ([first]) => (first === 0x47 ? ascii(ANSWER) : undefined);

/** A listener that lets nobody in. */
function listen(proxied = false): number {
  const proxies = proxied ? { trusts: () => true, hasRoom: () => true } : undefined;
  const policy = {
    plain: true,
    certificates: undefined,
    proxies,
    notTls: () => ({ reason: "" }),
    refused() {},
    refusal,
  };
  const listener = stage.tcp.listen(
    { host: "127.0.0.1", port: 0 },
    () => undefined,
    () => policy,
  );
  stage.defer(() => listener.stop());
  return listener.address.port;
}

async function dial(port: number): Promise<{ client: End; side: Transport }> {
  const client = new End();
  stage.dial(port, client);
  return { client, side: await client.opened.promise };
}

describe("A refused connection", () => {
  test("gets the listener's answer to its request, and is closed", async () => {
    const { client, side } = await dial(listen());
    side.send(ascii("GET / HTTP/1.1\r\n\r\n"));
    expect(await client.closed.promise).toBeUndefined();
    expect(client.bytes).toEqual(ascii(ANSWER));
  });

  test("gets it behind a proxy's header, too", async () => {
    const { client, side } = await dial(listen(true));
    side.send(ascii(`${HEADER}GET / HTTP/1.1\r\n\r\n`));
    await client.closed.promise;
    expect(client.bytes).toEqual(ascii(ANSWER));
  });

  test("is closed without an answer when it does not speak the listener's protocol", async () => {
    const { client, side } = await dial(listen());
    side.send(Uint8Array.of(3));
    await client.closed.promise;
    expect(client.received).toBe(0);
  });

  test("is closed after a second when it sends nothing", async () => {
    const { client } = await dial(listen());
    await until("the server accepts it", () => stage.clock.timers === 1);
    stage.clock.advance(1000);
    await client.closed.promise;
    expect(client.received).toBe(0);
  });

  test("is closed at once when many were refused within a second", async () => {
    const port = listen();
    const waiting = await Promise.all(Array.from({ length: MAX_ANSWERED }, () => dial(port)));
    await until("the server accepts them", () => stage.clock.timers === MAX_ANSWERED);
    const { client } = await dial(port);
    await client.closed.promise;
    expect(waiting.filter(({ client: { closes } }) => closes > 0)).toEqual([]);
    stage.clock.advance(1000);
    const later = await dial(port);
    later.side.send(ascii("GET / HTTP/1.1\r\n\r\n"));
    await later.client.closed.promise;
    expect(later.client.bytes).toEqual(ascii(ANSWER));
  });
});
