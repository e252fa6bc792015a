import { describe, expect, test } from "bun:test";
import type { HttpExchange, HttpRoute } from "../../../../src/live/ports/http.ts";
import { brief, HttpStage, request } from "../../../support/http-stage.ts";

const text = (body: string) => new TextEncoder().encode(body);
const says = (body: string) => (exchange: HttpExchange) => exchange.respond({ status: 200, body: text(body) });

/** A stage on which /a and /b are there at once, and /later when `exchange` answers. */
function stageOf(maxConnections = 100) {
  const later: HttpExchange[] = [];
  const answers = {
    "/a": says("A"),
    "/b": says("B"),
    "/large": says("L".repeat(100_000)),
    "/later": (exchange: HttpExchange) => later.push(exchange),
  };
  const stage = new HttpStage(answers, [], maxConnections);
  return { stage, later };
}

describe("A client of HTTP", () => {
  test("gets an answer to each of its requests, and keeps its connection", () => {
    const { stage } = stageOf();
    const end = stage.dial();
    expect(brief(end.get("/a"), "server", "content-length", "access-control-allow-origin")).toEqual([
      "200",
      "srs/test",
      "1",
      "*",
      "A",
    ]);
    expect(brief(end.get("/b"))).toEqual(["200", "B"]);
    expect(end.state).toBe("open");
  });

  test("may send several requests at once, in pieces of any size, and is answered in their order", () => {
    const { stage } = stageOf();
    const all = request("/a") + request("/b") + request("/a");
    for (const size of [1, 7, 100, all.length]) {
      const end = stage.dial();
      let heard = "";
      for (let at = 0; at < all.length; at += size) heard += end.say(all.slice(at, at + size));
      expect(heard.match(/\r\n\r\n[AB]/g)).toEqual(["\r\n\r\nA", "\r\n\r\nB", "\r\n\r\nA"]);
    }
  });

  test("waits with its next request until the last one is answered", () => {
    const { stage, later } = stageOf();
    const end = stage.dial();
    expect(end.say(request("/later") + request("/a"))).toBe("");
    expect(stage.asked).toEqual(["GET /later"]);
    expect(end.heldBytes).toBe(request("/a").length);
    later[0]?.respond({ status: 200, body: text("late") });
    expect(end.hear().match(/\r\n\r\n(?:late|A)/g)).toEqual(["\r\n\r\nlate", "\r\n\r\nA"]);
    expect(end.heldBytes).toBe(0);
  });

  test("gets no further answer while it does not read the last one", () => {
    const { stage } = stageOf();
    const end = stage.dial();
    end.sink.room = 1000;
    end.say(request("/large") + request("/a"));
    expect(stage.asked).toEqual(["GET /large"]);
    end.sink.drain();
    expect(end.hear()).toEndWith("\r\n\r\nA");
    expect(stage.asked).toEqual(["GET /large", "GET /a"]);
  });

  test("is closed when it sends too much ahead of an answer", () => {
    const { stage } = stageOf();
    const end = stage.dial();
    end.say(request("/later"));
    const much = request("/a").repeat(100);
    while (end.state === "open" && end.heldBytes < 1_000_000) end.say(much);
    expect([end.state, stage.log.take(/requests ahead/)]).toEqual(["aborted", [expect.stringContaining("warn")]]);
  });

  test("is served a few of many requests at a time, then others are", () => {
    const { stage } = stageOf();
    const end = stage.dial();
    const heard = end.say(request("/a").repeat(100));
    expect(heard.split("HTTP/1.1 200").length - 1).toBe(100);
    expect(stage.asked).toHaveLength(100);
  });

  test("is closed when it asks for that, and with HTTP/1.0 unless it asks for more", () => {
    const { stage } = stageOf();
    const end = stage.dial();
    expect(brief(end.get("/a", "Connection: close"), "connection")).toEqual(["200", "close", "A"]);
    expect(end.state).toBe("closing");
    const old = stage.dial();
    expect(brief(old.say("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), "connection")).toEqual([
      "200",
      "keep-alive",
      "A",
    ]);
    expect(brief(old.say("GET /a HTTP/1.0\r\n\r\n"))).toEqual(["200", "A"]);
    expect(old.state).toBe("closing");
  });

  test("gets the head of GET's answer by HEAD", () => {
    const { stage } = stageOf();
    const answer = stage.dial().say("HEAD /large HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(brief(answer, "content-length")).toEqual(["200", "100000", ""]);
  });

  test("may ask from a page of any host, and may cache that for a day", () => {
    const { stage } = stageOf();
    const end = stage.dial();
    const answer = end.say(
      "OPTIONS /a HTTP/1.1\r\nHost: a\r\nOrigin: http://b\r\nAccess-Control-Request-Method: GET\r\n\r\n",
    );
    const names = ["access-control-allow-origin", "access-control-allow-headers", "access-control-max-age"];
    expect(brief(answer, ...names)).toEqual(["204", "*", "*", "86400", ""]);
    expect([stage.asked, end.state]).toEqual([[], "open"]);
  });

  test("gets 404 if no route has anything, without a line in the log", () => {
    const { stage } = stageOf();
    const end = stage.dial();
    expect(brief(end.get("/c"), "access-control-allow-origin")).toEqual([
      "404",
      "*",
      "there is nothing at this address\n",
    ]);
    expect([stage.refusals.totals.get("not_found"), stage.log.take(/warn/), end.state]).toEqual([1, [], "open"]);
  });

  test("gets the first route's reason why there is nothing, unless another route has something", () => {
    const refused = { ok: false, rule: "missing", kind: "missing", reason: "nobody has it" } as const;
    const pass = (exchange: HttpExchange) => exchange.pass({ refused, about: { stream: "/a" } });
    const file: HttpRoute = {
      handle({ path }, exchange) {
        if (path === "/file") exchange.respond({ status: 200 });
        else exchange.pass();
        return true;
      },
    };
    const stage = new HttpStage({ "/a": pass, "/file": pass }, [file]);
    const end = stage.dial();
    expect(brief(end.get("/a"))).toEqual(["404", "nobody has it\n"]);
    expect(brief(end.get("/file"))[0]).toBe("200");
    expect([...stage.refusals.totals]).toEqual([["missing", 1]]);
    expect(stage.log.take(/refused/)).toEqual([
      "warn c1 play refused addr=10.0.0.9:40000 stream=/a error=nobody has it",
    ]);
  });

  test("is counted from its connection to its end, and gets the reason of a kick", () => {
    const { stage, later } = stageOf();
    const end = stage.dial();
    end.get("/later");
    const [client] = [...stage.clients.all()];
    expect(client).toMatchObject({ id: "c1", protocol: "http", remote: { host: "10.0.0.9" } });
    let gone = 0;
    const [exchange] = later;
    if (exchange !== undefined) exchange.onGone = () => gone++;
    client?.kick("by the operator");
    expect(brief(end.hear())).toEqual(["503", "by the operator\n"]);
    end.hangUp();
    exchange?.respond({ status: 200, body: text("too late") });
    expect([gone, exchange?.gone, end.hear(), [...stage.clients.all()], stage.connections.idle]).toEqual([
      1,
      true,
      "",
      [],
      true,
    ]);
  });
});

describe("A client that closes its side and keeps reading", () => {
  test("gets the answers to its requests, and then the end", () => {
    const { stage, later } = stageOf();
    const end = stage.dial();
    end.say(request("/later"), request("/a"), "GET /b");
    expect(end.endSide()).toBe(true);
    stage.clock.advance(1000);
    later[0]?.respond({ status: 200, body: text("late") });
    expect(end.hear().match(/\r\n\r\n(?:late|A)/g)).toEqual(["\r\n\r\nlate", "\r\n\r\nA"]);
    expect(end.state).toBe("closing");
  });

  test("gets only an answer that begins soon, as a client that is gone looks the same", () => {
    const { stage, later } = stageOf();
    const end = stage.dial();
    end.get("/later");
    expect(end.endSide()).toBe(true);
    stage.clock.advance(3000);
    expect([end.state, later[0]?.gone]).toEqual(["aborted", true]);
  });

  test("does not count for max_connections when there are many like it", () => {
    const { stage } = stageOf(8);
    const waiting = Array.from({ length: 20 }, () => {
      const end = stage.dial();
      end.get("/later");
      if (!end.endSide()) end.hangUp();
      return end;
    });
    expect(waiting.filter(({ state }) => state === "open")).toHaveLength(2);
    expect(stage.dial().get("/a")).toContain("200 OK");
  });

  test("gets an answer that has begun to its end", () => {
    const { stage } = stageOf();
    for (const header of ["Connection: close", "Connection: keep-alive"]) {
      const end = stage.dial();
      end.sink.room = 1000;
      end.get("/large", header);
      expect(end.endSide()).toBe(true);
      stage.clock.advance(10_000);
      end.sink.drain();
      expect([end.sink.bytes > 100_000, end.state]).toEqual([true, "closing"]);
    }
  });

  test("is closed at once if no request is under way", () => {
    const { stage } = stageOf();
    const end = stage.dial();
    expect([end.endSide(), stage.dial().endSide()]).toEqual([false, false]);
    end.get("/a");
    expect(end.endSide()).toBe(false);
  });
});

describe("A connection", () => {
  test("whose head comes too slowly is closed after ten seconds, with 408", () => {
    const { stage } = stageOf();
    const end = stage.dial();
    end.get("/a");
    stage.clock.advance(5000);
    end.hear();
    const drips = request("/a", `X: ${"x".repeat(100)}`);
    let heard = "";
    let seconds = 0;
    for (; heard === ""; seconds++) {
      end.say(drips[seconds] ?? "");
      stage.clock.advance(1000);
      heard = end.hear();
    }
    expect([brief(heard)[0], end.state, seconds]).toEqual(["408", "closing", 10]);
    expect(stage.refusals.totals.get("request_timeout")).toBe(1);
  });

  test("without a request is closed after 15 seconds, without a line in the log", () => {
    const { stage } = stageOf();
    const [silent, idle] = [stage.dial(), stage.dial()];
    stage.clock.advance(10_000);
    idle.get("/a");
    stage.clock.advance(5000);
    expect([silent.state, idle.state]).toEqual(["aborted", "open"]);
    stage.clock.advance(10_000);
    expect([idle.state, idle.hear(), stage.refusals.totals.size]).toEqual(["closing", "", 0]);
  });

  test("with an answer that takes time stays open", () => {
    const { stage, later } = stageOf();
    const end = stage.dial();
    end.get("/later");
    stage.clock.advance(100_000);
    later[0]?.respond({ status: 200, body: text("late") });
    expect(brief(end.hear())).toEqual(["200", "late"]);
    stage.clock.advance(14_000);
    expect(end.state).toBe("open");
  });

  test("of an address with too many requests gets 429", () => {
    const { stage } = stageOf();
    stage.limits.requests = 1;
    const end = stage.dial();
    end.get("/a");
    expect(brief(end.get("/a"), "retry-after")).toEqual(["429", "5", "too often\n"]);
    expect([end.state, stage.refusals.totals.get("max_requests_per_minute")]).toEqual(["closing", 1]);
  });

  test.each([
    ["RTMP", Uint8Array.of(3, 0, 0), "this port speaks HTTP; RTMP is on port 1935\n"],
    ["TLS", Uint8Array.of(0x16, 3, 1), "this port speaks HTTP, not TLS (HTTPS)\n"],
    ["nonsense", Uint8Array.of(0, 1), "this is not an HTTP/1.1 request\n"],
  ])("on which %s comes says in one line what it is for", (_, bytes, line) => {
    const { stage } = stageOf();
    const end = stage.dial();
    expect(brief(end.say(bytes))).toEqual(["400", line]);
    expect([end.state, stage.refusals.totals.get("protocol")]).toEqual(["closing", 1]);
  });

  test("whose request has a body in any form is closed, and the body is not read as a request", () => {
    const smuggled = request("/b");
    const tricks = [
      `Content-Length: ${smuggled.length}`,
      "Transfer-Encoding: chunked",
      `Content-Length: 0\r\nContent-Length: ${smuggled.length}`,
      `Content-Length: ${smuggled.length}\r\nTransfer-Encoding: chunked`,
      "Transfer-Encoding : chunked",
      "Transfer-Encoding: \x0bchunked",
      `Content-Length: +${smuggled.length}`,
      `X: y\n Content-Length: ${smuggled.length}`,
    ];
    for (const trick of tricks) {
      const { stage } = stageOf();
      const end = stage.dial();
      const heard = end.say(request("/a", trick) + smuggled);
      expect([trick, brief(heard)[0], end.state, stage.asked]).toEqual([
        trick,
        expect.stringMatching(/^(?:400|413|501)$/),
        "closing",
        [],
      ]);
    }
  });
});

describe("A server", () => {
  test("is always alive, and ready while it runs", () => {
    const { stage } = stageOf();
    const ask = (path: string) => brief(stage.dial().get(path), "connection");
    expect([ask("/healthz"), ask("/readyz")]).toEqual([
      ["200", "-", "ok\n"],
      ["200", "-", "ready\n"],
    ]);
    stage.connections.drain();
    expect([ask("/healthz"), ask("/readyz")]).toEqual([
      ["200", "close", "ok\n"],
      ["503", "close", "draining\n"],
    ]);
  });

  test("that drains answers once more on open connections, and closes them", () => {
    const { stage } = stageOf();
    const [polls, idles] = [stage.dial(), stage.dial()];
    polls.get("/a");
    idles.get("/a");
    stage.connections.drain();
    stage.clock.advance(5000);
    expect(brief(polls.get("/a"), "connection")).toEqual(["200", "close", "A"]);
    expect([polls.state, idles.state]).toEqual(["closing", "open"]);
    stage.clock.advance(15_000);
    expect(idles.state).toBe("closing");
  });

  test("that stops answers waiting requests", () => {
    const { stage, later } = stageOf();
    const [waiting, idle] = [stage.dial(), stage.dial()];
    waiting.get("/later");
    stage.connections.stop();
    expect([brief(waiting.hear()), idle.hear()]).toEqual([["503", "the server stops\n"], ""]);
    expect([waiting.state, idle.state, later[0]?.gone]).toEqual(["closing", "closing", true]);
  });
});
