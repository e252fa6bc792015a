import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "../../../src/app/config/index.ts";
import { controlSocketPaths, serviceFolders, socketPathsOfPort } from "../../../src/app/control-sockets.ts";

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

test("a service's control socket is in its own folder, where others may ask it", () => {
  expect(placesOf("", { RUNTIME_DIRECTORY: "/run/srs/edge" })).toEqual([
    "/run/srs/edge/1935.sock",
    "/run/srs/1935.sock",
  ]);
  expect(socketPathsOfPort(1935, { XDG_RUNTIME_DIR: "/run/user/7" }, ["/run/srs/edge"])).toEqual([
    "/run/srs/1935.sock",
    "/run/srs/edge/1935.sock",
    "/run/user/7/srs/1935.sock",
  ]);
});

test("the folders of services are found, and nothing where there are none", () => {
  const folder = mkdtempSync(join(tmpdir(), "srs-folders-"));
  try {
    mkdirSync(join(folder, "origin"));
    mkdirSync(join(folder, "edge"));
    writeFileSync(join(folder, "1935.sock"), "");
    expect(serviceFolders(folder)).toEqual([join(folder, "edge"), join(folder, "origin")]);
    expect(serviceFolders(join(folder, "nothing"))).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
