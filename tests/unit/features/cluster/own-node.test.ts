import { expect, test } from "bun:test";
import { OwnNode, type OwnNodeContext } from "../../../../src/features/cluster/own-node.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

type Config = ReturnType<OwnNodeContext["config"]>;

test("A node that is asked often reads its vhosts rarely, and its connections, draining and configuration are current", () => {
  const clock = new FakeClock();
  const now = {
    connections: 1,
    draining: false,
    config: { advertise: [], weight: 100, bandwidth: 0 } as unknown as Config,
  };
  let reads = 0;
  const node = new OwnNode({
    ...{ clock, nodeId: "00", version: "1.2.3", epoch: "e" },
    config: () => now.config,
    draining: () => now.draining,
    fetches() {
      reads++;
      return [];
    },
    flow: () => ({ encoders: 0, viewers: 0, kbpsIn: 0, ageMs: undefined, unhealthy: 0, links: [] }),
    connections: () => now.connections,
    maxConnections: () => 10,
    bytesSent: () => 0,
    cpuSeconds: () => 0,
  });
  for (let time = 0; time < 100; time++) expect(node.state.load.connections).toBe(1);
  expect(reads).toBe(1);
  now.connections = 2;
  expect(node.state.load.connections).toBe(2);
  now.draining = true;
  expect(node.state.draining).toBe(true);
  now.config = { ...now.config, zone: "b" };
  expect(node.state.zone).toBe("b");
  clock.advance(1000);
  const before = reads;
  expect(node.state.zone).toBe("b");
  expect(reads).toBe(before + 1);
});
