import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { statSync } from "node:fs";
import { httpPort, RawHttp } from "../support/e2e/raw-http.ts";
import { asUser } from "../support/e2e/reload/api.ts";
import { ReloadServer, sendGop } from "../support/e2e/reload/server.ts";
import { Stage } from "../support/e2e/stage.ts";
import { TEST_LIMIT_MS } from "../support/limits.ts";
import { promtoolFor } from "../support/promtool.ts";

setDefaultTimeout(TEST_LIMIT_MS);

const promtool = promtoolFor("tests/e2e/api-rights.test.ts");
const API = '[http_api]\nlisten = "127.0.0.1:0"\nmax_requests_per_minute = 100000\n';
const USERS =
  '[http_api.user.eye]\npassword = "only to read"\n[http_api.user.ops]\npassword = "for all of it"\nrole = "admin"\n';
const [eye, ops] = [asUser("eye", "only to read"), asUser("ops", "for all of it")];
const wrong = asUser("ops", "for all of them");

/** One route of the API, as its document has it. */
interface Route {
  readonly method: string;
  readonly path: string;
  readonly admin: boolean;
  readonly hasBody: boolean;
}

/** How a route answered. */
interface Answered {
  readonly status: number;
  readonly text: string;
}

/** A server with its API, and what its document lists besides `/metrics`. */
class Walked {
  readonly server: ReloadServer;
  readonly port: number;
  routes: readonly Route[] = [];

  constructor(server: ReloadServer, port: number) {
    this.server = server;
    this.port = port;
  }

  static async start(stage: Stage, toml: string, headers: Record<string, string> = {}): Promise<Walked> {
    const server = await ReloadServer.start(stage, toml);
    const walked = new Walked(server, await httpPort(server.program, "api"));
    const { paths } = JSON.parse((await walked.call("GET", "/api/v1/openapi.json", headers)).text) as {
      paths: Record<string, Record<string, { description: string; requestBody?: object }>>;
    };
    const metrics = { method: "GET", path: "/metrics", admin: false, hasBody: false };
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { description, requestBody }]) => {
        const admin = description.includes("admin");
        return { method: method.toUpperCase(), path, admin, hasBody: requestBody !== undefined };
      }),
    );
    walked.routes = [metrics, ...described];
    return walked;
  }

  async call(method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<Answered> {
    const url = `http://127.0.0.1:${this.port}${path.replace("{id}", "none")}`;
    const answer = await fetch(url, { method, headers, ...(body !== undefined && { body }) });
    return { status: answer.status, text: await answer.text() };
  }

  /** The routes that answered a caller otherwise than is due, as lines. */
  async odd(headers: Record<string, string>, isDue: (status: number, route: Route) => boolean): Promise<string[]> {
    const lines: string[] = [];
    for (const route of this.routes) {
      const { status, text } = await this.call(route.method, route.path, headers);
      const isToldWhy = status < 400 || (JSON.parse(text) as { error: string }).error.length > 15;
      if (!isDue(status, route) || !isToldWhy) lines.push(`${route.method} ${route.path}: ${status} ${text}`);
    }
    return lines;
  }
}

/** Its caller may call it, whatever becomes of that. */
const isOpen = (status: number) => ![401, 403, 429].includes(status) && status < 500;

describe("Every route of an API with users", () => {
  test("refuses users without the right that it requires", async () => {
    await using stage = new Stage();
    const walked = await Walked.start(stage, API + USERS, ops);
    const { program } = walked.server;
    expect(walked.routes.filter(({ admin }) => admin).length).toBeGreaterThan(8);
    expect(walked.routes.length).toBeGreaterThan(30);
    const refused = (status: number) => status === 403;
    expect(await walked.odd({}, (status) => status === 401)).toEqual([]);
    // After 20 of them the address has to wait; the right ones go on from there.
    expect(await walked.odd(wrong, (status) => status === 401 || status === 429)).toEqual([]);
    expect(await walked.odd({ host: "evil.example" }, (status) => status === 401)).toEqual([]);
    expect(await walked.odd({ ...ops, origin: "http://evil.example" }, refused)).toEqual([]);
    expect(await walked.odd({ ...ops, origin: "null" }, refused)).toEqual([]);
    expect(await walked.odd({ ...ops, "sec-fetch-site": "cross-site" }, refused)).toEqual([]);
    expect(await walked.odd(eye, (status, { admin }) => (admin ? status === 403 : isOpen(status)))).toEqual([]);
    expect(program.lines.filter((line) => /reload|target|forward/.test(line))).toEqual([]);
    expect(await walked.odd(ops, isOpen)).toEqual([]);
    await program.line(/reload requested by=ops/);
  });

  test("changes something by GET only for pages of its own host", async () => {
    await using stage = new Stage();
    const walked = await Walked.start(stage, API + USERS, ops);
    for (const path of ["/api/v1/clients/c1?method=DELETE", "/api/v1/raw?rpc=reload", "/api/v1/streams?callback=f"])
      for (const from of [{}, { referer: "http://evil.example/" }, { "sec-fetch-site": "none" }])
        expect([path, (await walked.call("GET", path, { ...ops, ...from })).status]).toEqual([path, 403]);
    const page = { "sec-fetch-site": "same-origin" };
    expect((await walked.call("GET", "/api/v1/raw?rpc=reload&callback=f", { ...eye, ...page })).text).toContain(
      '"code":9009',
    );
    expect(walked.server.program.count(/reload requested/)).toBe(0);
    expect((await walked.call("GET", "/api/v1/raw?rpc=reload&callback=f", { ...ops, ...page })).text).toContain(
      '"code":0',
    );
  });
});

test("Every route of an API without users is open to this machine, but not by a host name that resolves to it", async () => {
  await using stage = new Stage();
  const walked = await Walked.start(stage, API);
  const refused = (status: number) => status === 403;
  expect(await walked.odd({ host: "evil.example" }, refused)).toEqual([]);
  expect(await walked.odd({ origin: "http://evil.example" }, refused)).toEqual([]);
  expect(await walked.odd({ "sec-fetch-site": "cross-site" }, refused)).toEqual([]);
  expect(walked.server.program.count(/reload requested/)).toBe(0);
  expect(await walked.odd({}, isOpen)).toEqual([]);
});

test("The control socket accepts only its user, and answers unknown requests with a sentence", async () => {
  await using stage = new Stage();
  const server = await ReloadServer.start(stage, "");
  const path = stage.path("server.sock");
  expect(statSync(path).mode & 0o077).toBe(0);
  const ask = (line: string) =>
    new Promise<string>((resolve, reject) => {
      let heard = "";
      Bun.connect({
        unix: path,
        socket: {
          open: (socket) => void socket.write(line),
          data(_, bytes) {
            heard += bytes;
          },
          close: () => resolve(heard),
          error: (_, error) => reject(error),
        },
      }).catch(reject);
    });
  expect(await ask("nonsense\n")).toContain("knows no command");
  expect(await ask("api GET /api/v1/none\n")).toContain("there is nothing at this address");
  expect(await ask("api POST /api/v1/targets {\n")).toContain("not JSON");
  expect(await ask("api\n")).toContain('"ok":false');
  expect(await ask("api GET /api/v1/node\n")).toContain('"ok":true');
  expect((await server.run("status")).exitCode).toBe(0);
});

describe("Bad input to every route", () => {
  test("is refused with a sentence, and changes nothing", async () => {
    await using stage = new Stage();
    const walked = await Walked.start(stage, API);
    const megabyte = "x".repeat(1_000_000);
    for (const { method, path, hasBody } of walked.routes) {
      if (method === "GET") continue;
      const of = async (body: string) => [method, path, (await walked.call(method, path, {}, body)).status];
      expect(await of(megabyte)).toEqual([method, path, 413]);
      expect(await of("{")).toEqual([method, path, 400]);
      for (const body of ["[]", "7", '"text"', "null", '{"target":{},"source":[]}', '{"__proto__":{"target":"a:1"}}'])
        if (hasBody && !path.includes("{id}")) expect([body, ...(await of(body))]).toEqual([body, method, path, 400]);
    }
    expect(JSON.parse((await walked.call("GET", "/api/v1/targets")).text).targets).toEqual([]);
    expect(walked.server.program.count(/ERROR/)).toBe(0);
  });

  test.each(["none", "__proto__", "%22%0a", "%00", "..%2f..", "%ff", "-1", "a/b", "'%20or%201=1"])(
    "an unknown id %s is answered as not found, and so is a far longer one",
    async (short) => {
      const ids = [short, short.repeat(300)];
      await using stage = new Stage();
      const walked = await Walked.start(stage, API);
      for (const { method, path } of walked.routes) {
        if (!path.includes("{id}")) continue;
        const body = path.endsWith("/switch") ? '{"source":"c1"}' : undefined;
        for (const id of ids) {
          const { status, text } = await walked.call(method, path.replace("{id}", id), {}, body);
          expect([method, path, [400, 404, 405].includes(status)]).toEqual([method, path, true]);
          expect(text).toMatch(/ .* .* /);
        }
      }
      expect(walked.server.program.count(/ERROR/)).toBe(0);
    },
  );

  test("that comes as a flood is answered up to the address's limit", async () => {
    await using stage = new Stage();
    const server = await ReloadServer.start(stage, API.replace("100000", "5"));
    const walked = new Walked(server, await httpPort(server.program, "api"));
    const statuses: number[] = [];
    for (let count = 0; count < 8; count++) statuses.push((await walked.call("GET", "/api/v1/node")).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429, 429]);
    const raw = await RawHttp.connect(stage, walked.port);
    raw.say("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    expect((await raw.hears(/HTTP\/1\.1 \d+ .*\r\n\r\n/s))[0].toLowerCase()).toMatch(/429 .*retry-after: \d+/s);
    // The terminal has a way of its own.
    expect((await server.run("status")).exitCode).toBe(0);
  });
});

test("Names with quotes, backslashes and braces are labels, rows of the terminal and JSON like others", async () => {
  await using stage = new Stage();
  const walked = await Walked.start(stage, API);
  // A name with a line end is nobody's: publishing it is refused.
  const name = 'a"b\\nc{d="e"} é';
  const publisher = await walked.server.publish(name);
  sendGop(publisher, 0, 5);
  await walked.server.program.line(/publish started/);
  const { text } = await walked.call("GET", "/metrics");
  expect(text).toContain('stream="a\\"b\\\\nc{d=\\"e\\"} é"} 0\n');
  const { streams } = JSON.parse((await walked.call("GET", "/api/v1/streams")).text);
  expect(streams[0].name).toBe(name);
  const { out } = await walked.server.run("status");
  expect(out.split("\n").filter((line) => line.includes('a"b'))).toHaveLength(1);
  if (promtool === undefined) return;
  const check = Bun.spawnSync([promtool, "check", "metrics"], { stdin: new TextEncoder().encode(text) });
  expect([check.exitCode, check.stdout.toString() + check.stderr.toString()]).toEqual([0, ""]);
});
