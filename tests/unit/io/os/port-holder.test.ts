import { expect, test } from "bun:test";
import { portHolders } from "../../../../src/io/os/port-holder.ts";

test.each(["127.0.0.1", "::1"])(
  "the process that listens on a port of %s is found, and none once the port is free",
  (hostname) => {
    const listener = Bun.listen({ hostname, port: 0, socket: { data() {} } });
    const { port } = listener;
    expect(portHolders(port)).toMatchObject([
      { pid: process.pid, command: expect.arrayContaining([expect.any(String)]) },
    ]);
    listener.stop(true);
    expect(portHolders(port)).toEqual([]);
  },
);
