import { expect } from "bun:test";
import { httpPort } from "../raw-http.ts";
import type { Stage } from "../stage.ts";
import type { Effect } from "./effects.ts";
import { ReloadServer } from "./server.ts";

const LISTEN = '[http_api]\nlisten = "127.0.0.1:0"\n';
const NODE = "/api/v1/node";

/** A server with an API, and the status of its answers. */
async function serverWith(stage: Stage, more = "") {
  const server = await ReloadServer.start(stage, LISTEN + more);
  const port = await httpPort(server.program, "api");
  const status = async (path = NODE, headers: Record<string, string> = {}) =>
    (await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: "close", ...headers } })).status;
  return { server, port, status };
}

/** The headers of a user's call. */
export function asUser(name: string, password: string): Record<string, string> {
  return { authorization: `Basic ${btoa(`${name}:${password}`)}` };
}

const user = (lines: string) => `[http_api.user.ops]\n${lines}`;

/** The effects of the keys of the API. */
export const apiEffects: Readonly<Record<string, Effect>> = {
  async "http_api.listen"(stage) {
    const server = await ReloadServer.start(stage, "");
    await server.reload(LISTEN);
    const port = await httpPort(server.program, "api");
    expect((await fetch(`http://127.0.0.1:${port}${NODE}`)).status).toBe(200);
  },

  async "http_api.hosts"(stage) {
    const { server, status } = await serverWith(stage);
    expect(await status(NODE, { host: "live.example" })).toBe(403);
    await server.reload(`${LISTEN}hosts = "live.example"`);
    expect(await status(NODE, { host: "live.example" })).toBe(200);
  },

  async "http_api.console.enabled"(stage) {
    const { server, status } = await serverWith(stage);
    expect(await status("/console/")).toBe(200);
    await server.reload(`${LISTEN}console.enabled = false`);
    expect(await status("/console/")).toBe(404);
  },

  async "http_api.metrics_from"(stage) {
    const users = user('password = "a long one"');
    const { server, status } = await serverWith(stage, users);
    expect(await status("/metrics")).toBe(401);
    await server.reload(`${LISTEN}metrics_from = "127.0.0.0/8"\n${users}`);
    expect(await status("/metrics")).toBe(200);
  },

  async "http_api.metrics_streams"(stage) {
    const { server, port } = await serverWith(stage);
    await server.publish();
    const text = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(await text()).toContain('stream="show"');
    await server.reload(`${LISTEN}metrics_streams = 0`);
    expect(await text()).not.toContain('stream="show"');
  },

  async "http_api.max_requests_per_minute"(stage) {
    const { server, status } = await serverWith(stage);
    expect([await status(), await status()]).toEqual([200, 200]);
    await server.reload(`${LISTEN}max_requests_per_minute = 1`);
    expect([await status(), await status()]).toEqual([200, 429]);
  },

  async "http_api.user.NAME.password"(stage) {
    const { server, status } = await serverWith(stage, user('password = "a long one"'));
    expect(await status(NODE, asUser("ops", "a long one"))).toBe(200);
    await server.reload(LISTEN + user('password = "another one"'));
    expect(await status(NODE, asUser("ops", "a long one"))).toBe(401);
    expect(await status(NODE, asUser("ops", "another one"))).toBe(200);
  },

  async "http_api.user.NAME.password_file"(stage) {
    const file = stage.write("ops.password", "a long one\n");
    const toml = user(`password_file = "${file}"`);
    const { server, status } = await serverWith(stage, toml);
    expect(await status(NODE, asUser("ops", "a long one"))).toBe(200);
    stage.write("ops.password", "another one\n");
    await server.reload(LISTEN + toml);
    expect(await status(NODE, asUser("ops", "another one"))).toBe(200);
  },

  async "http_api.user.NAME.role"(stage) {
    const { server, port } = await serverWith(stage, user('password = "a long one"'));
    const reload = async () => {
      const headers = asUser("ops", "a long one");
      return (await fetch(`http://127.0.0.1:${port}/api/v1/reload`, { method: "POST", headers })).status;
    };
    expect(await reload()).toBe(403);
    await server.reload(LISTEN + user('password = "a long one"\nrole = "admin"'));
    expect(await reload()).toBe(200);
  },
};
