import { describe, expect, test } from "bun:test";
import type { Transport, TransportHandler } from "../../../../src/base/transport.ts";
import type { AccessRequest } from "../../../../src/live/ports/access.ts";
import { EdgeStage } from "../../../support/edges.ts";
import { redirectingSession } from "../../../support/redirecting-session.ts";

/** A server that sends all who play or publish to this URL. */
function redirector(url: string): { accept(): TransportHandler } {
  const accept = () => {
    let transport: Transport | undefined;
    const session = redirectingSession({ redirect: url, redirect2: url }, (bytes) => void transport?.send(bytes));
    return {
      onOpen: (opened: Transport) => {
        transport = opened;
      },
      onData: (bytes: Uint8Array) => session.receive(bytes),
      onDrain() {},
      onClose() {},
    };
  };
  return { accept };
}

/** An edge whose origin, at this IP address, sends it to another URL; what is watched, or published, there. */
function stage(origin: string, at: string, url: string, ip: string) {
  const stage = new EdgeStage();
  stage.net.hosts.set(at, redirector(url));
  stage.net.addresses.set("far", ip);
  const b = stage.node("b");
  b.publish().headers();
  return { stage, net: stage.net, clock: stage.clock, edge: stage.node("e", { origin: [origin] }), b };
}

describe.each([
  ["fetches a stream", "pull"],
  ["has a stream for an origin", "push"],
] as const)("An edge that %s", (_what, what) => {
  const begin = (origin: string, at: string, url: string, ip: string) => {
    const all = stage(origin, at, url, ip);
    if (what === "pull") all.stage.watch(all.edge);
    else all.edge.publish("show").headers();
    all.clock.advance(200);
    return all;
  };

  test("follows a redirect of a server in its own network", () => {
    const { edge, net } = begin("far", "far:1935", "rtmp://b:1935/live/show", "192.168.1.5");
    const way = what === "pull" ? "from=far:1935 stream=/live/show to=" : "to=far:1935 stream=/live/show url=";
    expect(edge.log.take(/redirected/)).toEqual([
      expect.stringContaining(` ${what} redirected ${way}rtmp://b:1935/live`),
    ]);
    expect(net.dials.slice(0, 2)).toEqual(["far:1935", "b:1935"]);
  });

  test("logs ten streams that one server redirects, and the number of the others", () => {
    const { edge, clock, ...rest } = begin("far", "far:1935", "rtmp://b:1935/live/show", "192.168.1.5");
    for (let at = 1; at < 25; at++)
      if (what === "pull") rest.stage.watch(edge, `s${at}`);
      else edge.publish(`s${at}`).headers();
    clock.advance(15_000);
    const lines = edge.log.take(/^info .*redirected/);
    expect(lines).toHaveLength(11);
    const way = what === "pull" ? "from" : "to";
    expect(lines.at(-1)).toBe(`info ${what} redirected for more streams ${way}=far:1935 streams=15`);
  });

  test("asks there on the same behalf as before: its own when it fetches, a client's when it pushes", () => {
    const all = stage("far", "far:1935", "rtmp://b:1935/live/show", "192.168.1.5");
    const asked: AccessRequest[] = [];
    const { guards } = all.b;
    guards.push({ name: "witness", check: (request) => void asked.push(request) });
    if (what === "pull") all.stage.watch(all.edge);
    else all.edge.publish("show").headers();
    all.clock.advance(200);
    expect(asked.map(({ action, forClient }) => [action, forClient])).toEqual([
      what === "pull" ? ["play", false] : ["publish", true],
    ]);
  });

  test("does not follow from rtmps:// to rtmp://, which would reveal the key on the way", () => {
    const { edge, net } = begin("rtmps://far", "far:443", "rtmp://b:1935/live/show", "192.168.1.5");
    const [line] = edge.log.take(/not redirected/);
    expect(line).toContain("error=redirected from rtmps to rtmp, which others can read");
    expect(net.dials).not.toContain("b:1935");
  });

  test("does not follow a server of the public internet into a private network", () => {
    const { edge, net } = begin("far", "far:1935", "rtmp://b:1935/live/show", "203.0.113.7");
    expect(net.dials.slice(0, 2)).toEqual(["far:1935", "b:1935"]);
    expect(net.connections.map(({ dialled }) => dialled.remote.host)).not.toContain("b");
    expect(edge.log.take(/warn/).join()).toContain("b is not on the public internet");
  });
});
