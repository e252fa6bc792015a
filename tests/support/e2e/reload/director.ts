import { expect } from "bun:test";
import { httpPort } from "../raw-http.ts";
import type { Effect } from "./effects.ts";
import { ReloadServer } from "./server.ts";

/** The effects of the keys that the director goes by. */
export const directorEffects: Readonly<Record<string, Effect>> = {
  async "vhost.NAME.director"(stage) {
    const api = '[http_api]\nlisten = "127.0.0.1:0"\n[vhost.__defaultVhost__]\n';
    const server = await ReloadServer.start(stage, api);
    const url = `http://127.0.0.1:${await httpPort(server.program, "api")}/api/v1/director?app=live&stream=show`;
    const told = async () => (await fetch(url)).text();
    expect(await told()).toContain("no vhost of this server has a director");
    await server.reload(`${api}director = "redirect"`);
    expect(await told()).toContain("no node has /live/show");
  },
};
