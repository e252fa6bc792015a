import { expect, test } from "bun:test";
import { ProtocolError } from "../../../src/base/errors.ts";
import { defaultLimits } from "../../../src/rtmp/limits.ts";
import { Peer } from "../../../src/rtmp/peer.ts";
import { command, filled, message, u32 } from "../../support/hostile/wire.ts";

function peer() {
  const state = { nowMs: 0, commands: 0, sent: 0 };
  const made = new Peer(
    { command: () => state.commands++, media: () => undefined },
    () => state.sent++,
    defaultLimits,
    () => state.nowMs,
  );
  made.receive(message({ type: 1, chunkStreamId: 2, payload: u32(0x7fffffff) }));
  return { made, state };
}

test("at most 600 requests in a minute are accepted, however evenly they come", () => {
  const { made, state } = peer();
  for (let minute = 0; minute < 3; minute++) {
    for (let i = 0; i < 600; i++) {
      state.nowMs = minute * 60_000 + i * 99;
      made.receive(command(0, "a", 1));
    }
  }
  expect(state.commands).toBe(1800);
  state.nowMs += 99;
  expect(() => made.receive(command(0, "a", 1))).toThrow(new ProtocolError("more than 600 commands in a minute"));
});

test("Set Peer Bandwidth counts as a request", () => {
  const { made, state } = peer();
  const body = message({ type: 6, chunkStreamId: 2, payload: Uint8Array.of(0, 0, 0, 9, 2) });
  for (let i = 0; i < 100; i++) made.receive(body);
  expect(state.sent).toBe(100);
  expect(() => made.receive(body)).toThrow(new ProtocolError("more than 100 commands in a second"));
});

test("a command of more than 64 KiB is not even decoded", () => {
  const { made } = peer();
  const body = message({ type: 20, payload: filled(65_537) });
  expect(() => made.receive(body)).toThrow(new ProtocolError("a command of 65537 bytes, 65536 allowed"));
});
