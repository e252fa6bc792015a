import { beforeEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Tcp } from "../../../../src/io/net/tcp.ts";
import { type ByteSocket, TcpTransport } from "../../../../src/io/net/tcp-transport.ts";
import { concat } from "../../../support/bytes.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { End } from "../../../support/tcp-ends.ts";

/** An owner that answers input in ways of its own. */
class Owner extends End {
  answer = () => {};

  override onData(bytes: Uint8Array): void {
    super.onData(bytes);
    this.answer();
  }
}

let writes: Uint8Array[];
let calls: string[];
/** What the kernel takes of the next writes. */
let room: number;
let owner: Owner;
let transport: TcpTransport;

beforeEach(() => {
  writes = [];
  calls = [];
  room = Number.POSITIVE_INFINITY;
  const socket: ByteSocket = {
    write(bytes: Uint8Array) {
      const count = Math.min(room, bytes.length);
      room -= count;
      writes.push(bytes.slice(0, count));
      return count;
    },
    shutdown: () => calls.push("shutdown"),
    terminate: () => calls.push("terminate"),
    pause: () => undefined,
    resume: () => undefined,
  } as unknown as ByteSocket;
  const clock = new FakeClock();
  owner = new Owner();
  transport = new TcpTransport(socket, { host: "10.0.0.1", port: 5 }, clock, new Tcp(clock));
  transport.attach(owner);
});

const bytes = (count: number, value = 1) => new Uint8Array(count).fill(value);
const lengths = () => writes.map(({ length }) => length);

/** A read comes in, to which the owner answers so. */
function read(answer: () => void): void {
  owner.answer = answer;
  transport.onData(bytes(1));
}

describe("Short buffers that are sent", () => {
  test("in answer to one read leave in one write, in order, when the read has been processed", () => {
    read(() => {
      for (const value of [1, 2, 3]) expect(transport.send(bytes(10, value))).toBe(true);
      expect([writes.length, transport.bytesSent, transport.bytesQueued]).toEqual([0, 0, 0]);
    });
    expect(writes).toEqual([concat([bytes(10, 1), bytes(10, 2), bytes(10, 3)])]);
    expect(transport.bytesSent).toBe(30);
  });

  test("otherwise leave at once", () => {
    for (const value of [1, 2]) transport.send(bytes(10, value));
    expect(lengths()).toEqual([10, 10]);
    read(() => transport.send(bytes(5)));
    transport.send(bytes(7));
    expect(lengths()).toEqual([10, 10, 5, 7]);
  });

  test("leave before a long one that follows them", () => {
    read(() => {
      transport.send(bytes(10, 1));
      transport.send(bytes(20, 2));
      expect(transport.send(bytes(50_000, 3))).toBe(true);
      expect(lengths()).toEqual([30, 50_000]);
      transport.send(bytes(40, 4));
    });
    expect(lengths()).toEqual([30, 50_000, 40]);
  });

  test("leave in several writes when they are many", () => {
    read(() => {
      for (let i = 0; i < 10_000; i++) transport.send(bytes(20));
    });
    expect(transport.bytesSent).toBe(200_000);
    for (const { length } of writes) expect(length).toBeLessThan(70_000);
    expect(writes.length).toBeLessThan(5);
  });

  test("are not lost when the owner closes, even if the connection takes no more", () => {
    read(() => {
      transport.send(bytes(10));
      transport.close();
      expect(transport.send(bytes(10))).toBe(false);
    });
    expect([lengths(), calls]).toEqual([[10], ["shutdown"]]);
  });

  test("are not sent when the owner aborts", () => {
    read(() => {
      transport.send(bytes(10));
      transport.abort();
    });
    expect([lengths(), calls, owner.closes]).toEqual([[], ["terminate"], 1]);
  });

  test("leave even if the owner then throws", () => {
    const broken = () =>
      read(() => {
        transport.send(bytes(10));
        throw new RangeError("a bug of ours");
      });
    expect(broken).toThrow("a bug of ours");
    expect(lengths()).toEqual([10]);
    expect(transport.send(bytes(5))).toBe(true);
  });
});

test("bytes sent at any time arrive in order, and a sender that had to wait is notified when they are gone", () => {
  const step = fc.record({
    sizes: fc.array(fc.oneof(fc.nat(100), fc.nat(10_000)), { maxLength: 8 }),
    reading: fc.boolean(),
    room: fc.oneof(fc.nat(20_000), fc.constant(1e9)),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const clock = new FakeClock();
      const taken: Uint8Array[] = [];
      let left = 0;
      const socket = {
        write(part: Uint8Array) {
          const count = Math.min(left, part.length);
          left -= count;
          taken.push(part.slice(0, count));
          return count;
        },
        pause() {},
        resume() {},
        shutdown() {},
        terminate() {},
      } as unknown as ByteSocket;
      const end = new Owner();
      const sender = new TcpTransport(socket, { host: "10.0.0.1", port: 5 }, clock, new Tcp(clock));
      sender.attach(end);
      const sent: Uint8Array[] = [];
      let value = 0;
      for (const { sizes, reading, room: more } of steps) {
        left = more;
        const all = () => {
          for (const size of sizes) {
            const buffer = new Uint8Array(size).fill(++value);
            sent.push(buffer);
            sender.send(buffer);
          }
        };
        sender.onDrain();
        end.answer = all;
        if (reading) sender.onData(new Uint8Array(1));
        else all();
        const queued = concat(sent).length - concat(taken).length;
        expect([sender.bytesSent, sender.bytesQueued]).toEqual([concat(taken).length, queued]);
      }
      const drains = end.drains;
      const waited = sender.bytesQueued > 0;
      left = 1e9;
      sender.onDrain();
      expect(end.drains).toBe(waited ? drains + 1 : drains);
      expect(concat(taken)).toEqual(concat(sent));
    }),
    { seed: 5, numRuns: 200 },
  );
});
