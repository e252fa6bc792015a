import { describe, expect, test } from "bun:test";
import { upgrade, watch } from "../../../support/flv-end.ts";
import { HttpLiveStage } from "../../../support/http-live-stage.ts";
import { brief } from "../../../support/http-stage.ts";
import { longestTurn } from "../../../support/longest-turn.ts";

describe("A stream that nobody publishes", () => {
  test("is answered with 404 at once, unless the next route has something there", () => {
    const stage = new HttpLiveStage();
    const answer = ["404", "nobody publishes /live/show\n"];
    expect(brief(stage.dial().get("/live/show.flv"))).toEqual(answer);
    expect(brief(stage.dial().get("/live/show.flv", ...upgrade))).toEqual(answer);
    expect(brief(stage.dial().get("/live/file.mp3"))).toEqual(["200", "a file"]);
    expect([...stage.refusals.totals]).toEqual([["missing", 2]]);
    expect(stage.streams.size).toBe(0);
  });

  test("is not searched for, and guards are not asked, if the next route has something of its name", () => {
    const stage = new HttpLiveStage();
    stage.searchMs = 10_000;
    stage.result = { kind: "denied", reason: "not this one" };
    expect(brief(stage.dial().get("/live/file.mp3"))).toEqual(["200", "a file"]);
    expect([stage.requests.length, stage.streams.size]).toEqual([0, 0]);
    expect(brief(stage.dial().get("/live/show.mp3"))).toEqual(["403", "not this one\n"]);
  });

  test("is waited for while it is searched for on other servers, and comes", () => {
    const stage = new HttpLiveStage();
    stage.searchMs = Number.POSITIVE_INFINITY;
    const viewer = watch(stage);
    stage.clock.advance(3000);
    expect([viewer.news(), stage.stream?.viewers, stage.events]).toEqual([[], 1, []]);
    stage.publish().headers().gop("k1", 1);
    expect(viewer.news()).toEqual(["200", "FLV 5", "A0", "V0", "k1", "k1+1"]);
  });

  test("is 404 when the search ends: by its time limit, by its end, or by its result", () => {
    const stage = new HttpLiveStage();
    const ask = () => {
      const end = stage.dial();
      end.get("/live/show.flv");
      return () => brief(end.hear())[0];
    };
    stage.searchMs = Number.POSITIVE_INFINITY;
    const byTime = ask();
    stage.clock.advance(11_000);
    expect(byTime()).toBe("404");
    const byEnd = ask();
    stage.searchMs = 0;
    stage.clock.advance(1000);
    expect(byEnd()).toBe("404");
    stage.searchMs = 20_000;
    const byWord = ask();
    stage.stream?.notifyMissing("no origin has it");
    expect(byWord()).toBe("404");
    expect(stage.streams.size).toBe(0);
    expect(stage.clock.timers).toBeLessThan(8);
  });

  test("is 403 when the server that has it refuses the viewer's parameters", () => {
    const stage = new HttpLiveStage();
    stage.searchMs = 20_000;
    const end = stage.dial();
    end.get("/live/show.flv?k=1");
    stage.stream?.notifyRefused(({ param }) => param === "?k=1", "wrong key");
    expect(brief(end.hear())).toEqual(["403", "wrong key\n"]);
  });

  test("refuses thousands of viewers over several turns when it comes in a codec that they can't get", () => {
    const stage = new HttpLiveStage();
    stage.searchMs = 20_000;
    const ends = Array.from({ length: 20 }, () => {
      const end = stage.dial();
      end.get("/live/show.mp3");
      return end;
    });
    const add = stage.refusals.add.bind(stage.refusals);
    stage.refusals.add = (refusal) => {
      stage.clock.spend(1);
      add(refusal);
    };
    const longest = longestTurn(stage.clock);
    stage.publish().headers().audio("a1").wait(250);
    expect(ends.map((end) => brief(end.hear())[0])).toEqual(Array(20).fill("406"));
    expect(longest()).toBe(4);
  });

  test("is not waited for by a client that is gone", () => {
    const stage = new HttpLiveStage();
    stage.searchMs = 20_000;
    const end = stage.dial();
    end.get("/live/show.flv");
    expect(stage.streams.size).toBe(1);
    end.hangUp();
    expect(stage.streams.size).toBe(0);
  });
});

describe("The guards", () => {
  test("are asked as for RTMP, with the page from which the viewer plays", () => {
    const stage = new HttpLiveStage();
    stage.publish().headers().gop("k1", 1);
    stage.dial().get("/live/show.flv?vhost=a&k=1&audio=0", "Referer: https://page.example/x");
    stage.dial().get("/live/show.flv", "Origin: https://page.example", ...upgrade);
    expect(stage.requests).toMatchObject([
      {
        action: "play",
        protocol: "http",
        address: "10.0.0.9",
        name: { vhost: "__defaultVhost__", app: "live", stream: "show" },
        param: "?k=1",
        tcUrl: "http://live.example/live",
        pageUrl: "https://page.example/x",
        hops: [],
      },
      { param: "", pageUrl: "https://page.example" },
    ]);
  });

  test("refuse with a status for the kind of refusal, one line that says why, and one in the log", () => {
    const stage = new HttpLiveStage();
    stage.publish().headers().gop("k1", 1);
    stage.result = { kind: "denied", reason: "not from here", detail: "deny 10.0.0.0/8" };
    expect(brief(stage.dial().get("/live/show.flv"))).toEqual(["403", "not from here\n"]);
    stage.result = { kind: "limit", reason: "too many" };
    expect(brief(stage.dial().get("/live/show.flv"), "retry-after")).toEqual(["503", "5", "too many\n"]);
    expect([...stage.refusals.totals]).toEqual([["rule", 2]]);
    expect(brief(stage.dial().get("/live/show.flv?vhost=nowhere"))).toEqual(["404", 'no vhost "nowhere" here\n']);
  });

  test("send a viewer to another server with its parameters, but none that can't follow", () => {
    const stage = new HttpLiveStage();
    const elsewhere = { server: "http://edge.example:80", params: "srs_directed=1" };
    stage.result = { kind: "elsewhere", reason: "there is room", elsewhere };
    const [status, location] = brief(stage.dial().get("/live/a%20show.flv?token=a%2Bb&audio=0"), "location");
    const expected = "http://edge.example/live/a%20show.flv?token=a%2Bb&audio=0&srs_directed=1";
    expect([status, location]).toEqual(["302", expected]);
    stage.dial().get("/live/show.flv", ...upgrade);
    expect(stage.requests.map(({ follows }) => follows)).toEqual([["http", "https"], []]);
    // It is no refusal.
    expect([...stage.refusals.totals]).toEqual([]);
  });

  test("may take time, in which the client may leave", async () => {
    const stage = new HttpLiveStage();
    stage.publish().headers().gop("k1", 1);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    stage.result = promise;
    const [viewer, other] = [watch(stage), watch(stage)];
    expect(viewer.news()).toEqual([]);
    other.end.hangUp();
    resolve(undefined);
    await promise;
    expect(viewer.news().slice(0, 2)).toEqual(["200", "FLV 5"]);
    expect(stage.stream?.viewers).toBe(1);
  });
});

describe("A vhost whose streams are not played over HTTP", () => {
  test("leaves its addresses to other routes, says so if none has anything, and disconnects its viewers", () => {
    const stage = new HttpLiveStage();
    stage.publish().headers().gop("k1", 1);
    const viewer = watch(stage);
    viewer.news();
    stage.configure({ http_remux: { enabled: false, on_unpublish: "close" } });
    expect(viewer.news()).toEqual(["end"]);
    const answer = brief(stage.dial().get("/live/show.flv"));
    expect(answer).toEqual(["406", "playing .flv over HTTP is switched off here\n"]);
    expect(brief(stage.dial().get("/live/file.mp3"))).toEqual(["200", "a file"]);
  });

  test("disconnects many viewers over several turns", () => {
    const stage = new HttpLiveStage();
    stage.publish().headers().gop("k1", 1);
    const ends = Array.from({ length: 3 }, () => {
      const viewer = watch(stage);
      viewer.news();
      const { end } = viewer;
      end.sink.take = () => stage.clock.spend(2);
      return end;
    });
    stage.configure({ http_remux: { enabled: false, on_unpublish: "close" } });
    expect(ends.map(({ state }) => state)).toEqual(["closing", "closing", "open"]);
    stage.clock.turn();
    expect(ends.map(({ state }) => state)).toEqual(["closing", "closing", "closing"]);
  });
});
