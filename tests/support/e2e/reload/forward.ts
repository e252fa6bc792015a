import { expect } from "bun:test";
import { until } from "../wait.ts";
import type { Effect } from "./effects.ts";
import { picture, ReloadServer, sendGop } from "./server.ts";

/** The effects of the keys that forwarding goes by. */
export const forwardEffects: Readonly<Record<string, Effect>> = {
  async "vhost.NAME.forward"(stage) {
    const edges = [
      await ReloadServer.start(stage, "", "edge-1"),
      await ReloadServer.start(stage, "", "edge-2"),
    ] as const;
    const to = (...targets: readonly ReloadServer[]) =>
      `[vhost.__defaultVhost__]\nforward = ${JSON.stringify(targets.map(({ port }) => `127.0.0.1:${port}`))}`;
    const started = () => edges.map(({ program }) => program.count(/publish started/));
    const origin = await ReloadServer.start(stage, to(edges[0]), "origin");
    const publisher = await origin.publish();
    sendGop(publisher, 1, 3);
    await until("one target has it", () => started()[0] === 1);
    await origin.reload(to(...edges));
    await until("the new target has it, too", () => started()[1] === 1);
    // From the newest key frame on, which was sent before.
    await picture(await edges[1].play(), 1);
    await origin.reload(to(edges[1]));
    await edges[0].program.line(/publish ended addr/);
    sendGop(publisher, 4, 1);
    await picture(await edges[1].play(), 4);
    expect(started()).toEqual([1, 1]);
    expect(edges[1].program.count(/publish ended/)).toBe(0);
  },
};
