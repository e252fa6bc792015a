import { expect, test } from "bun:test";
import { dirname } from "node:path";
import { meetingPoint, replacedExecutable, takeOldProcess } from "../../../src/app/upgrade.ts";

test("the variables that the old process passes are removed from the environment, so that no other child has them", () => {
  const legacy = { socket: "/run/srs/x.sock", failures: "/run/srs/y.sock", nodeId: "abc", sockets: [] };
  const environment: Record<string, string | undefined> = { HANDED_OVER_BY_SRS: JSON.stringify(legacy), HOME: "/" };
  expect(takeOldProcess(environment)).toEqual(legacy);
  expect(environment).toEqual({ HOME: "/" });
  expect(takeOldProcess(environment)).toBeUndefined();
});

test("the processes of an upgrade use a socket beside the pid file, with a new name each time", () => {
  const [first, second] = [meetingPoint("/run/srs/a.pid"), meetingPoint("/run/srs/a.pid")];
  expect([dirname(first), dirname(second)]).toEqual(["/run/srs", "/run/srs"]);
  expect(first).not.toBe(second);
  expect(dirname(meetingPoint(""))).toStartWith("/");
});

test("a program file that is the started one does not count as replaced", () => {
  expect(replacedExecutable()).toBeUndefined();
});
