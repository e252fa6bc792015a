import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../../../src/app/config/index.ts";
import { formatHostPort } from "../../../../src/base/address.ts";
import type { Environment } from "../../../../src/config/file/environment.ts";
import { errorsOf } from "../../../support/config.ts";

const folder = mkdtempSync(join(tmpdir(), "srs-api-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, "srs.conf");

const auth = "auth { enabled on; username ops; password long-enough; }";
const certificate = "cert a.crt; key a.key;";

describe("an API on a port of the HTTP server is left out, with one warning:", () => {
  test.each([
    ["one port", "listen 9000;", "listen 9000;", 9000],
    ["one port, with credentials", `listen 9000; ${auth}`, "listen 9000;", 9000],
    ["every IPv4 address", "listen 9000;", "listen 0.0.0.0:9000;", 9000],
    ["every IPv6 address", "listen 9000;", "listen [::]:9000;", 9000],
    ["both kinds of address", "listen 9000 [::]:9000;", "listen 9000 [::]:9000;", 9000],
    ["an address of the machine within all", "listen 127.0.0.1:9000;", "listen 9000;", 9000],
    ["all around an address of the machine", `listen 9000; ${auth}`, "listen 10.0.0.5:9000;", 9000],
    ["127.0.0.1 for both", "listen 9000;", "listen 127.0.0.1:9000;", 9000],
    ["a second address", "listen 127.0.0.1:9001 9000;", "listen 8080 9000;", 9000],
    ["the server's default port", "listen 8080;", "", 8080],
  ])("%s", (_, api, server, port) => {
    const { config, warnings } = load(
      `http_api { enabled on; crossdomain on; ${api} }\nhttp_server { enabled on; ${server} }`,
    );
    expect(warnings).toEqual([`${path}:1: http_api: ${leftOut(port, "http_server")}`]);
    expect(config.http_api.listen).toEqual([]);
    expect(config.http_api.user.size).toBe(0);
    expect(config.http_server.listen).not.toEqual([]);
  });

  test("a port of HTTPS", () => {
    const https = (listen: string) =>
      `http_server { enabled on; listen 9000; https { enabled on; ${listen} ${certificate} } }`;
    const api = (port: number) => `http_api { enabled on; listen ${port}; }`;
    const message = (port: number) => `${path}:2: http_api: ${leftOut(port, "http_server { https }")}`;
    expect(load(`${https("listen 9443;")}\n${api(9443)}`).warnings).toEqual([message(9443)]);
    expect(load(`${https("")}\n${api(8088)}`).warnings).toEqual([message(8088)]);
  });

  test("the API's default port, for which the warning names another", () => {
    const { warnings } = load("http_api { enabled on; }\nhttp_server { enabled on; listen 1985; }");
    expect(warnings).toEqual([`${path}:1: http_api: ${leftOut(1985, "http_server", 1986)}`]);
  });

  test("a web server as SRS 1.0 writes it, and a variable of SRS's", () => {
    const api = "http_api { enabled on; listen 9000; }\n";
    expect(load(`${api}http_stream { enabled on; listen 9000; }`).warnings).toHaveLength(1);
    const https = `http_server { enabled on; https { enabled on; listen 9443; ${certificate} } }`;
    const { warnings } = load(`${api}${https}`, { SRS_HTTP_SERVER_HTTPS_LISTEN: "9000" });
    expect(warnings).toEqual([`${path}:1: http_api: ${leftOut(9000, "http_server { https }")}`]);
  });
});

describe("an API is served beside an HTTP server", () => {
  test.each([
    ["on another port", `listen 9001; ${auth}`, "enabled on; listen 9000;", "[::]:9001"],
    ["on another address of the machine", "listen 9000;", "enabled on; listen 10.0.0.5:9000;", "127.0.0.1:9000"],
    ["on a port that the system chooses", "listen 127.0.0.1:0;", "enabled on; listen 127.0.0.1:0;", "127.0.0.1:0"],
    ["that is switched off", "listen 9000;", "enabled off; listen 9000;", "127.0.0.1:9000"],
    [
      "whose HTTPS is switched off",
      "listen 9443;",
      "enabled on; listen 9000; https { enabled off; listen 9443; }",
      "127.0.0.1:9443",
    ],
  ])("%s", (_, api, server, address) => {
    const { config, warnings } = load(`http_api { enabled on; ${api} }\nhttp_server { ${server} }`);
    expect(config.http_api.listen.map(formatHostPort)).toEqual([address]);
    expect(warnings.join()).not.toInclude("left out");
  });

  test("if a variable gives one of the two another port, and the API keeps its credentials", () => {
    const conf = `http_api { enabled on; listen 9000; ${auth} }\nhttp_server { enabled on; listen 9000; }`;
    for (const environment of [{ SRS_HTTP_API_LISTEN: "127.0.0.1:9001" }, { SRS_HTTP_SERVER_LISTEN: "9001" }]) {
      const { config, warnings } = load(conf, environment);
      expect(warnings).toEqual([]);
      expect(config.http_api.listen).toHaveLength(1);
      expect([...config.http_api.user.keys()]).toEqual(["ops"]);
    }
  });
});

describe("an API whose password has fewer than 8 characters", () => {
  const conf = "http_api {\n  enabled on;\n  listen 1985;\n  auth { enabled on; username admin; password admin; }\n}";

  test("is left out, with one warning that does not show it", () => {
    const { config, warnings } = load(conf);
    expect(warnings).toEqual([
      `${path}:1: http_api: left out: the password of auth must have 8 characters or more here, as its user commands the server; write a longer one`,
    ]);
    expect(config.http_api.listen).toEqual([]);
    expect(config.http_api.user.size).toBe(0);
  });

  test("is served if a variable gives it a longer one, or its auth is switched off", () => {
    const { config, warnings } = load(conf, { SRS_HTTP_API_AUTH_PASSWORD: "long-enough" });
    expect(warnings).toEqual([]);
    expect(config.http_api.listen.map(formatHostPort)).toEqual(["[::]:1985"]);
    expect(load(conf.replace("auth { enabled on;", "auth { enabled off;")).config.http_api.listen).toHaveLength(1);
  });

  test("is refused if a variable names its address, as it would be served without credentials", () => {
    const lines = errorsOf(() => load(conf, { SRS_HTTP_API_LISTEN: "127.0.0.1:1985" }));
    expect(lines).toEqual([`${path}:4: password: must have 8 characters or more`]);
  });
});

test("an API on the port of RTMP is refused, as neither server could serve both", () => {
  const lines = errorsOf(() => load("listen 9000;\nhttp_api { enabled on; listen 9000; }"));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toStartWith(`${path}:2: listen: `);
});

test("a wrong address is reported as such", () => {
  const lines = errorsOf(() => load("http_api { enabled on; listen x; }\nhttp_server { enabled on; listen 9000; }"));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toStartWith(`${path}:1: listen: `);
});

function leftOut(port: number, server: string, free = 1985): string {
  return `left out: port ${port} is ${server}'s, and the API needs a port of its own here; write http_api { listen ${free}; }`;
}

function load(conf: string, environment: Environment = {}) {
  writeFileSync(path, conf);
  return loadConfig(path, environment);
}
