import { edgesAreEqual } from "./http/edges.ts";
import { encoderRestarts } from "./http/encoder-restarts.ts";
import { killedEdge } from "./http/killed-edge.ts";
import { noDrift } from "./http/no-drift.ts";
import { plainMinute } from "./http/plain-minute.ts";
import { standbyTakesOver } from "./http/standby.ts";
import { upgradeUnderneath } from "./http/upgrade.ts";
import type { Proof } from "./proof.ts";

/** The proofs by topic, in the order in which they run. */
export const topics: Readonly<Record<string, readonly Proof[]>> = {
  http: [
    { name: "no drift", beside: true, run: noDrift },
    { name: "a page, undisturbed", run: plainMinute },
    { name: "a page, the encoder restarts", run: encoderRestarts },
    { name: "a page, a standby takes over", run: standbyTakesOver },
    { name: "a page, the server is upgraded", run: upgradeUnderneath },
    { name: "a page of two edges, one is killed", run: killedEdge },
    { name: "two edges give the same HLS", run: edgesAreEqual },
  ],
};
