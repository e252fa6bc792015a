import { expect } from "bun:test";
import { local, other } from "../../../vectors/certificates.ts";
import { httpPort } from "../raw-http.ts";
import type { Effect } from "./effects.ts";
import { pair, shownBy } from "./rtmps.ts";
import { ReloadServer } from "./server.ts";

const LISTEN = '[http_server]\nlisten = "127.0.0.1:0"\n';

/** The status of an answer; "none" where nobody listens. */
async function statusOf(port: number, path: string): Promise<number | "none"> {
  return fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: "close" } }).then(
    ({ status }) => status,
    () => "none",
  );
}

/** The effects of the keys of the HTTP server. */
export const httpEffects: Readonly<Record<string, Effect>> = {
  async "http_server.listen"(stage) {
    const server = await ReloadServer.start(stage, "");
    await server.reload(LISTEN);
    const port = await httpPort(server.program);
    expect(await statusOf(port, "/readyz")).toBe(200);
    // The port goes to RTMP, and RTMP's to HTTP.
    const exchanged = `listen = "127.0.0.1:${port}"\n[http_server]\nlisten = "127.0.0.1:${server.port}"`;
    const before = server.port;
    await server.reload(exchanged);
    expect(await statusOf(before, "/readyz")).toBe(200);
    expect(await server.isRefused(port)).toBe(false);
    await server.reload(`listen = "127.0.0.1:${port}"`);
    expect(await statusOf(before, "/readyz")).toBe("none");
  },

  async "http_server.dir"(stage) {
    const server = await ReloadServer.start(stage, LISTEN);
    const port = await httpPort(server.program);
    const folder = stage.write("a.txt", "a").replace(/\/a\.txt$/, "");
    expect(await statusOf(port, "/a.txt")).toBe(404);
    await server.reload(`${LISTEN}dir = "${folder}"`);
    expect(await statusOf(port, "/a.txt")).toBe(200);
  },

  async "http_server.page.enabled"(stage) {
    const server = await ReloadServer.start(stage, LISTEN);
    const port = await httpPort(server.program);
    expect(await statusOf(port, "/live/cam")).toBe(200);
    await server.reload(`${LISTEN}[http_server.page]\nenabled = false`);
    expect(await statusOf(port, "/live/cam")).toBe(404);
  },

  async "http_server.page.list_streams"(stage) {
    const server = await ReloadServer.start(stage, LISTEN);
    const port = await httpPort(server.program);
    expect(await statusOf(port, "/")).toBe(404);
    await server.reload(`${LISTEN}[http_server.page]\nlist_streams = true`);
    expect(await statusOf(port, "/")).toBe(200);
  },

  async "http_server.page.embed"(stage) {
    const server = await ReloadServer.start(stage, LISTEN);
    const port = await httpPort(server.program);
    const policy = async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/live/cam`);
      return answer.headers.get("content-security-policy");
    };
    expect(await policy()).toContain("frame-ancestors *");
    await server.reload(`${LISTEN}[http_server.page]\nembed = "example.com"`);
    expect(await policy()).toContain("frame-ancestors 'self' example.com:* *.example.com:*");
  },

  async "http_server.tls.listen"(stage) {
    const server = await ReloadServer.start(stage, LISTEN);
    const port = await httpPort(server.program);
    expect(await shownBy(port)).toStartWith("error");
    // The certificate is that of RTMPS, and the port takes both.
    const tls = `[http_server.tls]\nlisten = "127.0.0.1:${port}"\n[rtmps]\n${pair(stage, "local", local)}`;
    await server.reload(`[http_server]\nlisten = "127.0.0.1:${port}"\n${tls}`);
    expect([await shownBy(port), await statusOf(port, "/readyz")]).toEqual(["local", 200]);
  },

  async "http_server.tls.cert"(stage) {
    const tables = (certificates: string) => `[http_server.tls]\nlisten = "127.0.0.1:0"\n${certificates}`;
    const server = await ReloadServer.start(stage, tables(pair(stage, "local", local)));
    const port = await httpPort(server.program, "https");
    expect(await shownBy(port)).toBe("local");
    await server.reload(tables(pair(stage, "other", other)));
    expect(await shownBy(port)).toBe("other");
  },

  async "http_server.tls.key"(stage) {
    const both = stage.write("both.pem", `${local.cert}${local.key}`);
    const tables = (key: string) => `[http_server.tls]\nlisten = "127.0.0.1:0"\ncert = "${both}"\n${key}`;
    const server = await ReloadServer.start(stage, tables(""));
    await expect(server.reload(tables(`key = "${stage.write("other.key", other.key)}"`))).rejects.toThrow(
      /other\.key \(http_server\.tls\.key\) is not the key of the certificate in .*both.pem/,
    );
    await server.reload(tables(`key = "${stage.write("local.key", local.key)}"`));
    expect(await shownBy(await httpPort(server.program, "https"))).toBe("local");
  },
};
