import { expect, test } from "bun:test";
import { endpointsOf } from "../../../../src/app/config/endpoints.ts";
import { parseConfig } from "../../../../src/app/config/index.ts";
import { parseListen } from "../../../../src/base/address.ts";
import { parseNetwork } from "../../../../src/base/network.ts";
import { errorsOf } from "../../../support/config.ts";

type Texts = readonly (string | number)[];

function endpoints({
  listen = [1935] as Texts,
  rtmps = [] as Texts,
  cert = ["a.crt"],
  http = [] as Texts,
  https = [] as Texts,
  proxied = [] as Texts,
  trusted = ["10.0.0.0/8"],
}) {
  return endpointsOf({
    listen: listen.map(parseListen),
    rtmps: { listen: rtmps.map(parseListen), cert, key: [] },
    http_server: { listen: http.map(parseListen), tls: { listen: https.map(parseListen), cert: [], key: [] } },
    http_api: { listen: [], user: new Map() },
    cluster: { secret: "", secret_file: "" },
    proxy_protocol: { listen: proxied.map(parseListen), trusted: trusted.map(parseNetwork) },
  });
}

const at = (port: number, plain: boolean, tls: boolean, proxied = false) => ({
  host: "::",
  port,
  protocol: "rtmp" as const,
  plain,
  tls,
  proxied,
});

test("an address accepts RTMP, RTMPS, or both if both lists name it", () => {
  expect(endpoints({ listen: [1935, 1936], rtmps: [443, 1936] })).toEqual([
    at(1935, true, false),
    at(1936, true, true),
    at(443, false, true),
  ]);
});

test("port 0 opens a port of its own for each address", () => {
  expect(endpoints({ listen: [0], rtmps: [0] })).toEqual([at(0, true, false), at(0, false, true)]);
});

test("a PROXY header is expected where the configuration says so, with and without TLS", () => {
  const found = endpoints({ listen: [1935, 1936], rtmps: [443], proxied: [1936, 443] });
  expect(found.map(({ port, proxied }) => [port, proxied])).toEqual([
    [1935, false],
    [1936, true],
    [443, true],
  ]);
});

test("HTTP has endpoints of its own, with and without TLS, and proxies in front", () => {
  const found = endpoints({ listen: [], http: [8080, 8443], https: [8443], proxied: [8080] });
  expect(found).toEqual([
    { host: "::", port: 8080, protocol: "http", plain: true, tls: false, proxied: true },
    { host: "::", port: 8443, protocol: "http", plain: true, tls: true, proxied: false },
  ]);
});

test("an API that other machines reach needs users; a bare port is this machine's", () => {
  const problems = (toml: string) => errorsOf(() => parseConfig(`[http_api]\n${toml}`, "x.toml"));
  expect(problems("listen = 1985")).toEqual([]);
  expect(problems('listen = ["127.0.0.1:1985", "[::1]:1985", "localhost:1986"]')).toEqual([]);
  expect(problems('listen = "0.0.0.0:1985"')).toEqual([
    "x.toml:2: http_api.listen: 0.0.0.0:1985 can be reached from other machines, so it needs users; add [http_api.user.NAME] with password_file, or listen on 127.0.0.1",
  ]);
  // Then others get nothing but signed answers.
  expect(problems('listen = "0.0.0.0:1985"\n[cluster]\nsecret_file = "/x"')).toEqual([]);
  expect(problems('listen = "0.0.0.0:1985"\n[http_api.user.ops]\npassword_file = "/x"')).toEqual([]);
  expect(parseConfig("[http_api]\nlisten = 1985", "x.toml").http_api.listen).toEqual([
    { host: "127.0.0.1", port: 1985 },
  ]);
});
