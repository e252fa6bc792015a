import { afterEach, expect, test } from "bun:test";
import { closeSync, openSync } from "node:fs";
import { UpgradeSockets } from "../../../../src/io/os/upgrade-sockets.ts";

const opened: number[] = [];
afterEach(() => {
  for (const fd of opened.splice(0)) {
    try {
      closeSync(fd);
    } catch {
      // The test has.
    }
  }
});

function descriptor(): number {
  const fd = openSync("/dev/null", "r");
  opened.push(fd);
  return fd;
}

const isOpen = (fd: number): boolean => {
  try {
    closeSync(fd);
    return true;
  } catch {
    return false;
  }
};

test("an address gets the socket that was opened for it, otherwise one that is bound to it, each once", () => {
  const any = { host: "127.0.0.1", port: 0 };
  const bound = (port: number) => ({ host: "127.0.0.1", port });
  const [a, b] = [descriptor(), descriptor()];
  const handed = new UpgradeSockets([
    { wanted: any, address: bound(4001), fd: a },
    { wanted: any, address: bound(4002), fd: b },
  ]);
  expect(handed.take(bound(4002))).toMatchObject({ fd: b });
  expect(handed.take(any)).toMatchObject({ fd: a, address: bound(4001) });
  expect(handed.take(any)).toBeUndefined();
});

test("sockets that no address gets are closed", () => {
  const address = { host: "::", port: 1935 };
  const [a, b] = [descriptor(), descriptor()];
  const handed = new UpgradeSockets([
    { wanted: address, address, fd: a },
    { wanted: { ...address, port: 1936 }, address: { ...address, port: 1936 }, fd: b },
  ]);
  handed.take(address);
  handed.closeRest();
  expect([isOpen(a), isOpen(b)]).toEqual([true, false]);
});
