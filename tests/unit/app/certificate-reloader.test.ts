import { expect, test } from "bun:test";
import { CertificateReloader, type Reloadable } from "../../../src/app/certificate-reloader.ts";
import { UserError } from "../../../src/base/errors.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { RecordingLog } from "../../support/recording-log.ts";

test("a changed certificate is used within a minute; a wrong one is logged once, and the old one stays", () => {
  const clock = new FakeClock();
  const log = new RecordingLog();
  const part = {
    outdated: false,
    problem: "",
    renew() {
      part.outdated = false;
      if (part.problem !== "") throw new UserError(part.problem);
    },
    warnings: () => ["the certificate expires tomorrow"],
  } satisfies Reloadable & { problem: string };
  const renewal = new CertificateReloader(clock, log, new Map([["certificates", part]]));
  clock.advance(120_000);
  expect(log.take()).toEqual([]);
  Object.assign(part, { outdated: true, problem: "a.key is not the key\nb.crt: no such file" });
  clock.advance(60_000);
  expect(log.take()).toEqual([
    "error certificates not renewed; the old ones stay in use error=a.key is not the key",
    "error certificates not renewed; the old ones stay in use error=b.crt: no such file",
  ]);
  clock.advance(60_000);
  expect(log.take()).toEqual([]);
  Object.assign(part, { outdated: true, problem: "" });
  renewal.check();
  expect(log.take()).toEqual(["info certificates renewed", "warn the certificate expires tomorrow"]);
  renewal.stop();
  expect(clock.timers).toBe(0);
});
