import type { Effect } from "./effects.ts";
import { ReloadServer, sendGop } from "./server.ts";

const health = (toml: string) => `[vhost.__defaultVhost__.health]\n${toml}`;

/** Four seconds of a stream are well before the reload, and not after it. */
function reports(toml: string, state: string): Effect {
  return async (stage) => {
    const server = await ReloadServer.start(stage, health("max_silence = 0"));
    sendGop(await server.publish(), 0, 100);
    await server.reload(health(`max_silence = 0\n${toml}`));
    await server.program.line(new RegExp(`stream is unhealthy .*state=${state} `));
  };
}

/** The effects of the thresholds of health. */
export const healthEffects: Readonly<Record<string, Effect>> = {
  "vhost.NAME.health.max_gop": reports("max_gop = 1", "gop"),
  "vhost.NAME.health.max_bitrate": reports("max_bitrate = 1", "bitrate"),
  async "vhost.NAME.health.max_silence"(stage) {
    const server = await ReloadServer.start(stage, health("max_silence = 86400000"));
    sendGop(await server.publish(), 0, 10);
    await server.reload(health("max_silence = 100"));
    await server.program.line(/stream is unhealthy .*state=stall /);
  },
};
