import { expect, test } from "bun:test";
import { SystemdSockets } from "../../../../src/io/os/systemd-sockets.ts";

test("systemd's variables are removed for children, whichever process they are for", () => {
  for (const LISTEN_PID of ["1", "2"]) {
    const environment = { LISTEN_FDS: "0", LISTEN_PID, LISTEN_FDNAMES: "a:b", PATH: "/bin" };
    expect(new SystemdSockets(environment, 1).all).toEqual([]);
    expect(environment).toEqual({ PATH: "/bin" } as typeof environment);
  }
});

test("without systemd's sockets, no address has one", () => {
  const inherited = new SystemdSockets({}, 1);
  expect(inherited.take({ host: "::", port: 1935 })).toBeUndefined();
  expect(inherited.besides([])).toEqual([]);
});
