import { expect, test } from "bun:test";
import type { EngineConfig } from "../../../../src/features/transcode/config.ts";
import { Ladders } from "../../../../src/features/transcode/ladders.ts";
import { parseOutput } from "../../../../src/features/transcode/output.ts";

const RAW = "raw.example.com";
const LIVE = "live.example.com";

/** Ladders of engines of a vhost, by name: where they put their results, and of which streams. */
function laddersOf(engines: Record<string, string>, streams = ["*"], vhost = RAW): Ladders {
  const table = Object.entries(engines).map(([name, output]) => {
    const engine = { streams, output: [parseOutput(output)] } as unknown as EngineConfig;
    return [name, engine] as const;
  });
  const vhosts = new Map([[vhost, { transcode: new Map(table) }]]);
  return new Ladders(
    () => vhosts,
    (name) => name.toLowerCase(),
  );
}

const of = (ladders: Ladders, path: string, vhost = LIVE) => {
  const [app = "", stream = ""] = path.split("/");
  return ladders.of({ vhost, app, stream });
};

test("engines whose results begin with the source's name make a ladder, which is found by its base and its streams", () => {
  const ladders = laddersOf({ hd: `${LIVE}/[app]/[stream]_[engine]`, sd: "Live.example.com/[app]/[stream]-low" });
  const ladder = { base: "show", endings: ["_hd", "-low"] };
  for (const path of ["live/show", "live/show_hd", "live/show-low"]) expect(of(ladders, path)).toEqual(ladder);
  expect(of(ladders, "live/show_hd", RAW)).toBeUndefined();
});

test("a result with the source's own name is the base", () => {
  const ladders = laddersOf({ hd: `${LIVE}/[app]/[stream]`, sd: `${LIVE}/[app]/[stream]_sd` });
  for (const name of ["show", "show_sd"])
    expect(of(ladders, `live/${name}`)).toEqual({ base: "show", endings: ["", "_sd"] });
});

test.each<[string, Record<string, string>, string[]]>([
  ["one engine", { hd: `${LIVE}/[app]/[stream]_hd` }, ["*"]],
  ["engines of other streams", { hd: `${LIVE}/[app]/[stream]_hd`, sd: `${LIVE}/[app]/[stream]_sd` }, ["live/other"]],
  ["results in different apps", { hd: `${LIVE}/hd/[stream]_hd`, sd: `${LIVE}/[app]/[stream]_sd` }, ["*"]],
  ["results that begin otherwise", { hd: `${LIVE}/[app]/hd_[stream]`, sd: `${LIVE}/[app]/sd_[stream]` }, ["*"]],
  ["results of one name", { hd: `${LIVE}/[app]/[stream]_t`, sd: `${LIVE}/[app]/[stream]_t` }, ["*"]],
  ["other servers", { hd: "rtmp://10.0.0.1/live/a_hd", sd: "rtmp://10.0.0.1/live/a_sd" }, ["*"]],
])("%s make none", (_, engines, streams) => {
  for (const path of ["live/show", "live/show_hd", "live/hd_show", "live/show_t"])
    expect(of(laddersOf(engines, streams), path)).toBeUndefined();
});

test("only engines of one vhost form a ladder, and a changed configuration applies at once", () => {
  const ladders = laddersOf({ hd: "[vhost]/[app]/[stream]_hd", sd: "[vhost]/[app]/[stream]_sd" }, ["*"], LIVE);
  expect(of(ladders, "live/show")?.endings).toEqual(["_hd", "_sd"]);
  let vhosts = new Map([[LIVE, { transcode: new Map<string, EngineConfig>() }]]);
  const other = new Ladders(
    () => vhosts,
    (name) => name,
  );
  expect(of(other, "live/show")).toBeUndefined();
  const engine = (output: string) => ({ streams: ["*"], output: [parseOutput(output)] }) as unknown as EngineConfig;
  const table = new Map([
    ["a", engine(`${LIVE}/[app]/[stream]_a`)],
    ["b", engine(`${LIVE}/[app]/[stream]_b`)],
  ]);
  vhosts = new Map([[LIVE, { transcode: table }]]);
  expect(of(other, "live/show_b")?.base).toBe("show");
});
