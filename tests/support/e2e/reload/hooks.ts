import { expect } from "bun:test";
import { HookBackEnd, noEntry } from "../hook-back-end.ts";
import type { Stage } from "../stage.ts";
import { deadPort } from "../targets.ts";
import type { Effect } from "./effects.ts";
import { ReloadServer, sendGop } from "./server.ts";

const table = "vhost.NAME.http_hooks";

/** A server without hooks, and a back end. */
async function begin(stage: Stage): Promise<readonly [ReloadServer, HookBackEnd]> {
  return [await ReloadServer.start(stage, ""), new HookBackEnd(stage)];
}

/** An event that decides: clients come in before the reload, and are refused by the back end after it. */
function decides(event: "on_connect" | "on_publish" | "on_play"): Effect {
  return async (stage) => {
    const [server, backEnd] = await begin(stage);
    backEnd.answer = () => noEntry();
    const go = (name: string) => (event === "on_play" ? server.play(name) : server.publish(name));
    await go("before");
    await server.reload(backEnd.hooks([event]));
    await expect(go("after")).rejects.toThrow("no entry");
    expect(backEnd.problems).toEqual([]);
  };
}

/** An event at the end of what a client does. */
function ends(event: "on_close" | "on_unpublish" | "on_stop"): Effect {
  return async (stage) => {
    const [server, backEnd] = await begin(stage);
    await server.reload(backEnd.hooks([event]));
    const client = await (event === "on_unpublish" ? server.publish() : server.play());
    client.abort();
    expect(await backEnd.event(event)).toMatchObject({ app: "live" });
    expect(backEnd.problems).toEqual([]);
  };
}

/** The effects of the keys that hooks go by. */
export const hookEffects: Readonly<Record<string, Effect>> = {
  [`${table}.on_connect`]: decides("on_connect"),
  [`${table}.on_publish`]: decides("on_publish"),
  [`${table}.on_play`]: decides("on_play"),
  [`${table}.on_close`]: ends("on_close"),
  [`${table}.on_unpublish`]: ends("on_unpublish"),
  [`${table}.on_stop`]: ends("on_stop"),

  async [`${table}.on_hls`](stage) {
    const hls = "[vhost.__defaultVhost__.hls]\nenabled = true\nhls_fragment = 1\n";
    const server = await ReloadServer.start(stage, hls);
    const backEnd = new HookBackEnd(stage);
    await server.reload(hls + backEnd.hooks(["on_hls"]));
    const publisher = await server.publish();
    for (let second = 0; second < 4; second++) sendGop(publisher, second * 25, 25);
    expect(await backEnd.event("on_hls")).toMatchObject({ stream: "show", duration: 1 });
    expect(backEnd.problems).toEqual([]);
  },

  async [`${table}.on_forward`](stage) {
    const [server, backEnd] = await begin(stage);
    const target = await ReloadServer.start(stage, "", "target");
    const urls = [`rtmp://127.0.0.1:${target.port}/other/[stream]`];
    backEnd.answer = () => Response.json({ code: 0, data: { urls } });
    await server.reload(backEnd.hooks(["on_forward"]));
    sendGop(await server.publish(), 1, 3);
    await target.program.line(/publish started .*stream=\/other\/show/);
  },

  async [`${table}.on_failure`](stage) {
    const [server] = await begin(stage);
    const hooks = `[vhost.__defaultVhost__.http_hooks]\non_play = "http://127.0.0.1:${await deadPort()}/"\n`;
    await server.reload(hooks);
    await expect(server.play()).rejects.toThrow("access could not be checked");
    await server.reload(`${hooks}on_failure = "allow"`);
    await server.play();
  },

  async [`${table}.timeout`](stage) {
    const [server, backEnd] = await begin(stage);
    backEnd.answer = () => new Promise<never>(() => undefined);
    await server.reload(backEnd.hooks(["on_play"], "timeout = 20000"));
    await server.reload(backEnd.hooks(["on_play"], "timeout = 3000"));
    await expect(server.play()).rejects.toThrow("access could not be checked");
    await server.program.line(/play refused .*no answer within 3 s/);
  },

  async [`${table}.cache`](stage) {
    const [server, backEnd] = await begin(stage);
    const playTwice = async () => {
      for (let player = 0; player < 2; player++) await server.play();
      return backEnd.bodies("on_play").length;
    };
    await server.reload(backEnd.hooks(["on_play"]));
    expect(await playTwice()).toBe(2);
    await server.reload(backEnd.hooks(["on_play"], "cache = 3600"));
    expect(await playTwice()).toBe(3);
  },

  async [`${table}.secret`](stage) {
    const [server, backEnd] = await begin(stage);
    await server.reload(backEnd.hooks(["on_play"]));
    await server.play();
    await server.reload(backEnd.hooks(["on_play"], `secret = "whsec_${Buffer.alloc(24, 7).toString("base64")}"`));
    await server.play();
    const signatures = backEnd.calls.map(({ headers }) => headers["webhook-signature"]?.slice(0, 3));
    expect(signatures).toEqual([undefined, "v1,"]);
  },
};
