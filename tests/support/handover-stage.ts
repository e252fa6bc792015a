import { parseOrigin } from "../../src/features/edge/address.ts";
import type { OnConflict } from "../../src/live/source/source.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeNode } from "./fake-node.ts";
import { FakeNet } from "./fake-transport.ts";
import { LiveStage, Viewer } from "./live.ts";
import { mulberry32 } from "./random.ts";
import { publishDefaults } from "./rtmp-stage.ts";

const demand = { param: "", hops: [], tcUrl: "", pageUrl: "", swfUrl: "" };

/** The two processes of a server that forwards to `targets` and fetches from `origins`, not linked yet. */
export function processes({
  targets = [] as string[],
  origins = [] as string[],
  onConflict = "reject" as OnConflict,
} = {}) {
  const clock = new FakeClock();
  const net = new FakeNet(clock, mulberry32(1));
  const node = (name: string) =>
    new FakeNode(
      clock,
      net,
      `${name}:1935`,
      targets,
      { ...publishDefaults, on_conflict: onConflict },
      {
        origin: origins.map(parseOrigin),
        linger: 1,
      },
    );
  const [older, younger] = [node("older"), node("younger")];
  const ready: number[] = [];
  const link = async () => {
    older.handover.expect("/older", (pid) => ready.push(pid));
    const joined = younger.handover.join("/older", "/younger");
    clock.advance(1);
    await joined;
    younger.handover.ready();
    clock.advance(1);
  };
  const watch = (at: FakeNode) => new Viewer(new LiveStage(), at.stream(), { demand });
  const other = (name: string) => new FakeNode(clock, net, `${name}:1935`);
  return { clock, net, older, younger, ready, link, watch, other };
}
