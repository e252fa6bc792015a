import { bigConsole } from "./control/big-console.ts";
import { changesBehind, upgradeBehind } from "./control/changes.ts";
import { consolesCost, consolesStay } from "./control/open-consoles.ts";
import { pictureFollows } from "./control/picture.ts";
import { killedUnderCrowd } from "./director/killed-edge.ts";
import { lowLatencyMinute, lowLatencyRestarts, lowLatencyStandby, lowLatencyUpgrade } from "./hls/low-latency.ts";
import { edgesAreEqual } from "./http/edges.ts";
import { encoderRestarts } from "./http/encoder-restarts.ts";
import { killedEdge } from "./http/killed-edge.ts";
import { noDrift } from "./http/no-drift.ts";
import { plainMinute } from "./http/plain-minute.ts";
import { standbyTakesOver } from "./http/standby.ts";
import { upgradeUnderneath } from "./http/upgrade.ts";
import type { Proof } from "./proof.ts";
import { cutOff } from "./registry/cut-off.ts";
import { rtmpHistories, shortHistories } from "./registry/histories.ts";
import { registryLoad } from "./registry/load.ts";
import { composeCluster } from "./release/compose.ts";
import { imageUnderDocker, imageUnderPodman } from "./release/image.ts";
import { otherProcessors } from "./release/other-processors.ts";
import { sameBytes } from "./release/same-bytes.ts";
import { debUnderSystemd, rpmUnderSystemd } from "./release/systemd-package.ts";
import { archives, debWithoutSystemd } from "./release/without-systemd.ts";
import { halfSpeed } from "./transcode/half-speed.ts";
import { staysInStep } from "./transcode/in-step.ts";
import { killedFfmpeg } from "./transcode/killed-ffmpeg.ts";
import { sourcesChange } from "./transcode/sources.ts";
import { startAndStop } from "./transcode/start-stop.ts";

/** The proofs by topic, in the order in which they run. */
export const topics: Readonly<Record<string, readonly Proof[]>> = {
  control: [
    { name: "five consoles stay open", beside: true, run: consolesStay },
    { name: "the picture shows edges that are killed", run: pictureFollows },
    { name: "the server changes behind a console", run: changesBehind },
    { name: "the server is upgraded behind a console", run: upgradeBehind },
    { name: "five consoles cost little", run: consolesCost },
    { name: "1,000 streams and 10,000 clients", run: bigConsole },
  ],
  director: [{ name: "an edge is killed under 200 players", run: killedUnderCrowd }],
  hls: [
    { name: "a page of low latency, undisturbed", run: lowLatencyMinute },
    { name: "a page of low latency, the encoder restarts", run: lowLatencyRestarts },
    { name: "a page of low latency, a standby takes over", run: lowLatencyStandby },
    { name: "a page of low latency, the server is upgraded", run: lowLatencyUpgrade },
  ],
  http: [
    { name: "no drift", beside: true, run: noDrift },
    { name: "a page, undisturbed", run: plainMinute },
    { name: "a page, the encoder restarts", run: encoderRestarts },
    { name: "a page, a standby takes over", run: standbyTakesOver },
    { name: "a page, the server is upgraded", run: upgradeUnderneath },
    { name: "a page of two edges, one is killed", run: killedEdge },
    { name: "two edges give the same HLS", run: edgesAreEqual },
  ],
  release: [
    { name: "the .deb under systemd", run: debUnderSystemd },
    { name: "the .rpm under systemd", run: rpmUnderSystemd },
    { name: "the .deb without systemd", run: debWithoutSystemd },
    { name: "archives", run: archives },
    { name: "the image under Docker", run: imageUnderDocker },
    { name: "the image under Podman", run: imageUnderPodman },
    { name: "compose.yaml under Docker", run: composeCluster },
    { name: "other processors under qemu, and musl", run: otherProcessors },
    { name: "the same bytes twice", run: sameBytes },
  ],
  registry: [
    { name: "nodes, links and Redis fail in all orders", run: shortHistories },
    { name: "a minute of such failures over RTMP", run: rtmpHistories },
    { name: "1,000 streams on 50 nodes", run: registryLoad },
    { name: "a node is cut off while another one gets its stream", run: cutOff },
  ],
  transcode: [
    { name: "sound and picture stay in step", beside: true, run: staysInStep },
    { name: "FFmpeg is killed ten times", run: killedFfmpeg },
    { name: "sources and the server end", run: sourcesChange },
    { name: "an engine at half speed", run: halfSpeed },
    { name: "20 engines start and stop", run: startAndStop },
  ],
};
