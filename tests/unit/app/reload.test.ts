import { expect, test } from "bun:test";
import { type Loaded, parseConfig } from "../../../src/app/config/index.ts";
import { LiveConfig } from "../../../src/app/live-config.ts";
import { reload } from "../../../src/app/reload.ts";
import { RecordingLog } from "../../support/recording-log.ts";

function started(text: string) {
  const live = new LiveConfig(parseConfig(text, "test.toml"));
  const log = new RecordingLog();
  const to = (next: string, warnings: readonly string[] = []) => {
    const load = (): Loaded => ({ config: parseConfig(next, "test.toml"), warnings, origin: () => undefined });
    return reload(live, load, log);
  };
  return { live, log, to };
}

test("a reload reports which keys have changed", () => {
  const { live, log, to } = started("[vhost.a]\n[vhost.b]");
  const changed = 'max_connections, vhost.a.publish.grace, vhost."c.com", vhost.b';
  expect(to('max_connections = 7\n[vhost.a.publish]\ngrace = 1\n[vhost."c.com"]')).toEqual({
    ok: true,
    lines: [`reloaded; changed: ${changed}`],
  });
  expect(log.take()).toEqual([`info configuration reloaded changed=${changed}`]);
  expect([...live.current.vhost.keys()]).toEqual(["a", "c.com"]);
});

test("a reload reports that nothing has changed, and the file's warnings", () => {
  const { log, to } = started("");
  expect(to("", ["x.conf:3: no use for it"])).toEqual({
    ok: true,
    lines: ["x.conf:3: no use for it", "reloaded; changed: nothing"],
  });
  expect(log.take()).toEqual(["warn x.conf:3: no use for it", "info configuration reloaded changed=nothing"]);
});

test("a reload of a broken file changes nothing and reports every error", () => {
  const { live, log, to } = started("max_connections = 7");
  const before = live.current;
  const lines = [
    expect.stringMatching(/^test\.toml:1: max_connections: must be /),
    expect.stringMatching(/^test\.toml:3: vhost\.a\.gop_cach: unknown key; did you mean/),
  ];
  expect(to("max_connections = 0\n[vhost.a]\ngop_cach = true")).toEqual({ ok: false, lines });
  expect(live.current).toBe(before);
  expect(log.take()).toEqual([
    expect.stringMatching(/^error configuration refused error=.*max_connections/),
    expect.stringMatching(/^error configuration refused error=.*gop_cach/),
    "error configuration not reloaded: all goes on as before errors=2",
  ]);
});
