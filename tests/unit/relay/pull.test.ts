import { expect, test } from "bun:test";
import { encodeAmf0 } from "../../../src/amf/amf0-encode.ts";
import { PacketKind } from "../../../src/media/packet.ts";
import { DialLimiter } from "../../../src/relay/dial-limiter.ts";
import { Pull } from "../../../src/relay/pull.ts";
import type { PullClientEvents } from "../../../src/relay/pull-client.ts";
import { LiveStage, payloads } from "../../support/live.ts";

/** A running pull, and why it has ended. */
function running() {
  const live = new LiveStage();
  let client: PullClientEvents | undefined;
  const ends: string[] = [];
  new Pull(
    {
      clock: live.clock,
      dialLimiter: new DialLimiter(() => 1),
      nodeId: "here",
      open: (events) => {
        client = events;
        return { bytes: 0, close() {} };
      },
      timeoutMs: 5000,
      waitMs: 30_000,
    },
    {
      begun: () => live.stream().publish({ id: "p1", remote: "a", param: "", hops: [], via: "pull" }),
      silent: () => ends.push("silent"),
      over: ({ how, error }) => ends.push(`${how}: ${error}`),
    },
  );
  client?.started({ name: "a", hops: [] });
  const push = (payload: Uint8Array) => client?.push(PacketKind.Video, 0, payload, false);
  const say = (payload: Uint8Array) => client?.push(PacketKind.Data, 0, payload, false);
  return { clock: live.clock, ends, push, say, viewer: live.view() };
}

test("A stream whose sequence header is here may send its first frame as late as its first media", () => {
  const { clock, ends, push } = running();
  push(payloads.videoHeader("h"));
  clock.advance(29_000);
  expect(ends).toEqual([]);
  push(payloads.key("k"));
  clock.advance(4500);
  expect(ends).toEqual([]);
  clock.advance(1000);
  expect(ends).toEqual(["lost: no media for 5 s"]);
});

test("A stream that sends a sequence header and never a frame is given up after that time", () => {
  const { clock, ends, push } = running();
  push(payloads.videoHeader("h"));
  clock.advance(31_000);
  expect(ends).toEqual(["lost: no media for 30 s"]);
});

test("All data messages that a server keeps of an encoder reach viewers before the first frame", () => {
  const { push, say, viewer, clock } = running();
  say(encodeAmf0(["|RtmpSampleAccess", true, true]));
  const names = Array.from({ length: 16 }, (_, at) => `onData${at}`);
  for (const name of names) say(encodeAmf0([name, 1]));
  push(payloads.key("k"));
  clock.settle();
  expect(viewer.log.filter((entry) => names.some((name) => entry.includes(name)))).toHaveLength(16);
});
