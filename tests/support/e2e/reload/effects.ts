import type { Stage } from "../stage.ts";
import { apiEffects } from "./api.ts";
import { clusterEffects } from "./cluster.ts";
import { directorEffects } from "./director.ts";
import { edgeEffects } from "./edge.ts";
import { forwardEffects } from "./forward.ts";
import { healthEffects } from "./health.ts";
import { hlsEffects } from "./hls.ts";
import { hookEffects } from "./hooks.ts";
import { httpEffects } from "./http.ts";
import { httpLiveEffects } from "./http-live.ts";
import { limitEffects } from "./limits.ts";
import { liveEffects } from "./live.ts";
import { rtmpEffects } from "./rtmp.ts";
import { rtmpsEffects } from "./rtmps.ts";
import { securityEffects } from "./security.ts";
import { transcodeEffects } from "./transcode.ts";

/** Starts a server, changes one key, and fails unless what runs is seen to go by the new value. */
export type Effect = (stage: Stage) => Promise<void>;

/** What is to be seen of each key that a reload applies, by its path; every such key has to be here. */
export const effects: Readonly<Record<string, Effect>> = {
  ...rtmpEffects,
  ...liveEffects,
  ...forwardEffects,
  ...securityEffects,
  ...rtmpsEffects,
  ...edgeEffects,
  ...hlsEffects,
  ...hookEffects,
  ...limitEffects,
  ...healthEffects,
  ...httpEffects,
  ...httpLiveEffects,
  ...apiEffects,
  ...clusterEffects,
  ...directorEffects,
  ...transcodeEffects,
};
