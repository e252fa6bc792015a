import { describe, expect, test } from "bun:test";
import { ApiStage } from "../../../support/api-stage.ts";

describe("Clients", () => {
  test("are listed in pages, also if there are thousands of them", async () => {
    const stage = new ApiStage();
    for (let count = 0; count < 3000; count++) stage.player();
    expect((await stage.call("/api/v1/clients")).json.clients).toHaveLength(10);
    const page = (await stage.call("/api/v1/clients?start=2990&count=100")).json.clients;
    expect(page.map(({ id }: { id: string }) => id)).toEqual(Array.from({ length: 10 }, (_, at) => `r${2991 + at}`));
    expect((await stage.call("/api/v1/clients?count=100000")).json.clients).toHaveLength(3000);
  });

  test("are written for a millisecond in each turn of the event loop, however many callers there are", async () => {
    const stage = new ApiStage();
    let written = 0;
    for (let at = 0; at < 10_000; at++) {
      const connection = {
        get bytesReceived() {
          // What writing a hundred of them takes is a millisecond.
          if (++written % 100 === 0) stage.clock.spend(1);
          return 0;
        },
        bytesSent: 1,
        kick: () => undefined,
      };
      const remote = { host: "192.0.2.1", port: 1 };
      const client = stage.clients.add({ id: `c${at}`, protocol: "rtmp", remote }, connection);
      client.began({ kind: "play", stream: stage.live.stream(), relay: false, since: 0, bytes: 0, lost: 0 });
    }
    // What all are counted for, before.
    await stage.api.call("GET", "/api/v1/clients", "");
    written = 0;
    let answered = 0;
    for (let caller = 0; caller < 3; caller++)
      void stage.api.call("GET", "/api/v1/clients?count=10000", "").then(({ json }) => {
        expect(JSON.parse(json).clients).toHaveLength(10_000);
        answered++;
      });
    expect(written).toBeLessThanOrEqual(1200);
    let most = 0;
    while (answered < 3) {
      const before = written;
      stage.clock.turn();
      for (let step = 0; step < 20; step++) await Promise.resolve();
      most = Math.max(most, written - before);
    }
    // Each is asked for its bytes more than once.
    expect(most).toBeLessThanOrEqual(400);
  });

  test("are searched for a millisecond in each turn of the event loop, when few of them match", async () => {
    const stage = new ApiStage();
    let looked = 0;
    for (let at = 0; at < 10_000; at++) {
      const client = stage.player();
      const [task] = client.tasks;
      if (task === undefined) throw new Error("no task");
      client.tasks = [
        {
          ...task,
          get lost() {
            // What looking at a hundred of them takes is a millisecond.
            if (++looked % 100 === 0) stage.clock.spend(1);
            return 0;
          },
        },
      ];
    }
    let answer: string | undefined;
    void stage.api.call("GET", "/api/v1/clients?slow=1", "").then(({ json }) => {
      answer = json;
    });
    let most = 0;
    for (let before = 0; answer === undefined; before = looked) {
      stage.clock.turn();
      for (let step = 0; step < 20; step++) await Promise.resolve();
      most = Math.max(most, looked - before);
    }
    expect(JSON.parse(answer).clients).toEqual([]);
    expect(looked).toBeGreaterThanOrEqual(10_000);
    expect(most).toBeLessThanOrEqual(400);
  });
});

describe("Connections to other servers", () => {
  test("are listed in pages, the failing ones first", async () => {
    const stage = new ApiStage();
    for (let at = 0; at < 30; at++) stage.relay({ id: `f${at}`, failing: at % 10 === 9 });
    const idsOf = async (query: string) =>
      (await stage.call(`/api/v1/forwards?${query}`)).json.forwards.map(({ id }: { id: string }) => id);
    expect(await idsOf("count=5")).toEqual(["f9", "f19", "f29", "f0", "f1"]);
    expect(await idsOf("start=3&count=2")).toEqual(["f0", "f1"]);
  });
});

describe("Bans", () => {
  test("are listed all, or page by page", async () => {
    const stage = new ApiStage();
    for (let at = 1; at <= 12; at++) {
      stage.player("show", {}, `192.0.2.${at}`);
      await stage.call(`DELETE /api/v1/clients/r${at}?ban=60`);
    }
    expect((await stage.call("/api/v1/bans")).json.bans).toHaveLength(12);
    const page = (await stage.call("/api/v1/bans?start=10&count=5")).json.bans;
    expect(page.map(({ ip }: { ip: string }) => ip)).toEqual(["192.0.2.11", "192.0.2.12"]);
  });
});

test("The url of a stream, client or relay names the vhost unless it is the default one, as in SRS", async () => {
  const stage = new ApiStage();
  const name = { vhost: "tv.example.com", app: "live", stream: "show" };
  const stream = stage.live.streams.open(name, stage.live.config);
  stage.player("show", { stream });
  stage.relay({ stream: stream.key });
  stage.transcoder({ stream: stream.key });
  for (const list of ["streams", "clients", "forwards", "transcoders"]) {
    const { json } = await stage.call(`/api/v1/${list}`);
    const urls = json[list].map(({ url }: { url: string }) => url);
    expect(`${list}: ${urls[0]}`).toBe(`${list}: tv.example.com/live/show`);
  }
});
