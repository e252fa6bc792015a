import { expect, test } from "bun:test";
import { Group } from "../../../../src/loadgen/group.ts";
import { Cookies } from "../../../../src/loadgen/http/cookies.ts";
import { Fetcher } from "../../../../src/loadgen/http/fetcher.ts";
import { WallTime } from "../../../../src/loadgen/wall-time.ts";
import { defaultLimits } from "../../../../src/rtmp/limits.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { HttpStandIn, type StandInAnswer } from "../../../support/http-stand-in.ts";
import { MemoryNetwork } from "../../../support/memory-network.ts";

/** One client and a stand-in. */
class Stage {
  readonly clock = new FakeClock();
  readonly network = new MemoryNetwork(this.clock);
  readonly web = new HttpStandIn(this.network);
  readonly group = new Group(1);
  readonly cookies = new Cookies();
  readonly fetcher: Fetcher;
  readonly told: string[] = [];

  constructor(answers: Readonly<Record<string, () => StandInAnswer | undefined>>) {
    const { clock } = this;
    const context = {
      clock,
      wall: new WallTime(clock),
      dial: this.network.dial,
      random: () => {},
      limits: defaultLimits,
    };
    this.fetcher = new Fetcher(context, this.group, this.cookies);
    for (const [path, answer] of Object.entries(answers)) this.web.route(path, answer);
  }

  get(url: string, whenDone: () => void = () => {}): void {
    let body = "";
    this.fetcher.get(new URL(url), "X-Test: 1\r\n", {
      head: ({ status }) => this.told.push(String(status)),
      body: (bytes) => {
        body += new TextDecoder().decode(bytes);
      },
      done: (problem) => {
        this.told.push(problem ?? body);
        whenDone();
      },
    });
  }
}

test("one connection serves one request after another, and another server gets another connection", () => {
  const stage = new Stage({ "/a?k=1": () => ({ body: "a" }), "/b": () => ({ body: "b" }) });
  stage.get("http://10.0.0.1/a?k=1", () => stage.get("http://10.0.0.1/b"));
  stage.clock.settle();
  expect([stage.told, stage.web.connections]).toEqual([["200", "a", "200", "b"], 1]);
  const before = stage.fetcher.bytesReceived;
  stage.get("http://10.0.0.2/b");
  stage.clock.settle();
  expect([stage.told.at(-1), stage.web.connections]).toEqual(["b", 2]);
  expect(stage.fetcher.bytesReceived).toBeGreaterThan(before);
  expect(stage.group.open).toBe(1);
  stage.fetcher.close();
  stage.clock.settle();
  expect(stage.group.open).toBe(0);
});

test("a connection that the server does not keep is opened anew, also at once", () => {
  const stage = new Stage({ "/a": () => ({ body: "a", headers: { connection: "close" } }) });
  stage.get("http://10.0.0.1/a", () => stage.get("http://10.0.0.1/a"));
  stage.clock.settle();
  expect([stage.told, stage.web.connections]).toEqual([["200", "a", "200", "a"], 2]);
  expect(stage.group.open).toBe(0);
});

test("a request is sent once more if the server closes its connection meanwhile", () => {
  const stage = new Stage({ "/a": () => ({ body: "a", close: true }) });
  stage.get("http://10.0.0.1/a");
  stage.clock.turn();
  stage.clock.turn();
  stage.clock.turn();
  expect(stage.told).toEqual(["200", "a"]);
  // The server's end of the connection is still on its way.
  stage.get("http://10.0.0.1/a");
  stage.clock.settle();
  expect([stage.told, stage.web.connections]).toEqual([["200", "a", "200", "a"], 2]);
});

test("an answer that is cut off, and one that does not come, are reported", () => {
  const stage = new Stage({
    "/long": () => ({ headers: { "content-length": "9" }, close: true }),
    "/none": () => undefined,
  });
  stage.get("http://10.0.0.1/none");
  stage.clock.advance(20_000);
  expect(stage.told).toEqual(["no answer within 20 s"]);
  stage.get("http://10.0.0.1:81/long");
  stage.clock.settle();
  expect(stage.told.at(-1)).toBe("10.0.0.1:81: connection refused");
});

test("a closed client gets no more events", () => {
  const stage = new Stage({ "/a": () => ({ body: "a" }) });
  stage.get("http://10.0.0.1/a");
  stage.fetcher.close();
  stage.clock.settle();
  expect([stage.told, stage.group.open]).toEqual([[], 0]);
});
