import { expect, test } from "bun:test";
import { Service } from "../../../src/app/service.ts";
import { silentLog } from "../../../src/base/log.ts";
import { Systemd } from "../../../src/io/os/systemd.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { NotifyReceiver } from "../../support/notify-receiver.ts";

test("systemd is notified of readiness, reload, status and stop in its own format", () => {
  using receiver = new NotifyReceiver(`@srs-service-${process.pid}`);
  const service = new Service(
    new Systemd({ NOTIFY_SOCKET: `@srs-service-${process.pid}` }, 1),
    new FakeClock(),
    silentLog,
  );
  service.ready("no connections");
  for (const ok of [true, false]) expect(service.reload(() => ({ ok }))).toEqual({ ok });
  service.ready("two\nlines");
  service.status("x".repeat(1000));
  service.stopping();
  service.succeededBy(17);
  service.status("of one who no longer speaks for the unit");
  const [ready, reloading, reloaded, , refused, again, status, ...last] = receiver.messages;
  expect(ready).toBe("READY=1\nSTATUS=no connections");
  expect(reloading).toMatch(/^RELOADING=1\nMONOTONIC_USEC=\d+\nSTATUS=reloading$/);
  expect(reloaded).toBe("READY=1\nSTATUS=reloaded");
  expect(refused).toBe("READY=1\nSTATUS=reload refused, all goes on as before");
  expect(again).toBe("READY=1\nSTATUS=two lines");
  expect(status?.length).toBe("STATUS=".length + 500);
  expect(last).toEqual(["STOPPING=1\nSTATUS=stopping", "READY=1\nMAINPID=17\nSTATUS=upgraded"]);
});

test("systemd gets a status once, and again after it got another one", () => {
  const name = `@srs-status-${process.pid}`;
  using receiver = new NotifyReceiver(name);
  const service = new Service(new Systemd({ NOTIFY_SOCKET: name }, 1), new FakeClock(), silentLog);
  service.ready("no connections");
  for (let i = 0; i < 3; i++) service.status("no connections");
  service.reload(() => ({ ok: true }));
  for (let i = 0; i < 3; i++) service.status("no connections");
  const statuses = receiver.messages.map((message) => /STATUS=(.*)/.exec(message)?.[1]);
  expect(statuses).toEqual(["no connections", "reloading", "reloaded", "no connections"]);
});

test("the watchdog is notified twice in its period, and not at all if systemd has none", () => {
  const clock = new FakeClock();
  const name = `@srs-watchdog-${process.pid}`;
  using receiver = new NotifyReceiver(name);
  new Service(new Systemd({ NOTIFY_SOCKET: name, WATCHDOG_USEC: "10000000" }, 1), clock, silentLog);
  new Service(new Systemd({ NOTIFY_SOCKET: name }, 1), clock, silentLog);
  clock.advance(20_000);
  expect(receiver.messages).toEqual(Array.from({ length: 4 }, () => "WATCHDOG=1"));
});
