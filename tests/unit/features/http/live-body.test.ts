import { describe, expect, test } from "bun:test";
import { framed } from "../../../../src/http/framing.ts";
import type { HttpBody, HttpExchange } from "../../../../src/live/ports/http.ts";
import { brief, type HttpEnd, HttpStage, request } from "../../../support/http-stage.ts";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const upgrade = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", `Sec-WebSocket-Key: ${KEY}`];
const text = (body: string) => new TextEncoder().encode(body);

/** A stage on which /live streams until the test ends it, and what its owner hears. */
class LiveStage extends HttpStage {
  readonly bodies: HttpBody[] = [];
  readonly heard: string[] = [];

  /** Requests of /late, which are not answered yet. */
  readonly late: HttpExchange[] = [];

  constructor() {
    super({
      "/late": (exchange) => this.late.push(exchange),
      "/live": (exchange) =>
        this.bodies.push(
          exchange.stream(
            { type: "video/x-flv" },
            {
              drained: () => this.heard.push("drained"),
              gone: (reason) => this.heard.push(`gone: ${reason}`),
            },
          ),
        ),
    });
  }

  /** The one body there is. */
  get body(): HttpBody {
    const [body] = this.bodies;
    if (body === undefined) throw new Error("nothing streams");
    return body;
  }

  send(bytes: string): boolean {
    const { transport, framing } = this.body;
    return transport.send(framed(framing, text(bytes)));
  }
}

/** A client's frame, masked with zeros. */
const frame = (opcode: number, payload = "") =>
  `${String.fromCharCode(0x80 | opcode, 0x80 | payload.length)}\0\0\0\0${payload}`;

describe("A live body", () => {
  test("comes in chunks, and ends with the last chunk and the connection", () => {
    const stage = new LiveStage();
    const end = stage.dial();
    const head = end.get("/live", "User-Agent: player/1");
    const names = ["content-type", "transfer-encoding", "cache-control", "access-control-allow-origin", "connection"];
    expect(brief(head, ...names)).toEqual(["200", "video/x-flv", "chunked", "no-store", "*", "close", ""]);
    expect(stage.body.framing).toBe("chunked");
    stage.send("FLV");
    expect(end.hear()).toBe("3\r\nFLV\r\n");
    stage.body.end();
    stage.body.end();
    expect([end.hear(), end.state, stage.heard]).toEqual(["0\r\n\r\n", "closing", []]);
  });

  test("ends with the client's sending side: a client that is gone looks the same", () => {
    const stage = new LiveStage();
    const end = stage.dial();
    end.get("/live");
    expect(end.endSide()).toBe(false);
  });

  test("comes unframed to HTTP/1.0, and ends with the connection", () => {
    const stage = new LiveStage();
    const end = stage.dial();
    expect(brief(end.say("GET /live HTTP/1.0\r\n\r\n"), "transfer-encoding", "content-length")).toEqual([
      "200",
      "-",
      "-",
      "",
    ]);
    stage.send("FLV");
    stage.body.end();
    expect([end.hear(), end.state]).toEqual(["FLV", "closing"]);
  });

  test("makes its client a connected one, with the address that it asked for, its program and its page", () => {
    const stage = new LiveStage();
    const seen: unknown[] = [];
    stage.clients.observe({ connected: ({ introduction }) => seen.push(introduction) });
    stage.dial(true).get("/live?a=b", "User-Agent: player/1", "Referer: https://tv.example/now");
    stage.dial(true).get("/live", "Origin: https://other.example");
    expect(seen).toEqual([
      { url: "https://live.example/live?a=b", software: "player/1", pageUrl: "https://tv.example/now" },
      { url: "https://live.example/live", software: "", pageUrl: "https://other.example" },
    ]);
  });

  test("notifies its owner when the client has room again, and when it is gone", () => {
    const stage = new LiveStage();
    const end = stage.dial();
    end.get("/live");
    end.sink.stall();
    expect(stage.send("FLV")).toBe(false);
    end.sink.drain();
    end.hangUp("reset");
    stage.body.end();
    expect(stage.heard).toEqual(["drained", "gone: reset"]);
    expect(stage.connections.idle).toBe(true);
  });

  test("ends when the client is kicked or the server stops, as its framing has it", () => {
    const stage = new LiveStage();
    const end = stage.dial();
    end.get("/live");
    stage.clients.find("c1")?.kick("by the operator");
    expect([end.hear(), end.state]).toEqual(["0\r\n\r\n", "closing"]);
    const other = stage.dial();
    other.get("/live", ...upgrade);
    stage.connections.stop();
    expect(other.hear()).toBe("\x88\x12\x03\xe9the server stops");
    expect(stage.heard).toEqual(["gone: by the operator", "gone: the server stops"]);
  });

  test("is not delayed by input from its client", () => {
    const stage = new LiveStage();
    const end = stage.dial();
    end.say(request("/live") + request("/live"));
    for (let i = 0; i < 100; i++) end.say(new Uint8Array(10_000));
    expect([stage.bodies.length, end.heldBytes, end.state]).toEqual([1, 0, "open"]);
  });

  test("of a client that is gone already ends before it begins", () => {
    const heard: string[] = [];
    const waiting: (() => HttpBody)[] = [];
    const stage = new HttpStage({
      "/live": (exchange) =>
        waiting.push(() =>
          exchange.stream({ type: "a/b" }, { drained: () => {}, gone: (reason) => heard.push(`gone: ${reason}`) }),
        ),
    });
    const end = stage.dial();
    end.get("/live");
    end.hangUp();
    waiting[0]?.();
    stage.clock.settle();
    expect(heard).toEqual(["gone: undefined"]);
  });
});

describe("A WebSocket", () => {
  function open(stage: LiveStage): HttpEnd {
    const end = stage.dial();
    // The example of RFC 6455, 1.3.
    expect(brief(end.get("/live", ...upgrade), "sec-websocket-accept", "upgrade", "connection")).toEqual([
      "101",
      "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
      "websocket",
      "Upgrade",
      "",
    ]);
    return end;
  }

  test("carries its body in binary frames, and ends with a close frame", () => {
    const stage = new LiveStage();
    const end = open(stage);
    stage.send("FLV");
    expect(end.hear()).toBe("\x82\x03FLV");
    stage.body.end("over");
    expect([end.hear(), end.state]).toEqual(["\x88\x06\x03\xe8over", "closing"]);
  });

  test("answers pings, but not of a client that does not read", () => {
    const stage = new LiveStage();
    const end = open(stage);
    expect(end.say(frame(9, "hi"))).toBe("\x8a\x02hi");
    end.sink.stall();
    stage.send("FLV");
    end.say(frame(9, "hi").repeat(1000));
    end.sink.drain();
    expect(end.hear()).toBe("\x82\x03FLV");
  });

  test("is closed when the client closes it, and when it breaks the protocol", () => {
    const stage = new LiveStage();
    const end = open(stage);
    expect(end.say(frame(8, "\x03\xe8bye"))).toBe("\x88\x02\x03\xe8");
    expect([end.state, stage.heard.splice(0)]).toEqual(["closing", ["gone: undefined"]]);
    const rude = open(stage);
    expect(rude.say("\x82\x01x")).toStartWith("\x88");
    expect([rude.state, stage.heard]).toEqual(["closing", ["gone: a frame is not masked"]]);
  });

  test("that begins late takes the frames that came before, also one that is not whole", () => {
    const stage = new LiveStage();
    const end = stage.dial();
    end.get("/late", ...upgrade);
    const ping = frame(9, "hi");
    end.say(ping + ping.slice(0, 3));
    stage.late[0]?.stream({ type: "video/x-flv" }, { drained: () => undefined, gone: () => undefined });
    stage.clock.advance(1);
    expect(end.hear()).toEndWith("\r\n\r\n\x8a\x02hi");
    expect(end.say(ping.slice(3))).toBe("\x8a\x02hi");
  });

  test("that begins late takes what came before in order, also when more comes at once, or when it ends by that", () => {
    const stage = new LiveStage();
    const begin = (at: number) =>
      stage.late[at]?.stream({ type: "" }, { drained: () => undefined, gone: () => stage.heard.push("gone") });
    const [end, short] = [stage.dial(), stage.dial()];
    for (const one of [end, short]) one.get("/late", ...upgrade);
    end.say(frame(9, "a"));
    begin(0);
    expect(end.say(frame(9, "b"))).toEndWith("\x8a\x01a\x8a\x01b");
    short.say(frame(8, "\x03\xe8"));
    begin(1);
    expect(short.say(frame(9, "c"))).toEndWith("\r\n\r\n\x88\x02\x03\xe8");
    stage.clock.advance(1);
    expect([short.hear(), short.state, end.state, stage.heard]).toEqual(["", "closing", "open", ["gone"]]);
  });

  test("that is silent gets a ping, so that proxies keep it", () => {
    const stage = new LiveStage();
    const end = open(stage);
    stage.clock.advance(29_000);
    stage.send("FLV");
    end.hear();
    stage.clock.advance(29_000);
    expect(end.hear()).toBe("");
    stage.clock.advance(2000);
    expect(end.hear()).toBe("\x89\x00");
  });

  test("is refused like any other request if no route has anything", () => {
    const stage = new LiveStage();
    expect(brief(stage.dial().get("/other", ...upgrade))[0]).toBe("404");
  });
});
