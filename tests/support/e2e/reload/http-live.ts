import { expect } from "bun:test";
import type { Client } from "../client.ts";
import { FlvViewer } from "../flv-viewer.ts";
import { frameNumber } from "../payloads.ts";
import { httpPort } from "../raw-http.ts";
import { until } from "../wait.ts";
import type { Effect } from "./effects.ts";
import { ReloadServer, sendGop } from "./server.ts";

const toml = (...keys: readonly string[]) =>
  ['[http_server]\nlisten = "127.0.0.1:0"', "[vhost.__defaultVhost__.http_remux]", ...keys].join("\n");

/** A viewer who has a picture with this number, and its server. */
async function watching(stage: Parameters<Effect>[0], keys: string) {
  const server = await ReloadServer.start(stage, toml(keys));
  const publisher = await server.publish();
  sendGop(publisher, 0, 2);
  const viewer = await FlvViewer.open(stage, await httpPort(server.program), "/live/show.flv");
  await viewer.tag("a picture", isPicture(1));
  return { server, publisher, viewer };
}

const isPicture =
  (number: number) =>
  ({ payload }: { readonly payload: Uint8Array }) =>
    frameNumber(payload) === number;

const stop = (publisher: Client) => publisher.say(0, "deleteStream", null, 1);

/** The effects of the keys of streams over HTTP. */
export const httpLiveEffects: Readonly<Record<string, Effect>> = {
  async "vhost.NAME.http_remux.enabled"(stage) {
    const { server, viewer } = await watching(stage, "");
    await server.reload(toml("enabled = false"));
    await until("the viewer is sent away", () => viewer.closed);
    const port = await httpPort(server.program);
    expect((await fetch(`http://127.0.0.1:${port}/live/show.flv`)).status).toBe(406);
    await server.reload(toml("enabled = true"));
    await (await FlvViewer.open(stage, port, "/live/show.flv")).tag("a picture", isPicture(1));
  },

  async "vhost.NAME.http_remux.on_unpublish"(stage) {
    const { server, publisher, viewer } = await watching(stage, "");
    await server.reload(toml('on_unpublish = "wait"'));
    stop(publisher);
    await server.program.line(/publish ended/);
    const again = await server.publish();
    sendGop(again, 10, 2);
    await viewer.tag("the next picture", isPicture(11));
    await server.reload(toml());
    stop(again);
    await until("the answer ends", () => viewer.closed);
  },
};
