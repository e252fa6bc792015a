import { expect, test } from "bun:test";
import { dirname } from "node:path";
import { meetingPoint, replacedExecutable, takeOldProcess } from "../../../src/app/upgrade.ts";

test("what the old process leaves is taken out of the environment, so that no other child has it", () => {
  const legacy = { socket: "/run/srs/x.sock", failures: "/run/srs/y.sock", nodeId: "abc", sockets: [] };
  const environment: Record<string, string | undefined> = { HANDED_OVER_BY_SRS: JSON.stringify(legacy), HOME: "/" };
  expect(takeOldProcess(environment)).toEqual(legacy);
  expect(environment).toEqual({ HOME: "/" });
  expect(takeOldProcess(environment)).toBeUndefined();
});

test("processes meet beside the pid file, at a place of their own each time", () => {
  const [first, second] = [meetingPoint("/run/srs/a.pid"), meetingPoint("/run/srs/a.pid")];
  expect([dirname(first), dirname(second)]).toEqual(["/run/srs", "/run/srs"]);
  expect(first).not.toBe(second);
  expect(dirname(meetingPoint(""))).toStartWith("/");
});

test("a program whose file is the one that was started has not been replaced", () => {
  expect(replacedExecutable()).toBeUndefined();
});
