import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createHttpPost } from "../../../../src/io/net/http-post.ts";
import { until } from "../../../support/e2e/wait.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { TcpStage } from "../../../support/tcp-ends.ts";

let stage: TcpStage;

beforeEach(() => {
  stage = new TcpStage();
});
afterEach(() => stage.end());

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n0";

/** A server that answers each request with the next of these texts; "" closes the connection. */
function serve(...answers: readonly string[]) {
  const told = { connections: 0, open: 0, requests: [] as string[] };
  const left = [...answers];
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open: () => {
        told.connections++;
        told.open++;
      },
      close: () => void told.open--,
      data(socket, bytes) {
        told.requests.push(bytes.toString());
        const answer = left.shift() ?? OK;
        if (answer === "") socket.end();
        else socket.write(answer);
      },
    },
  });
  stage.defer(() => listener.stop(true));
  return { told, url: `http://127.0.0.1:${listener.port}/hooks?k=1` };
}

function poster(clock = new FakeClock()) {
  const post = createHttpPost("test/1", stage.tcp.dial, clock);
  const content = { type: "application/json", bytes: new TextEncoder().encode('{"name":"é"}') };
  return (url: string): Promise<string> =>
    new Promise((resolve) => {
      const said: string[] = [];
      post(
        url,
        content,
        {
          onResponse: (status) => said.push(String(status)),
          onData: (bytes) => said.push(new TextDecoder().decode(bytes)),
          onEnd: (reason) => resolve([...said, reason ?? "end"].join(" ")),
        },
        { headers: { "x-id": "5" } },
      );
    });
}

describe("A request with a body", () => {
  test("sends its type and length", async () => {
    const { told, url } = serve();
    expect(await poster()(url)).toBe("200 0 end");
    const [head = "", body] = (told.requests[0] ?? "").split("\r\n\r\n");
    expect(head.split("\r\n")).toEqual([
      "POST /hooks?k=1 HTTP/1.1",
      `Host: ${new URL(url).host}`,
      "User-Agent: test/1",
      "Accept: */*",
      "x-id: 5",
      "Content-Type: application/json",
      "Content-Length: 13",
    ]);
    expect(body).toBe('{"name":"é"}');
  });

  test("reuses the connection of the one before it", async () => {
    const { told, url } = serve();
    const send = poster();
    for (let count = 0; count < 3; count++) expect(await send(url)).toBe("200 0 end");
    expect(told.connections).toBe(1);
    await Promise.all([send(url), send(url), send(url)]);
    expect(told.connections).toBe(3);
  });

  test("leaves no connection open for longer than a second", async () => {
    const { told, url } = serve();
    const clock = new FakeClock();
    const send = poster(clock);
    await send(url);
    clock.advance(1000);
    await until("the connection is closed", () => told.open === 0);
    await send(url);
    expect(told.connections).toBe(2);
  });

  test.each([
    ["an answer that says so", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n0"],
    ["bytes behind the answer", `${OK}${OK.replace("0", "7")}`],
  ])("is not followed by another on its connection after %s", async (_what, answer) => {
    const { told, url } = serve(answer);
    const send = poster();
    expect(await send(url)).toBe("200 0 end");
    expect(await send(url)).toBe("200 0 end");
    expect(told.connections).toBe(2);
  });

  test("is sent again when the server closes a reused connection, and not otherwise", async () => {
    const { told, url } = serve(OK, "");
    const send = poster();
    expect(await send(url)).toBe("200 0 end");
    expect(await send(url)).toBe("200 0 end");
    expect([told.connections, told.requests.length]).toEqual([2, 3]);
    const { told: other, url: otherUrl } = serve("");
    expect(await send(otherUrl)).toBe("the server closed the connection before its answer was whole");
    expect(other.requests.length).toBe(1);
  });

  test("accepts an answer that ends with its connection", async () => {
    const { url } = serve();
    const listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data: (socket) => void socket.end("HTTP/1.0 200 OK\r\n\r\n0") },
    });
    stage.defer(() => listener.stop(true));
    expect(await poster()(url.replace(/:\d+/, `:${listener.port}`))).toBe("200 0 end");
  });

  test("fails for an invalid answer, a missing server and an invalid URL", async () => {
    const send = poster();
    const { url } = serve("220 mail\r\n\r\n");
    expect(await send(url)).toBe("protocol error: no answer of HTTP/1 came");
    expect(await send("http://127.0.0.1:1/")).toInclude("refused");
    expect(await send("no URL")).toBe("no HTTP server can be asked for this URL");
  });
});
