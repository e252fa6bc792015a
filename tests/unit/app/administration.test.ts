import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ConfigHistory } from "../../../src/app/administration.ts";
import { type Loaded, parseConfig } from "../../../src/app/config/index.ts";
import { LiveConfig } from "../../../src/app/live-config.ts";
import { reload } from "../../../src/app/reload.ts";
import { RecordingLog } from "../../support/recording-log.ts";

const folder = mkdtempSync(join(tmpdir(), "srs-users-"));
afterAll(() => rmSync(folder, { recursive: true }));

function started(toml: string) {
  const loaded: Loaded = { config: parseConfig(toml, "x.toml"), warnings: [], origin: () => undefined };
  const live = new LiveConfig(loaded.config);
  const log = new RecordingLog();
  let now = 1000;
  const history = new ConfigHistory({
    ...{ live, loaded, log, file: "x.toml", wall: () => now },
    reload: () => ({ ok: true, lines: [] }),
  });
  live.follow(history);
  const later = () => {
    now += 500;
  };
  return { live, loaded, log, history, later };
}

const user = (lines: string) => `[http_api.user.ops]\n${lines}`;

test("users have the password of the configuration or of their file, and a new one once a reload has read it", () => {
  const path = join(folder, "a");
  writeFileSync(path, "from a file\n");
  const { live, loaded, log, history } = started(user(`password_file = "${path}"\nrole = "admin"`));
  live.start();
  const { users } = history.administration;
  expect(users().get("ops")).toEqual({ password: "from a file", role: "admin" });
  writeFileSync(path, "another one");
  history.reloaded({ ok: true, lines: [] }, loaded);
  expect(users().get("ops")?.password).toBe("another one");
  rmSync(path);
  history.reloaded({ ok: true, lines: [] }, loaded);
  expect(users().get("ops")?.password).toBe("another one");
  expect(log.take(/password can't be read/)).toHaveLength(1);
});

test.each([
  [user('role = "read"'), "http_api.user.ops: needs password_file, or password"],
  [user('password = "12345678"\npassword_file = "/x"'), "set password or password_file, not both"],
  [user('password_file = "/nowhere/at/all"'), "/nowhere/at/all"],
])("a user without one password is refused at the start: %s", (toml, message) => {
  expect(() => started(toml).live.start()).toThrow(message);
});

test("a password in a file that is too short is refused", () => {
  const path = join(folder, "short");
  writeFileSync(path, "short\n");
  expect(() => started(user(`password_file = "${path}"`)).live.start()).toThrow("8 characters or more");
});

test("the API knows since when the configuration is in effect, and why the last reload was refused", () => {
  const { loaded, history, later } = started("");
  const state = () => history.administration.configState();
  const same = { file: resolve("x.toml"), warnings: [], waiting: [] };
  expect(state()).toEqual({ ...same, loadedAt: 1000, reloads: 0, refused: undefined });
  later();
  history.reloaded({ ok: false, lines: ["x.toml:1: wrong"] }, undefined);
  const refused = { at: 1500, lines: ["x.toml:1: wrong"] };
  expect(state()).toEqual({ ...same, loadedAt: 1000, reloads: 0, refused });
  later();
  history.reloaded({ ok: true, lines: [] }, loaded);
  expect(state()).toEqual({ ...same, loadedAt: 2000, reloads: 1, refused: undefined });
});

test("the API knows what of the file waits for a restart, until the file says otherwise, and the file's warnings", () => {
  const { live, log, history } = started("");
  const reloadWith = (toml: string, warnings: readonly string[] = []) => {
    const loaded: Loaded = { config: parseConfig(toml, "x.toml"), warnings, origin: () => undefined };
    history.reloaded(
      reload(live, () => loaded, log),
      loaded,
    );
    return history.administration.configState();
  };
  const first = reloadWith('pid = "/run/other.pid"\nchunk_size = 4096', ["x.toml:2: no effect"]);
  expect(first.waiting).toEqual([{ key: "pid", reason: expect.stringContaining("running server") }]);
  expect(first.warnings).toEqual(["x.toml:2: no effect"]);
  // Another reload of the same file changes nothing, and the key still waits.
  expect(reloadWith('pid = "/run/other.pid"').waiting).toHaveLength(1);
  expect(reloadWith("")).toMatchObject({ waiting: [], warnings: [] });
});

test("the configuration in effect is shown without passwords", () => {
  const { history } = started(user('password = "not to be seen"'));
  const toml = history.administration.effectiveConfig();
  expect(toml).toContain("[http_api.user.ops]");
  expect(toml).not.toContain("not to be seen");
});

test("the configuration in effect can be shown without the keys that have their default", () => {
  const { history } = started('max_connections = 7\n[vhost."a.example.com"]\nforward = "edge:1935"\ngop_cache = true');
  const toml = history.administration.effectiveConfig(true);
  expect(toml).toBe('max_connections = 7  # default\n\n[vhost."a.example.com"]\nforward = "edge:1935"  # default\n');
});
