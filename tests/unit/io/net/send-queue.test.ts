import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { HeldBuffers } from "../../../../src/io/net/held-buffers.ts";
import { SendQueue } from "../../../../src/io/net/send-queue.ts";
import { concat } from "../../../support/bytes.ts";

/** A socket that takes so many bytes in each write, in the order given, and nothing after that. */
function socket(...room: number[]) {
  const taken: Uint8Array[] = [];
  const write = (bytes: Uint8Array) => {
    const most = room.shift() ?? 0;
    taken.push(bytes.slice(0, Math.max(0, most)));
    return Math.min(most, bytes.length);
  };
  return {
    write,
    get bytes() {
      return concat(taken);
    },
  };
}

const MIB = 1024 * 1024;

describe("a send queue", () => {
  test("passes everything to the socket in order, whatever the socket takes at a time", () => {
    const buffers = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(buffers, fc.array(fc.integer({ min: -1, max: 50 })), (sent, room) => {
        const held = new HeldBuffers();
        const queue = new SendQueue(held);
        const all = concat(sent);
        for (const bytes of sent) queue.add(bytes, 0);
        const out = socket(...room, ...sent.map(() => 40));
        let drained = 0;
        for (let turn = 0; turn < 200 && !queue.empty; turn++) {
          drained += queue.drain(out);
          expect(queue.bytes).toBe(all.length - drained);
        }
        if (queue.empty) expect([out.bytes, held.bytes]).toEqual([all, 0]);
        else expect(out.bytes).toEqual(all.subarray(0, drained));
      }),
    );
  });

  test("continues in the middle of a buffer that was sent in part", () => {
    const queue = new SendQueue(new HeldBuffers());
    queue.add(Uint8Array.of(1, 2, 3, 4), 3);
    queue.add(Uint8Array.of(5), 0);
    expect(queue.bytes).toBe(2);
    const out = socket(10, 10);
    expect([queue.drain(out), out.bytes]).toEqual([2, Uint8Array.of(4, 5)]);
  });

  test("counts its bytes in the account until they are sent or forgotten", () => {
    const held = new HeldBuffers();
    const queue = new SendQueue(held);
    queue.add(new Uint8Array(10), 4);
    queue.add(new Uint8Array(7), 0);
    expect(held.bytes).toBe(17);
    queue.drain(socket(6));
    expect([held.bytes, queue.buffers.length]).toEqual([7, 1]);
    queue.clear();
    expect([held.bytes, queue.bytes, queue.empty]).toEqual([0, 0, true]);
  });

  test("reports once that too much waits, and accepts nothing after that", () => {
    const many = new SendQueue(new HeldBuffers());
    const answers = Array.from({ length: 600 }, () => many.add(Uint8Array.of(1), 0)).filter(Boolean);
    expect(answers).toEqual(["513 messages (513 bytes) wait for it and it does not read"]);
    expect(many.bytes).toBe(513);
  });

  test("may hold 32 MiB besides the buffer that is under way", () => {
    const queue = new SendQueue(new HeldBuffers());
    expect(queue.add(new Uint8Array(40 * MIB), 1)).toBeUndefined();
    for (let i = 0; i < 2; i++) expect(queue.add(new Uint8Array(16 * MIB), 0)).toBeUndefined();
    expect(queue.add(Uint8Array.of(1), 0)).toBe("4 messages (75497472 bytes) wait for it and it does not read");
  });
});
