import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createHttpGet } from "../../../../src/io/net/http-get.ts";
import { TcpStage } from "../../../support/tcp-ends.ts";
import { ca, local } from "../../../vectors/certificates.ts";

let stage: TcpStage;

beforeEach(() => {
  stage = new TcpStage();
});
afterEach(() => stage.end());

/** A web server for these paths; each request's host and path. */
function serve(tls: boolean, answer: (request: Request) => Response) {
  const asked: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    ...(tls ? { tls: { cert: local.cert, key: local.key } } : {}),
    fetch(request) {
      const { pathname, search } = new URL(request.url);
      asked.push(`${request.headers.get("host")} ${pathname}${search} ${request.headers.get("user-agent")}`);
      return answer(request);
    },
  });
  stage.defer(() => void server.stop(true));
  return { port: server.port ?? 0, asked };
}

/** All that a request for a URL tells. */
function get(url: string, publicOnly = false): Promise<string[]> {
  return new Promise((resolve) => {
    const told: string[] = [];
    const request = createHttpGet("test/1", stage.tcp.dial)(
      url,
      {
        onResponse: (status, location) => told.push(`${status} ${location ?? ""} from ${request.ip}`.trim()),
        onData: (bytes) => told.push(new TextDecoder().decode(bytes)),
        onEnd: (reason) => resolve([...told, `end${reason === undefined ? "" : `: ${reason}`}`]),
      },
      { publicOnly },
    );
  });
}

describe("A request", () => {
  test("gets the body as it comes, and its end", async () => {
    const { port, asked } = serve(false, () => new Response("body"));
    expect(await get(`http://localhost:${port}/live/a%20b.flv?k=1&v=/x`)).toEqual([
      "200  from 127.0.0.1",
      "body",
      "end",
    ]);
    expect(asked).toEqual([`localhost:${port} /live/a%20b.flv?k=1&v=/x test/1`]);
  });

  test("does not follow redirects", async () => {
    const { port } = serve(false, () => Response.redirect("/elsewhere"));
    expect((await get(`http://127.0.0.1:${port}/`))[0]).toBe("302 /elsewhere from 127.0.0.1");
  });

  test("fails with the reason if nobody listens, or the server does not speak HTTP", async () => {
    expect(await get("http://127.0.0.1:1/")).toEqual(["end: connection refused"]);
    const listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { open: (socket) => void socket.write("220 mail\r\n\r\n"), data() {} },
    });
    stage.defer(() => listener.stop(true));
    expect(await get(`http://127.0.0.1:${listener.port}/`)).toEqual(["end: protocol error: no answer of HTTP/1 came"]);
  });

  test("fails for a text that is no HTTP URL, such as an address with a zone", async () => {
    expect(await get("http://[fe80::1%eth0]:80/x.flv")).toEqual(["end: no HTTP server can be asked for this URL"]);
  });

  test("reports nothing once it is aborted", async () => {
    const { port } = serve(false, () => new Response("body"));
    const told: string[] = [];
    const handler = { onResponse: () => told.push("response"), onData() {}, onEnd: () => told.push("end") };
    const request = createHttpGet("test/1", stage.tcp.dial)(`http://127.0.0.1:${port}/`, handler);
    request.abort();
    await get(`http://127.0.0.1:${port}/`);
    expect(told).toEqual([]);
  });

  test("goes only to the public internet if it must not go elsewhere", async () => {
    const { port, asked } = serve(false, () => new Response("secret"));
    for (const host of ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
      expect((await get(`http://${host}:${port}/`, true)).join()).toContain(
        "a server of the public internet must not redirect us",
      );
    expect(asked).toEqual([]);
  });
});

describe("A request over TLS", () => {
  test("succeeds with a server that a CA of the configuration has signed for", async () => {
    stage.trust.prepare({ ca: [stage.folder.write("ca.crt", ca.cert)], pin: [] }).apply();
    const { port } = serve(true, () => new Response("body"));
    expect(await get(`https://localhost:${port}/`)).toEqual(["200  from 127.0.0.1", "body", "end"]);
  });

  test("sends nothing to an untrusted server, whatever the environment tells the runtime", async () => {
    const { port, asked } = serve(true, () => new Response("body"));
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
    try {
      expect((await get(`https://localhost:${port}/?key=1`)).join()).toContain("which this machine does not trust");
    } finally {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
    }
    expect(asked).toEqual([]);
  });
});
