import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { askAtOne, command, startControl } from "../../../src/app/control.ts";
import { UserError } from "../../../src/base/errors.ts";
import { silentLog } from "../../../src/base/log.ts";
import { listenControl } from "../../../src/io/net/control.ts";
import { WAIT_LIMIT_MS } from "../../support/limits.ts";
import { RecordingLog } from "../../support/recording-log.ts";

const folder = mkdtempSync(join(tmpdir(), "srs-command-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("an answer of another program at the server's place is reported as such", async () => {
  const answers = ["not JSON", "null", "1", '{"ok":1,"lines":[]}', '{"ok":true}', '{"ok":true,"lines":[1]}'];
  for (const answer of answers) {
    const server = await listenControl(join(folder, "a.sock"), () => answer);
    const asked = command(join(folder, "a.pid"), "reload", "", WAIT_LIMIT_MS);
    await expect(asked).rejects.toThrow(UserError);
    await expect(asked).rejects.toThrow(`what answers on ${join(folder, "a.sock")} is not srs`);
    server.stop();
  }
});

test("a server's answer is read as the server wrote it", async () => {
  const answer = { ok: false, lines: ["one", "two"] };
  const server = await listenControl(join(folder, "b.sock"), () => JSON.stringify(answer));
  expect(await command(join(folder, "b.pid"), "upgrade", "", WAIT_LIMIT_MS)).toEqual(answer);
  server.stop();
});

test("without a pid file, a server listens at the first place that it can use, and makes its folder", async () => {
  const blocked = join(folder, "file");
  writeFileSync(blocked, "");
  const places = [join(blocked, "1935.sock"), join(folder, "user", "srs", "1935.sock")];
  const commands = {
    reload: () => ({ ok: true, lines: ["reloaded"] }),
    upgrade: () => ({ ok: false, lines: [] }),
    api: (asked: string) => ({ ok: true, lines: [asked] }),
  };
  const control = await startControl("", places, commands, silentLog);
  expect(await askAtOne(places, "api", "GET /api/v1/node", WAIT_LIMIT_MS)).toEqual({
    ok: true,
    lines: ["GET /api/v1/node"],
  });
  control.stop();
  expect(await askAtOne(places, "api", "GET /", WAIT_LIMIT_MS)).toBeUndefined();
});

test("a server that can use no place runs without a control socket, and logs that", async () => {
  const log = new RecordingLog();
  const blocked = join(folder, "other");
  writeFileSync(blocked, "");
  const none = { reload: noAnswer, upgrade: noAnswer, api: noAnswer };
  const control = await startControl("", [join(blocked, "1.sock")], none, log);
  expect(log.take(/no control socket/)).toHaveLength(1);
  control.stop();
});

function noAnswer(): never {
  throw new Error("nobody asks");
}
