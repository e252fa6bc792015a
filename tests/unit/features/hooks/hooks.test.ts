import { describe, expect, test } from "bun:test";
import { type Guard, GuardChain } from "../../../../src/live/ports/access.ts";
import { accessRequest } from "../../../support/access.ts";
import { HooksStage } from "../../../support/hooks-stage.ts";
import { bodyProblems } from "../../../support/srs-hook-bodies.ts";

describe("A client's events", () => {
  test("come in their order, with SRS's bodies", async () => {
    const stage = new HooksStage();
    const client = stage.client("c1");
    expect(await stage.connect()).toBeUndefined();
    expect(await stage.check({ action: "publish" })).toBeUndefined();
    const publishing = stage.publish(client);
    expect(await stage.check({ name: { vhost: "__defaultVhost__", app: "live", stream: "other" } })).toBeUndefined();
    const playing = stage.play(client, "other");
    await stage.pass(100);
    client.ended(playing, "unpublished");
    client.ended(publishing, "unpublished");
    client.disconnected(undefined);
    await stage.pass(100);
    const bodies = stage.backEnds.received.map(({ body }) => body);
    expect(bodies.flatMap(bodyProblems)).toEqual([]);
    expect(stage.backEnds.take()).toEqual(
      ["on_connect", "on_publish", "on_forward", "on_play", "on_stop", "on_unpublish", "on_close"].map(
        (event) => `${event} c1`,
      ),
    );
    const common = { server_id: "vid-server", service_id: "service", client_id: "c1", ip: "192.0.2.1" };
    const names = { vhost: "__defaultVhost__", app: "live" };
    const tcUrl = "rtmp://h/live";
    const show = { stream: "show", param: "?k=1", stream_url: "/live/show", stream_id: "vid-__defaultvhost__liveshow" };
    const [connect, publish, , , , unpublish, close] = bodies;
    const page = { pageUrl: "http://p/", stream: "", param: "?c=1" };
    expect(connect).toEqual({ ...common, action: "on_connect", ...names, tcUrl, ...page });
    expect(publish).toEqual({ ...common, action: "on_publish", ...names, tcUrl, ...show });
    expect(unpublish).toEqual({ ...common, action: "on_unpublish", ...names, tcUrl, ...show });
    expect(close).toEqual({ ...common, action: "on_close", ...names, send_bytes: 9, recv_bytes: 7 });
  });

  test("are not sent if the vhost has no hooks", async () => {
    const stage = new HooksStage();
    stage.config = undefined;
    const client = stage.client("c1");
    expect([await stage.connect(), await stage.check()]).toEqual([undefined, undefined]);
    client.ended(stage.play(client), "unpublished");
    client.disconnected(undefined);
    await stage.pass(100);
    expect(stage.backEnds.take()).toEqual([]);
    expect(stage.hooks.report()).toEqual({
      hooks: [],
      since: { hook_calls: 0, hook_failures: 0, hook_drops: 0, hook_targets_left_out: 0 },
    });
  });

  test("of a client that was let in before there were hooks end with what is known of the client", async () => {
    const stage = new HooksStage();
    const { config } = stage;
    stage.config = undefined;
    const client = stage.client("c1");
    await stage.check();
    stage.config = config;
    client.ended(stage.play(client), "unpublished");
    await stage.pass(100);
    expect(stage.backEnds.received.map(({ body }) => body)).toEqual([
      expect.objectContaining({ action: "on_stop", app: "live", stream: "show", param: "", ip: "192.0.2.1" }),
    ]);
  });
});

test("What a client was allowed while its vhost had hooks ends with it, although they were away when it began", async () => {
  const stage = new HooksStage({ on_connect: [], on_close: [] });
  const { config } = stage;
  const client = stage.client("c1");
  await stage.check();
  stage.config = undefined;
  const playing = stage.play(client);
  stage.config = config;
  await stage.pass(200_000);
  expect(stage.backEnds.take()).toEqual(["on_play c1"]);
  client.ended(playing, "unpublished");
  await stage.pass(1000);
  expect(stage.backEnds.take()).toEqual(["on_stop c1"]);
});

describe("What a client was allowed to do and does not begin", () => {
  const named = (stage: HooksStage) =>
    stage.backEnds.received.splice(0).map(({ body }) => `${body.action} ${body.stream}`);

  test("ends at once when the client changes to another stream, before it asks for the first again", async () => {
    const stage = new HooksStage({ on_connect: [], on_close: [] });
    stage.backEnds.fate = () => ({ backMs: 100 });
    const client = stage.client("c1");
    const guards = new GuardChain([stage.hooks], stage.clock);
    const ask = (stream: string) => {
      const name = { vhost: "__defaultVhost__", app: "live", stream };
      return guards.ask(accessRequest({ name }), () => undefined);
    };
    const first = ask("show");
    await stage.pass(50);
    first.cancel();
    // The back end is not asked about it: it waits behind the first question.
    ask("other").cancel();
    ask("show");
    await stage.pass(1000);
    const playing = stage.play(client);
    expect(named(stage)).toEqual(["on_play show", "on_stop show", "on_play show"]);
    // Nothing is taken for unused while it plays.
    await stage.pass(200_000);
    expect(named(stage)).toEqual([]);
    client.ended(playing, "unpublished");
    await stage.pass(1000);
    expect(named(stage)).toEqual(["on_stop show"]);
  });

  test("does not delay others: back ends are not asked about a client that left while others were asked about", async () => {
    const stage = new HooksStage({ on_close: [] });
    stage.backEnds.fate = () => ({ backMs: 1000 });
    const chains = Array.from({ length: 200 }, () => new GuardChain([stage.hooks], stage.clock));
    const asked = chains.map((guards, at) =>
      at < 100
        ? guards.ask(accessRequest({ protocol: "http", clientId: `gone${at}` }), () => undefined)
        : guards.askConnect(
            { ...accessRequest({ clientId: `gone${at}` }), vhost: "__defaultVhost__", app: "live" },
            () => undefined,
          ),
    );
    await stage.pass(100);
    for (const question of asked) question.cancel();
    let answer: string | undefined;
    new GuardChain([stage.hooks], stage.clock).ask(accessRequest({ protocol: "http", clientId: "here" }), (denial) => {
      answer = denial?.reason ?? "in";
    });
    await stage.pass(2100);
    expect(answer).toBe("in");
    // Those that were under way.
    expect(stage.backEnds.received.length).toBeLessThan(100);
    expect(stage.hooks.report().since).toMatchObject({ hook_failures: 0, hook_drops: 0 });
    await stage.pass(5000);
    expect(stage.hooks.idle).toBe(true);
  });

  test("is forgotten with the client, even if it asked twice for a stream of another vhost", async () => {
    const stage = new HooksStage();
    const client = stage.client("c1");
    const guards = new GuardChain([stage.hooks], stage.clock);
    stage.backEnds.fate = () => ({ backMs: 1000 });
    const asked = [1, 2].map(() => guards.ask(accessRequest({}), () => undefined));
    await stage.pass(100);
    for (const question of asked) question.cancel();
    client.disconnected(undefined);
    await stage.pass(10_000);
    expect(stage.backEnds.take()).toEqual(["on_connect c1", "on_close c1"]);
    // Another client with this id would end the remembered activity.
    stage.client("c1").disconnected(undefined);
    await stage.pass(1000);
    expect(stage.backEnds.take()).toEqual([]);
  });

  test("ends at once when a rule behind the hook refuses it, where a back end was asked", async () => {
    const stage = new HooksStage({ on_connect: [], on_close: [], on_play: [] });
    stage.client("c1");
    const full: Guard = { name: "limits", check: () => ({ kind: "limit", reason: "full" }) };
    const guards = new GuardChain([stage.hooks, full], stage.clock);
    const answers: (string | undefined)[] = [];
    for (const action of ["publish", "play"] as const)
      guards.ask(accessRequest({ action }), (denial) => answers.push(denial?.reason));
    await stage.pass(100);
    expect(answers).toEqual(["full", "full"]);
    expect(named(stage).toSorted()).toEqual(["on_publish show", "on_unpublish show"]);
  });
});

describe("on_forward", () => {
  const answer = (...urls: readonly unknown[]) => ({ text: JSON.stringify({ code: 0, data: { urls } }) });

  test("names further targets of a stream while it is published", async () => {
    const stage = new HooksStage();
    stage.backEnds.fate = ({ body }) => (body.action === "on_forward" ? answer("rtmp://a/live/x?k=1", "b:1936") : {});
    const client = stage.client("c1");
    await stage.check({ action: "publish" });
    const task = stage.publish(client);
    await stage.pass(100);
    const name = { vhost: "__defaultVhost__", app: "live", stream: "show" };
    expect(stage.hooks.targetsOf(name).map(({ text }) => text)).toEqual(["rtmp://a/live/x?k=1", "b:1936"]);
    expect(stage.retargeted).toBe(1);
    task.source.end("unpublished");
    client.ended(task, "unpublished");
    expect(stage.hooks.targetsOf(name)).toEqual([]);
    expect(stage.retargeted).toBe(2);
  });

  test.each([
    ["a refusal", { text: '{"code":1}' }],
    ["no data", { text: '{"code":0}' }],
    ["data that is no list", { text: '{"code":0,"data":{"urls":"rtmp://a"}}' }],
    ["data that is a text", { text: '{"code":0,"data":"rtmp://a"}' }],
    ["targets that are none", answer("http://a/", 5, "", null, { toString: 1 }, "rtmp://a:0/live")],
    ["a target that is nested deeply", { text: `{"code":0,"data":{"urls":[${"[".repeat(9000)}${"]".repeat(9000)}]}}` }],
    ["a target that is very long", answer(`rtmp://a/${"x".repeat(5000)}`)],
  ])("changes nothing by %s, and a later event of the client is told", async (_what, fate) => {
    const stage = new HooksStage();
    stage.backEnds.fate = ({ body }) => (body.action === "on_forward" ? fate : {});
    const client = stage.client("c1");
    await stage.check({ action: "publish" });
    const task = stage.publish(client);
    await stage.pass(100);
    expect(stage.hooks.targetsOf({ vhost: "__defaultVhost__", app: "live", stream: "show" })).toEqual([]);
    expect(stage.live.stream().source?.role).toBe("active");
    client.ended(task, "unpublished");
    await stage.pass(100);
    expect(stage.backEnds.take().at(-1)).toBe("on_unpublish c1");
  });

  test("names at most sixteen targets; one line says how many were left out, and the report counts them", async () => {
    const stage = new HooksStage();
    const urls = ["", 5, ...Array.from({ length: 1000 }, (_, at) => `host${at}`)];
    stage.backEnds.fate = ({ body }) => (body.action === "on_forward" ? answer(...urls) : {});
    const client = stage.client("c1");
    await stage.check({ action: "publish" });
    stage.publish(client);
    await stage.pass(100);
    const named = stage.hooks.targetsOf({ vhost: "__defaultVhost__", app: "live", stream: "show" });
    expect([named.length, named.at(-1)?.text]).toEqual([16, "host15"]);
    expect(stage.log.lines.filter((line) => line.includes("left out")).length).toBe(1);
    expect(stage.hooks.report().since?.hook_targets_left_out).toBe(2 + 1000 - 16);
  });

  test("that is answered after the stream has ended names nothing, which is logged and counted", async () => {
    const stage = new HooksStage();
    stage.backEnds.fate = ({ body }) => (body.action === "on_forward" ? { ...answer("a"), backMs: 1000 } : {});
    const client = stage.client("c1");
    await stage.check({ action: "publish" });
    const task = stage.publish(client);
    await stage.pass(100);
    task.source.end("unpublished");
    client.ended(task, "unpublished");
    await stage.pass(2000);
    expect(stage.hooks.targetsOf({ vhost: "__defaultVhost__", app: "live", stream: "show" })).toEqual([]);
    expect(stage.log.lines.filter((line) => line.includes("left out"))).toEqual([
      expect.stringContaining("the publisher left before on_forward was answered"),
    ]);
    expect(stage.hooks.report().since?.hook_targets_left_out).toBe(1);
  });
});

test("on_hls reports a segment, with its publisher if there was one", async () => {
  const stage = new HooksStage();
  const client = stage.client("c1");
  await stage.check({ action: "publish" });
  stage.publish(client);
  const segment = {
    stream: { vhost: "__defaultVhost__", app: "live", stream: "show" },
    number: 7,
    durationMs: 2040,
    files: { segment: "/hls/live/show-7.ts", playlist: "/hls/live/show.m3u8" },
    url: "live/show-7.ts",
    playlistUrl: "live/show.m3u8",
  };
  stage.hooks.segmentReady(segment);
  stage.hooks.segmentReady({ ...segment, stream: { ...segment.stream, stream: "pulled" }, files: undefined });
  await stage.pass(100);
  const bodies = stage.backEnds.received.map(({ body }) => body).filter(({ action }) => action === "on_hls");
  expect(bodies.flatMap(bodyProblems)).toEqual([]);
  const [first, second] = [
    bodies.find(({ stream }) => stream === "show"),
    bodies.find(({ stream }) => stream === "pulled"),
  ];
  expect(first).toMatchObject({
    ...{ client_id: "c1", param: "?k=1", duration: 2.04, cwd: "/srv", file: "/hls/live/show-7.ts", seq_no: 7 },
    ...{ url: "live/show-7.ts", m3u8: "/hls/live/show.m3u8", m3u8_url: "live/show.m3u8" },
  });
  expect(second).toMatchObject({ client_id: "", ip: "", param: "", file: "", m3u8: "" });
});

test("The results of hooks are in the report", async () => {
  const stage = new HooksStage({ on_connect: [] });
  await stage.check();
  stage.backEnds.fate = () => ({ status: 500 });
  await stage.check();
  const { hooks = [], ...numbers } = stage.hooks.report();
  expect(hooks).toEqual([
    expect.objectContaining({ event: "on_play", to: "http://hooks.example:80", allowed: 1, failed: 1, waiting: 0 }),
  ]);
  expect(numbers).toEqual({
    now: { hooks_waiting: 0 },
    since: { hook_calls: 1, hook_failures: 1, hook_drops: 0, hook_targets_left_out: 0 },
  });
  stage.config = undefined;
  stage.hooks.reconfigure();
  expect(stage.hooks.report().hooks).toEqual([]);
});
