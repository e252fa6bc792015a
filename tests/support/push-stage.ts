import type { ConnectionTarget } from "../../src/relay/client-connection.ts";
import { HandshakeChoice } from "../../src/relay/handshake-choice.ts";
import { Push } from "../../src/relay/push.ts";
import { RtmpFormats } from "../../src/rtmp/format.ts";
import { defaultLimits } from "../../src/rtmp/limits.ts";
import { FakeNode } from "./fake-node.ts";
import { FakeNet } from "./fake-transport.ts";
import { LiveStage, Viewer } from "./live.ts";
import { filler, mulberry32 } from "./random.ts";

const target: ConnectionTarget = {
  role: "publish",
  host: "edge",
  port: 1935,
  tls: false,
  tcUrl: "rtmp://edge/live",
  app: "live",
  playPath: "show?key=1",
  hops: ["origin"],
};

/** An origin's stream, a network, and what a push told. */
export function pushStage(config = {}) {
  const live = new LiveStage(config);
  const net = new FakeNet(live.clock, mulberry32(1));
  const told: string[] = [];
  const push = (more: Partial<ConnectionTarget> = {}, handshake = new HandshakeChoice()) =>
    new Push(
      {
        clock: live.clock,
        dial: net.dial,
        random: filler(mulberry32(2)),
        formats: new RtmpFormats(),
        limits: defaultLimits,
        identity: { srs_version: "test" },
        chunkSize: 4096,
      },
      { ...target, ...more },
      live.stream(),
      handshake,
      {
        running: (server) => told.push(`running ${server}`),
        failed: (error, how) => told.push(`failed ${error}${how === "refused" ? " for good" : ""}`),
      },
    );
  return { ...live, live, clock: live.clock, net, told, push };
}

/** As `pushStage`, with a server of our own as the target, and somebody who watches there. */
export function pushing(config = {}) {
  const at = pushStage(config);
  const edge = new FakeNode(at.clock, at.net, "edge:1935");
  const feed = at.live.publish().metadata().headers().gop("k", 2);
  const viewer = new Viewer(at.live, edge.stream(), {});
  const push = at.push();
  at.clock.advance(10);
  return { ...at, edge, feed, viewer, running: push };
}
