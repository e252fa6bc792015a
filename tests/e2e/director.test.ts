import { expect } from "bun:test";
import { crowdCluster, DirectorCrowd, kinds } from "../support/e2e/director-crowd.ts";
import { DirectorNodes, LoopedViewer } from "../support/e2e/director-nodes.ts";
import { executable } from "../support/e2e/executable.ts";
import { FlvViewer } from "../support/e2e/flv-viewer.ts";
import { ReloadServer } from "../support/e2e/reload/server.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";

const test = testWith("tests/e2e/director.test.ts");

/** One address for all, a server that has the stream and takes no viewers, and edges that fetch by the address. */
const cluster = (...edges: readonly string[]) => [
  { name: "front" },
  { name: "origin", named: true, cluster: "weight = 0" },
  ...edges.map((name) => ({ name, named: true, origin: "front" })),
];

/** Publishes live/show by the bench for as long as the test lasts. */
function publish(stage: Stage, url: string): void {
  const options = ["--seconds", "120", "--gop", "1", "--kbps", "200"];
  stage.start("encoder", [executable(), "bench", "publish", url, ...options]);
}

function play(stage: Stage, name: string, url: string, count: number) {
  const options = ["-n", String(count), "--rate", "12", "--seconds", "60", "--json"];
  return stage.start(name, [executable(), "bench", "play", url, ...options]);
}

/** Where an address leads; "" for an answer that is no redirect. */
async function location(url: string): Promise<string> {
  const abort = new AbortController();
  const answer = await fetch(url, { redirect: "manual", signal: abort.signal });
  abort.abort();
  return answer.headers.get("location") ?? "";
}

test.concurrent("three edges with uneven load end within 10 % of even, over one address", async () => {
  await using stage = new Stage();
  const nodes = await DirectorNodes.start(stage, cluster("a", "b", "c"));
  publish(stage, nodes.of("origin").server.url("live/show"));
  await nodes.streams("front", ["origin"]);
  const connections = async () => {
    const known = await nodes.known("front");
    return ["a", "b", "c"].map((name) => known.find(({ peer }) => peer === nodes.of(name).api)?.connections ?? 0);
  };
  const sum = async () => (await connections()).reduce((all, count) => all + count);
  play(stage, "first", `${nodes.of("a").http}/live/show.flv?srs_directed=1`, 24);
  await until("the load is uneven", async () => (await connections()).join() === "24,0,0");
  const { http, server } = nodes.of("front");
  const rtmp = play(stage, "rtmp", server.url("live/show"), 4);
  await until("one plays elsewhere", async () => (await sum()) > 24);
  expect(server.program.count(/play started/)).toBe(0);
  await rtmp.kill();
  await until("it is gone", async () => (await connections()).join() === "24,0,0");
  const viewers: FlvViewer[] = [];
  for (let at = 0; at < 66; at++) {
    // While nodes answer too late for a moment, there is none.
    const url = new URL(
      await until("a node with room", async () => (await location(`${http}/live/show.flv`)) || undefined),
    );
    const viewer = await FlvViewer.open(stage, Number(url.port), url.pathname + url.search);
    await until("it plays", () => viewer.status === 200);
    viewers.push(viewer);
  }
  await until("all are counted", async () => (await sum()) === 24 + viewers.length);
  expect((await connections()).filter((count) => count < 27 || count > 33)).toEqual([]);
});

test.concurrent("viewers continue at another edge when theirs is killed, and none is sent to a node that is gone or drains", async () => {
  await using stage = new Stage();
  const nodes = await DirectorNodes.start(stage, cluster("a", "b", "c"));
  publish(stage, nodes.of("origin").server.url("live/show"));
  await nodes.streams("front", ["origin"]);
  const { http, server } = nodes.of("front");
  const url = `${http}/live/show.flv`;

  // An edge that is no node of the cluster is sent on like other servers, and its viewers stay.
  const outside = await ReloadServer.start(
    stage,
    `[vhost.__defaultVhost__]\nedge.origin = "127.0.0.1:${server.port}"\n`,
    "outside",
  );
  const player = await outside.play();
  await until("pictures by the edge outside", () => player.packets.length > 5);

  const viewer = new LoopedViewer(stage, url);
  const first = await until("a picture", () => viewer.from !== "" && nodes.nameOf(viewer.from));
  expect(["a", "b", "c"]).toContain(first);
  await nodes.of(first).server.program.kill();
  const second = await until("a picture from elsewhere", () => {
    const name = viewer.from !== "" && nodes.nameOf(viewer.from);
    return name !== first && name;
  });
  await until("the dead node is known", async () => (await nodes.known("front")).some(({ state }) => state === "dead"));
  const sentTo = () => until("a node with room", async () => (await location(url)) || undefined);
  expect(nodes.nameOf(await sentTo())).not.toBe(first);

  // One that drains gets nobody either, so that the third is left.
  nodes.of(second).server.program.signal("SIGQUIT");
  await until("it is known to drain", async () =>
    (await nodes.known("front")).some(({ state }) => state === "draining"),
  );
  const [third = ""] = ["a", "b", "c"].filter((name) => name !== first && name !== second);
  const rest = await sentTo();
  expect(nodes.nameOf(rest)).toBe(third);

  // A third director, which has the stream by now, sends nobody on who was sent to it.
  expect(await location(rest)).toBe("");
  expect(await location(`${http}/live/other.flv`)).toBe("");
});

test.concurrent("players of every kind come back over the one address when their edge is killed", async () => {
  await using stage = new Stage();
  const nodes = await DirectorNodes.start(stage, crowdCluster);
  publish(stage, nodes.of("origin").server.url("live/show"));
  await nodes.streams("front", ["origin"]);
  const crowd = new DirectorCrowd(stage, nodes, 4);
  // A player that was never let in tells of no loss.
  await crowd.begun();
  const before = await crowd.playing();
  const [edge = "", lost = 0] = Object.entries(before).toSorted(([, a], [, b]) => b - a)[0] ?? [];
  await nodes.of(edge).server.program.kill();
  expect((await crowd.playing())[edge]).toBe(0);
  const reports = await crowd.reports();
  for (const kind of kinds) {
    const { reasons = {}, corrupt } = reports.get(kind) ?? {};
    // The run may end before those that came last have enough segments to begin.
    const failed = Object.keys(reasons).filter((reason) => !reason.startsWith("playback did not begin"));
    expect({ kind, failed, corrupt }).toEqual({ kind, failed: [], corrupt: 0 });
  }
  const losses = kinds.flatMap((kind) => Object.values(reports.get(kind)?.reconnects?.reasons ?? {}));
  expect(losses.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(lost);
  expect(reports.get("ws")?.reconnects?.reasons).toEqual({});
});
