import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CpuGroup } from "../../../../src/io/os/cpu-group.ts";

/** A directory that stands in for a mounted cgroup v2, with this process in the group `path`. */
function mounted(path: string, controllers = "cpuset cpu memory\n") {
  const root = mkdtempSync(join(tmpdir(), "srs-cgroup-"));
  const self = join(root, "self");
  writeFileSync(self, `9:name=systemd:/old\n0::${path}\n`);
  mkdirSync(join(root, path), { recursive: true });
  writeFileSync(join(root, path, "cgroup.controllers"), controllers);
  return { root, group: new CpuGroup(root, self), read: (file: string) => readFileSync(join(root, file), "utf8") };
}

test("child programs get a control group beside the server's, with the limit in it", () => {
  const { group, read } = mounted("/system.slice/srs.service");
  expect(group.limit(150)).toBeUndefined();
  group.add(4711);
  const base = "/system.slice/srs.service";
  expect(read(`${base}/srs.server/cgroup.procs`)).toBe(String(process.pid));
  expect(read(`${base}/cgroup.subtree_control`)).toBe("+cpu");
  expect(read(`${base}/srs.programs/cpu.max`)).toBe("150000 100000");
  expect(read(`${base}/srs.programs/cgroup.procs`)).toBe("4711");
  expect(group.limit(0)).toBeUndefined();
  expect(read(`${base}/srs.programs/cpu.max`)).toBe("max 100000");
});

test("the new process of an upgrade finds the existing control groups", () => {
  const { group, read } = mounted("/srs.service/srs.server");
  expect(group.limit(50)).toBeUndefined();
  expect(read("/srs.service/srs.programs/cpu.max")).toBe("50000 100000");
});

test("control groups are left alone without a limit", () => {
  const { group, read } = mounted("/a");
  expect(group.limit(0)).toBeUndefined();
  group.add(1);
  expect(() => read("/a/cgroup.subtree_control")).toThrow();
});

test.each([
  ["without cgroup v2", () => new CpuGroup("/no/such", "/no/such"), "this system has no cgroup v2 here; limit"],
  [
    "without the cpu controller",
    () => mounted("/a", "memory\n").group,
    "no cpu controller; under systemd, write Delegate",
  ],
  [
    "with a group that can't be changed",
    () => {
      const { root, group } = mounted("/a");
      rmSync(join(root, "a/srs.server"), { recursive: true, force: true });
      writeFileSync(join(root, "a/srs.server"), "");
      return group;
    },
    "can't be changed (EEXIST); under systemd, write Delegate=cpu and ProtectControlGroups=no",
  ],
])("%s the limit is refused with what to do", (_, make, reason) => {
  const group = make();
  expect(group.limit(100)).toContain(reason);
  group.add(1);
});
