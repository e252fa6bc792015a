import { expect, test } from "bun:test";
import { Lines, lineOf, type Message } from "../../../../src/features/handover/messages.ts";
import { concat } from "../../../support/bytes.ts";

const messages: Message[] = [
  { hello: { protocol: 1, pid: 7, socket: "/run/ü.sock", published: [] } },
  { lend: { vhost: "v", app: "live", stream: "名前" } },
  { ready: true },
];

test("messages are the same however their lines are cut into pieces", () => {
  const bytes = concat(messages.map(lineOf));
  for (const size of [1, 2, 3, 7, 50, bytes.length]) {
    const got: Message[] = [];
    const lines = new Lines();
    for (let at = 0; at < bytes.length; at += size) lines.push(bytes.slice(at, at + size), (one) => got.push(one));
    expect(got).toEqual(messages);
  }
});

test("a line that no other process writes is refused", () => {
  expect(() => new Lines().push(new TextEncoder().encode("GET / HTTP/1.1\n"), () => {})).toThrow(SyntaxError);
  const endless = new Lines();
  const part = new Uint8Array(16 << 20).fill(32);
  const push = () => endless.push(part, () => {});
  for (let i = 0; i < 4; i++) push();
  expect(push).toThrow(SyntaxError);
});
