import { expect, test } from "bun:test";
import { parseConfig } from "../../../src/app/config/index.ts";
import { controlSocketPaths } from "../../../src/app/control-sockets.ts";

const placesOf = (toml: string, environment: Record<string, string> = {}) =>
  controlSocketPaths(parseConfig(toml, "x.toml"), environment);

test("a server's control socket is beside its pid file, else named after its first port", () => {
  expect(placesOf('pid = "/var/run/srs/one.pid"')).toEqual(["/var/run/srs/one.sock"]);
  expect(placesOf("")).toEqual(["/run/srs/1935.sock"]);
  expect(placesOf("listen = [0, 1936]", { XDG_RUNTIME_DIR: "/run/user/7" })).toEqual([
    "/run/srs/1936.sock",
    "/run/user/7/srs/1936.sock",
  ]);
  expect(placesOf("listen = []\n[http_server]\nlisten = 8080")).toEqual(["/run/srs/8080.sock"]);
  expect(placesOf("listen = 0")).toEqual([]);
});
