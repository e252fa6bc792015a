import { describe, expect, test } from "bun:test";
import { ApiStage } from "../../../support/api-stage.ts";

describe("The configuration", () => {
  test("is told with all keys, with those that differ from their defaults, or with none", async () => {
    const stage = new ApiStage();
    const toml = async (query: string) => (await stage.call(`/api/v1/config${query}`)).json.config.toml;
    expect(await toml("")).toContain("max_connections = 1000");
    expect(await toml("?keys=all")).toBe(await toml(""));
    expect(await toml("?keys=changed")).toBe("[vhost.__defaultVhost__]\n");
    expect(await toml("?keys=none")).toBe("");
  });

  test("is told with what waits for a restart, and without secrets in what was refused", async () => {
    const stage = new ApiStage();
    const line = 'x.toml:1: vhost.a.forward: must be a target, not "rtmp://cdn/live/show?key=hush"';
    stage.refused = { at: 5, lines: [line] };
    stage.reloadAnswer = { ok: false, lines: [line] };
    const { text, json } = await stage.call("/api/v1/config");
    expect(json.config.waiting).toEqual([{ key: "pid", reason: "its file is written at the start" }]);
    expect(json.config.refused.lines[0]).toContain("x.toml:1: vhost.a.forward: must be a target");
    expect(text).not.toContain("hush");
    expect((await stage.call("POST /api/v1/reload")).text).not.toContain("hush");
    expect((await stage.call("/api/v1/raw?rpc=reload-fetch")).text).not.toContain("hush");
  });
});
