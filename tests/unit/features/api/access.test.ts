import { describe, expect, test } from "bun:test";
import { parseNetwork } from "../../../../src/base/network.ts";
import { ApiStage } from "../../../support/api-stage.ts";

const NODE = "/api/v1/node";
const asUser = (name: string, password: string) => `Authorization: Basic ${btoa(`${name}:${password}`)}`;

function withUsers(): ApiStage {
  const stage = new ApiStage();
  stage.users.set("eye", { password: "only to read", role: "read" });
  stage.users.set("ops", { password: "all of it here", role: "admin" });
  return stage;
}

describe("Without users", () => {
  test("this machine may call everything, and others nothing", async () => {
    const stage = new ApiStage();
    expect((await stage.call(NODE)).status).toBe(200);
    expect((await stage.call(NODE, [], "::1")).status).toBe(200);
    expect((await stage.call("POST /api/v1/reload")).status).toBe(200);
    expect((await stage.call(NODE, [], "192.0.2.9")).status).toBe(403);
    expect(stage.refusals.totals.get("http_api")).toBe(1);
  });

  test.each([
    ["Host: evil.example", 403],
    ["Host: evil.example:1985", 403],
    ["Host: localhost:1985", 200],
    ["Host: srs.localhost", 200],
    ["Host: [::1]:1985", 200],
    ["Host: 10.1.2.3", 200],
    ["Host: known.example", 200],
  ])(
    "a host name that resolves to this machine (%s) is answered with %i, as DNS may be rebound",
    async (host, status) => {
      const stage = new ApiStage();
      stage.config = { ...stage.config, hosts: ["known.example"] };
      expect((await stage.call(NODE, [host])).status).toBe(status);
    },
  );

  test.each([
    ["GET", "Origin: http://evil.example", 403],
    ["POST", "Origin: http://evil.example", 403],
    ["POST", "Origin: null", 403],
    ["POST", "Sec-Fetch-Site: cross-site", 403],
    ["GET", "Sec-Fetch-Site: cross-site", 403],
    ["POST", "Origin: http://127.0.0.1:8080", 403],
    ["GET", "Origin: http://127.0.0.1:8080", 405],
    ["POST", "Origin: http://127.0.0.1:1985", 200],
    ["POST", "Sec-Fetch-Site: same-origin", 200],
  ])("%s from a page (%s) is answered with %i", async (method, line, status) => {
    expect((await new ApiStage().call(`${method} /api/v1/reload`, [line])).status).toBe(status);
  });

  test("no page of another host can read an answer", async () => {
    const { head } = await new ApiStage().call(NODE);
    expect(head.toLowerCase()).not.toContain("access-control");
    expect(head).toContain("cache-control: no-store");
  });
});

describe("With users", () => {
  test("credentials are required, and a role limits what they allow", async () => {
    const stage = withUsers();
    const without = await stage.call(NODE);
    expect([without.status, without.head.includes('www-authenticate: Basic realm="srs"')]).toEqual([401, true]);
    expect((await stage.call(NODE, [asUser("eye", "only to read")], "192.0.2.9")).status).toBe(200);
    expect((await stage.call("POST /api/v1/reload", [asUser("eye", "only to read")])).status).toBe(403);
    expect((await stage.call("POST /api/v1/reload", [asUser("ops", "all of it here")])).status).toBe(200);
    expect(stage.log.take(/reload requested/)).toEqual(["info reload requested by=ops"]);
  });

  test("every call requires the role that its description names", async () => {
    const stage = withUsers();
    for (const { method, path, role } of stage.api.operations) {
      const target = `${method} ${path.replace("{id}", "none")}`;
      expect([target, (await stage.call(target)).status]).toEqual([target, 401]);
      const { status } = await stage.call(target, [asUser("eye", "only to read")]);
      expect([target, status === 403]).toEqual([target, role === "admin"]);
    }
  });

  test.each([
    "Authorization: Basic !!!",
    "Authorization: Bearer abc",
    asUser("eye", ""),
    asUser("", ""),
    asUser("eye", "all of it here"),
    asUser("nobody", "all of it here"),
  ])("%s is no user's", async (line) => {
    expect((await withUsers().call(NODE, [line])).status).toBe(401);
  });

  test("an address that tries passwords has to wait, and others have not", async () => {
    const stage = withUsers();
    const wrong = [asUser("ops", "a guess at it")];
    const statuses: number[] = [];
    for (let count = 0; count < 25; count++) statuses.push((await stage.call(NODE, wrong, "192.0.2.9")).status);
    expect([statuses[0], statuses.at(-1)]).toEqual([401, 429]);
    expect((await stage.call(NODE, wrong, "192.0.2.10")).status).toBe(401);
    stage.clock.advance(61_000);
    expect((await stage.call(NODE, wrong, "192.0.2.9")).status).toBe(401);
  });

  test("a scraper in metrics_from gets metrics without credentials, and nothing else", async () => {
    const stage = withUsers();
    stage.config = { ...stage.config, metrics_from: [parseNetwork("10.0.0.0/8")] };
    expect((await stage.call("/metrics", [], "10.9.8.7")).status).toBe(200);
    expect((await stage.call(NODE, [], "10.9.8.7")).status).toBe(401);
    expect((await stage.call("/metrics", [], "192.0.2.9")).status).toBe(401);
  });
});

test("Calls are limited for each address", async () => {
  const stage = new ApiStage();
  stage.config = { ...stage.config, max_requests_per_minute: 5 };
  const statuses: number[] = [];
  for (let count = 0; count < 7; count++) statuses.push((await stage.call(NODE)).status);
  expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429]);
  expect((await stage.call(NODE, [], "::1")).status).toBe(200);
});

describe("SRS's console", () => {
  test("can call by JSONP, and kick by GET, from pages of this host", async () => {
    const stage = new ApiStage();
    stage.player();
    const fromPage = ["Referer: http://127.0.0.1:8080/console/"];
    const answer = await stage.call("/api/v1/versions?callback=JSONP_1", fromPage);
    expect(answer.text).toMatch(/^JSONP_1\(\{"code":0,.*\}\n\);\n$/);
    expect(answer.head).toContain("text/javascript");
    expect((await stage.call("/api/v1/clients/r1?callback=x&method=DELETE", fromPage)).status).toBe(200);
    expect(stage.kicked).toEqual(["r1"]);
  });

  test.each([[], ["Referer: http://evil.example/"], ["Sec-Fetch-Site: cross-site"]].map((lines) => [lines]))(
    "is not every page: %p gets nothing by JSONP",
    async (lines) => {
      const stage = new ApiStage();
      stage.player();
      expect((await stage.call("/api/v1/clients?callback=x", lines)).status).toBe(403);
      expect((await stage.call("/api/v1/clients/r1?method=DELETE", lines)).status).toBe(403);
      expect(stage.kicked).toEqual([]);
    },
  );

  test("alone may call with callback, and others get an error that says so", async () => {
    const { json } = await new ApiStage().call("/api/v1/clients?callback=x");
    expect(json.error).toBe("pages of this host alone may call with callback; others leave it out");
  });

  test("gets errors with status 200, as browsers hide others from it", async () => {
    const answer = await new ApiStage().call("/api/v1/clients/c9?callback=f", ["Sec-Fetch-Site: same-site"]);
    expect([answer.status, /^f\(\{"code":2049,/.test(answer.text)]).toEqual([200, true]);
  });

  test("may name only valid functions for JSONP", async () => {
    const fromPage = ["Referer: http://127.0.0.1:8080/console/"];
    expect((await new ApiStage().call("/api/v1/versions?callback=alert(1)//", fromPage)).status).toBe(403);
  });
});
