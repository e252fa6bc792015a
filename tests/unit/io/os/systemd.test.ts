import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Systemd } from "../../../../src/io/os/systemd.ts";
import { NotifyReceiver } from "../../../support/notify-receiver.ts";

/** A directory of its own for the socket's file. */
function directory(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "srs-notify-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

test("messages reach a socket that is a file", () => {
  using place = directory();
  const path = join(place.path, "notify");
  using receiver = new NotifyReceiver(path);
  const systemd = new Systemd({ NOTIFY_SOCKET: path }, 1);
  systemd.notify("READY=1", "STATUS=频道");
  systemd.notify("STOPPING=1");
  expect(receiver.messages).toEqual(["READY=1\nSTATUS=频道", "STOPPING=1"]);
});

test("messages reach a socket that has only a name", () => {
  const name = `@srs-test-${process.pid}`;
  using receiver = new NotifyReceiver(name);
  new Systemd({ NOTIFY_SOCKET: name }, 1).notify("WATCHDOG=1");
  expect(receiver.messages).toEqual(["WATCHDOG=1"]);
});

test("messages without a receiver have no effect, and are not waited for", () => {
  for (const NOTIFY_SOCKET of [undefined, "", "@", "relative", "/nowhere/notify", `/${"x".repeat(200)}`, "vsock:2:1"]) {
    const environment: Record<string, string | undefined> = { WATCHDOG_USEC: "1000000" };
    if (NOTIFY_SOCKET !== undefined) environment.NOTIFY_SOCKET = NOTIFY_SOCKET;
    const systemd = new Systemd(environment, 1);
    systemd.notify("READY=1");
    if (NOTIFY_SOCKET !== "/nowhere/notify") expect([systemd.listens, systemd.watchdogMs]).toEqual([false, undefined]);
  }
});

test("a receiver that does not read delays nothing", () => {
  const name = `@srs-full-${process.pid}`;
  using receiver = new NotifyReceiver(name);
  const systemd = new Systemd({ NOTIFY_SOCKET: name }, 1);
  for (let i = 0; i < 5000; i++) systemd.notify("WATCHDOG=1");
  expect(receiver.messages.length).toBeGreaterThan(0);
  expect(receiver.messages.length).toBeLessThan(5000);
});

test.each([
  [{ WATCHDOG_USEC: "10000000" }, 10_000],
  [{ WATCHDOG_USEC: "10000000", WATCHDOG_PID: "7" }, 10_000],
  [{ WATCHDOG_USEC: "10000000", WATCHDOG_PID: "8" }, undefined],
  [{ WATCHDOG_USEC: "0" }, undefined],
  [{ WATCHDOG_USEC: "x" }, undefined],
  [{}, undefined],
])("with %p, process 7 is watched every %p ms", (given, expected) => {
  expect(new Systemd({ NOTIFY_SOCKET: "@srs-none", ...given }, 7).watchdogMs).toBe(expected);
});

test("variables for this process alone do not stay in the environment for its children", () => {
  const environment = { NOTIFY_SOCKET: "@srs-none", WATCHDOG_USEC: "1", WATCHDOG_PID: "1", PATH: "/bin" };
  new Systemd(environment, 1);
  expect(environment).toEqual({ PATH: "/bin" } as typeof environment);
});

test("the monotonic time in messages is the kernel's", () => {
  const systemd = new Systemd({ NOTIFY_SOCKET: "@srs-none" }, 1);
  const at = () => Number(/^MONOTONIC_USEC=(\d+)$/.exec(systemd.monotonic())?.[1]);
  const first = at();
  expect(first).toBeGreaterThan(0);
  expect(at()).toBeGreaterThanOrEqual(first);
});
