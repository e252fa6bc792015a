import { describe, expect, test } from "bun:test";
import { ApiStage } from "../../../support/api-stage.ts";

const basic = (name: string, password: string) => `Authorization: Basic ${btoa(`${name}:${password}`)}`;

/** A server with a user for each role. */
function stageWithUsers(): ApiStage {
  const stage = new ApiStage();
  stage.users.set("eye", { password: "only to read", role: "read" });
  stage.users.set("ops", { password: "for all of it", role: "admin" });
  return stage;
}

const [eye, ops] = [basic("eye", "only to read"), basic("ops", "for all of it")];

test("A session describes its user, the user's rights, and where viewers are", async () => {
  const stage = stageWithUsers();
  const session = async (line: string) => (await stage.call("/api/v1/session", [line])).json.session;
  const viewers = [{ scheme: "http", host: "", port: 8080 }];
  expect(await session(eye)).toEqual({ user: "eye", role: "read", node: "00ff", version: "1.2.3", viewers });
  expect((await session(ops)).role).toBe("admin");
  expect((await stage.call("/api/v1/session")).status).toBe(401);
});

test("The log's lines after the caller's last one are returned", async () => {
  const stage = new ApiStage();
  for (let at = 1; at <= 5; at++) stage.logTail.add(1000 + at, "info", `line ${at}`);
  const { json } = await stage.call("/api/v1/log?after=4");
  expect(json.lines).toEqual([{ number: 5, time: 1005, level: "info", line: "line 5" }]);
  expect((await stage.call("/api/v1/log")).json.lines).toHaveLength(3);
  expect((await stage.call("/api/v1/log?after=x")).status).toBe(400);
});

describe("The list of actions", () => {
  test("has each call that changes something, with its user and its outcome, newest first", async () => {
    const stage = stageWithUsers();
    stage.player();
    stage.commands.push({ relay: () => false });
    await stage.call("DELETE /api/v1/clients/r1?ban=60", [ops]);
    await stage.call("POST /api/v1/forwards/f9/pause", [ops]);
    await stage.call("POST /api/v1/reload", [eye]);
    await stage.call("/api/v1/streams", [ops]);
    const { actions } = (await stage.call("/api/v1/actions", [eye])).json;
    expect(actions).toMatchObject([
      { by: "eye", method: "POST", path: "/api/v1/reload", status: 403 },
      { by: "ops", path: "/api/v1/forwards/f9/pause", status: 404, error: expect.stringContaining("no forward") },
      { by: "ops", method: "DELETE", path: "/api/v1/clients/r1", input: "ban=60", status: 200, error: null },
    ]);
  });

  test("has no secrets, and no more than 200 calls", async () => {
    const stage = new ApiStage();
    const body = JSON.stringify({ target: "rtmp://h/live/show?token=hidden" });
    await stage.call("POST /api/v1/targets", [], "127.0.0.1", body);
    const [first] = (await stage.call("/api/v1/actions")).json.actions;
    expect(first).toMatchObject({ path: "/api/v1/targets", by: "this machine" });
    expect(JSON.stringify(first)).not.toContain("hidden");
    // One that is cut is masked before.
    const long = JSON.stringify({ vhost: "v".repeat(250), target: "rtmp://user:hidden@h/live" });
    await stage.call("POST /api/v1/targets", [], "127.0.0.1", long);
    expect((await stage.call("/api/v1/actions")).text).not.toContain("hidden");
    for (let count = 0; count < 250; count++) await stage.call("POST /api/v1/forwards/f9/pause");
    expect((await stage.call("/api/v1/actions?count=1000")).json.actions).toHaveLength(200);
  });
});

test("Lists can be searched by a text in upper or lower case", async () => {
  const stage = new ApiStage();
  stage.publisher("Morning Show");
  stage.publisher("evening");
  stage.player("evening", {}, "192.0.2.77");
  stage.relay({ id: "f1", to: "edge-a:1935" });
  stage.relay({ id: "f2", to: "edge-b:1935", stream: "__defaultVhost__/live/evening" });
  const names = async (path: string, list: string, name: string) =>
    // biome-ignore lint/suspicious/noExplicitAny: answers of all shapes
    (await stage.call(path)).json[list].map((item: any) => item[name]);
  expect(await names("/api/v1/streams?search=morning", "streams", "name")).toEqual(["Morning Show"]);
  expect(await names("/api/v1/clients?search=2.77", "clients", "ip")).toEqual(["192.0.2.77"]);
  expect(await names("/api/v1/clients?search=obs", "clients", "id")).toEqual(["r1", "r2", "r3"]);
  expect(await names("/api/v1/clients?search=http://p/", "clients", "id")).toEqual(["r1", "r2", "r3"]);
  // A search tells nothing of the keys in the URL that a client asked.
  expect(await names("/api/v1/clients?search=secret", "clients", "id")).toEqual([]);
  expect(await names("/api/v1/forwards?search=EDGE-B", "forwards", "id")).toEqual(["f2"]);
  const [{ id }] = (await stage.call("/api/v1/streams?search=evening")).json.streams;
  expect(await names(`/api/v1/forwards?stream=${id}`, "forwards", "id")).toEqual(["f2"]);
});
