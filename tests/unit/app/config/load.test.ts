import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { effectiveToml, loadConfig, parseConfig } from "../../../../src/app/config/index.ts";
import { UserError } from "../../../../src/base/errors.ts";

test("an empty file is the defaults, with the default vhost", () => {
  const config = parseConfig("", "empty.toml");
  expect(config.listen).toEqual([{ host: "::", port: 1935 }]);
  expect(config.max_connections).toBe(1000);
  expect(config.chunk_size).toBe(60000);
  expect(config.log).toEqual({ level: "info", format: "text", file: "" });
  expect([...config.vhost.keys()]).toEqual(["__defaultVhost__"]);
  expect(config.vhost.get("__defaultVhost__")).toMatchObject({
    enabled: true,
    gop_cache: true,
    gop_cache_max_frames: 2500,
    gop_cache_max_bytes: 33554432,
    queue_length: 30,
    queue_max_bytes: 67108864,
    mw_latency: "auto",
    time_jitter: "full",
    chunk_size: 60000,
    forward: [],
    publish: {
      firstpkt_timeout: 20000,
      normal_timeout: 5000,
      on_conflict: "reject",
      switch_after: 1000,
      prefer: [],
      grace: 30,
    },
    edge: {
      origin: [],
      choice: "order",
      vhost: "",
      linger: 10,
      read_timeout: 5000,
      wait: 0,
      missing_ttl: 3,
      redundancy: 1,
      probe: false,
      token_traverse: false,
      max_dials: 50,
    },
  });
});

test("a configuration that names a vhost has no other vhosts", () => {
  const config = parseConfig('[vhost."live.example.com"]\n[vhost.other]\ngop_cache = false', "x.toml");
  expect([...config.vhost.keys()]).toEqual(["live.example.com", "other"]);
  expect(config.vhost.get("live.example.com")?.gop_cache).toBe(true);
  expect(config.vhost.get("other")?.gop_cache).toBe(false);
});

test("a vhost's chunk size is its own or the global one", () => {
  const config = parseConfig("chunk_size = 4096\n[vhost.a]\n[vhost.b]\nchunk_size = 128", "x.toml");
  expect(config.vhost.get("a")?.chunk_size).toBe(4096);
  expect(config.vhost.get("b")?.chunk_size).toBe(128);
});

test("a single value is read as a list of one", () => {
  const config = parseConfig('listen = "[::1]:0"\n[vhost.a]\nforward = "edge"', "x.toml");
  expect(config.listen).toEqual([{ host: "::1", port: 0 }]);
  expect(config.vhost.get("a")?.forward).toMatchObject([{ host: "edge", port: 1935 }]);
});

test("certificates may share a key, as the two lists go together", () => {
  const { rtmps } = parseConfig('[rtmps]\ncert = ["a.crt", "b.crt"]\nkey = ["a.key", "a.key"]', "x.toml");
  expect(rtmps.key).toEqual(["a.key", "a.key"]);
});

test("port 0 may be listed several times", () => {
  expect(parseConfig("listen = [0, 0]", "x.toml").listen).toHaveLength(2);
});

test("the effective configuration reads back as the same configuration, with where each value comes from", () => {
  const text = `listen = [1935, "127.0.0.1:0", "[::1]:1936"]
chunk_size = 4096
[log]
level = "debug"
[vhost."live.example.com"]
mw_latency = 0
time_jitter = "zero"
forward = ["Edge", "rtmp://[::1]/x/[stream]?[param]"]
publish = { grace = 0 }
[vhost.b]
forward = "a:1"`;
  withFile(text, (path) => {
    const loaded = loadConfig(path, { SRS_MAX_CONNECTIONS: "10" });
    const written = effectiveToml(loaded);
    expect(parseConfig(written, "y.toml")).toEqual(loaded.config);
    expect(written).toContain(
      `listen = [1935, "127.0.0.1:0", "[::1]:1936"]  # ${path}:1\nmax_connections = 10  # SRS_MAX_CONNECTIONS\n`,
    );
    expect(written).toContain('[vhost."live.example.com".publish]\nfirstpkt_timeout = 20000  # default\n');
  });
});

test("the effective configuration shows no secret", () => {
  withFile('[vhost.a]\nforward = "rtmp://cdn.example.com/live/[stream]?key=hush"', (path) => {
    const written = effectiveToml(loadConfig(path));
    expect(written).toContain('forward = "rtmp://cdn.example.com/live/***"');
    expect(written).not.toContain("hush");
  });
});

test("each value's place in the file is known, and a default has none", () => {
  withFile('listen = 1936\n[vhost.a]\nforward = [\n"b",\n"c"]', (path) => {
    const { origin, warnings } = loadConfig(path);
    expect(warnings).toEqual([]);
    expect(origin(["listen"])).toBe(`${path}:1`);
    expect(origin(["vhost", "a", "forward", 1])).toBe(`${path}:5`);
    expect(origin(["max_connections"])).toBeUndefined();
  });
});

test("a file that cannot be read is reported in one line", () => {
  const folder = mkdtempSync(join(tmpdir(), "srs-config-"));
  try {
    const path = (name: string) => join(folder, name);
    writeFileSync(path("binary.toml"), new Uint8Array([0x61, 0xff]));
    writeFileSync(path("large.toml"), "#".repeat(1024 * 1024 + 1));
    writeFileSync(path("largest.toml"), "#".repeat(1024 * 1024));
    const refusal = (name: string, reason: string) =>
      expect(() => loadConfig(path(name))).toThrow(new UserError(`cannot read ${path(name)}: ${reason}`));
    refusal("missing.toml", "no such file");
    refusal("", "it is a directory");
    refusal("binary.toml", "it is not UTF-8 text");
    refusal("binary.toml/x", "no such file");
    refusal("large.toml", "it is larger than 1048576 bytes");
    expect(loadConfig(path("largest.toml")).config.max_connections).toBe(1000);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function withFile(text: string, use: (path: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "srs-config-"));
  try {
    writeFileSync(join(folder, "x.toml"), text);
    use(join(folder, "x.toml"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
