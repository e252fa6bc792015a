import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Packet, PacketFlag, PacketKind } from "../../../src/media/packet.ts";
import { PacketListCursor } from "../../../src/media/packet-cursor.ts";
import type { ClientTarget } from "../../../src/rtmp/client-session.ts";
import { RtmpFormat } from "../../../src/rtmp/format.ts";
import { MessageType } from "../../../src/rtmp/messages.ts";
import { concat, toHex } from "../../support/bytes.ts";
import { type Message, WildChunkWriter } from "../../support/chunks.ts";
import { ClientUnderTest } from "../../support/client-server.ts";
import { Duplex } from "../../support/duplex.ts";
import { mulberry32, randomBytes } from "../../support/random.ts";
import { ServerUnderTest } from "../../support/server-client.ts";

const SEED = 20_260_101;

/** A client and a server session that run against each other. */
function pair(change: Partial<ClientTarget>, random: () => number, longest: number) {
  const duplex = new Duplex(random, longest);
  const server = new ServerUnderTest({}, (bytes) => duplex.toClient.write(bytes));
  const client = new ClientUnderTest(change, (bytes) => duplex.toServer.write(bytes));
  client.session.start();
  const run = () => duplex.run(client.session, server.session);
  run();
  return { duplex, server, client, run };
}

/** One message of a stream: what its receiver is to get. */
interface Item {
  readonly type: number;
  readonly timestamp: number;
  readonly payload: Uint8Array;
}

const line = (kind: number, timestamp: number, payload: Uint8Array, amf3: boolean) =>
  `${kind}${amf3 ? " amf3" : ""} ${timestamp} ${toHex(payload)}`;

function u24(value: number): Uint8Array {
  return Uint8Array.of(value >> 16, value >> 8, value);
}

/** The aggregate message of two audio tags, 20 ms apart. */
function aggregate(payload: Uint8Array): Uint8Array {
  const tag = (ms: number) =>
    concat([Uint8Array.of(8), u24(payload.length), u24(ms), new Uint8Array(4), payload, new Uint8Array(4)]);
  return concat([tag(1000), tag(1020)]);
}

/** What the receiver gets of an item, one line a message. */
function expected({ type, timestamp, payload }: Item): string[] {
  if (payload.length === 0) return [];
  if (type === MessageType.DataAmf3) return [line(PacketKind.Data, timestamp, payload, true)];
  return [line(type, timestamp, payload, false)];
}

/** Audio, video and data, each in a chunk stream of its own, as encoders have it. */
function queues(items: readonly Item[]): Message[][] {
  const of = (chunkStreamId: number, ...types: number[]) =>
    items.filter(({ type }) => types.includes(type)).map((one) => ({ ...one, chunkStreamId, streamId: 1 }));
  return [of(4, 8), of(6, 9), of(70, 18, 15)];
}

const firstBytes = fc.constantFrom(
  [0x17, 0, 0, 0, 0], // AVC sequence header
  [0x27, 1, 0, 0, 0],
  [0xaf, 0],
  [0x90, 0x68, 0x76, 0x63, 0x31], // enhanced: SequenceStart, "hvc1"
  [0x96, 0x10, 0x61, 0x76, 0x30, 0x31], // enhanced: multitrack "av01"
  [0x9f, 0x4f, 0x70, 0x75, 0x73], // enhanced audio, "Opus"
  [0x97, 2, 0, 0, 5, 1], // enhanced: ModEx
  [],
);

const item: fc.Arbitrary<Item> = fc
  .record({
    type: fc.constantFrom<number>(8, 9, 18, 15),
    timestamp: fc.oneof(
      fc.nat(100_000),
      fc.constantFrom(0, 0xfffffe, 0xffffff, 0x1000000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff),
    ),
    first: firstBytes,
    length: fc.oneof(fc.nat(300), fc.constantFrom(0, 1, 127, 128, 129, 4095, 4096, 4097, 9000)),
    seed: fc.nat(),
  })
  .map(({ type, timestamp, first, length, seed }) => {
    const payload = randomBytes(mulberry32(seed), length);
    payload.set(first.slice(0, length));
    return { type, timestamp, payload };
  });

const wire = fc.record({
  items: fc.array(item, { maxLength: 20 }),
  seed: fc.nat(),
  longest: fc.constantFrom(1, 7, 130, 5000, 100_000),
});

describe("A publishing client and a server", () => {
  test.each([1, 3, 50, 1000, 100_000])("find together in pieces of up to %d bytes", (longest) => {
    const { client, server, run } = pair({ role: "publish" }, mulberry32(longest), longest);
    expect(client.takeTold()).toEqual(["ready 1"]);
    expect(server.takeTold()).toEqual(["connect live", "publish@1 show?key=1"]);
    expect(server.request).toMatchObject({ enhanced: true, hops: ["node1", "node2"], app: "live" });
    expect(client.session.server).toBe("srs/test");
    client.session.unpublish();
    run();
    expect(server.takeTold()).toEqual(["ended@1"]);
    expect(client.session.state).toBe("closed");
  });

  test("lose and change nothing, whatever chunks the media comes in", () => {
    const property = ({ items, seed, longest }: { items: readonly Item[]; seed: number; longest: number }) => {
      const random = mulberry32(seed);
      const { duplex, server, run } = pair({ role: "publish" }, random, longest);
      const got: string[] = [];
      for (const stream of server.streams) {
        stream.media = { push: (kind, time, payload, amf3) => got.push(line(kind, time, payload, amf3)) };
      }
      const writer = new WildChunkWriter(random, random() < 0.5 ? "repeats" : "omits");
      writer.chunkSize = 4096;
      const order = writer.interleave(queues(items));
      duplex.toServer.write(writer.bytes);
      run();
      expect(got).toEqual(order.flatMap((one) => expected(one)));
    };
    fc.assert(fc.property(wire, property), { seed: SEED, numRuns: 60 });
  });

  test("split an aggregate", () => {
    const { duplex, server, run } = pair({ role: "publish" }, mulberry32(1), 9);
    server.takeTold();
    const payload = Uint8Array.of(0xaf, 1, 2);
    const writer = new WildChunkWriter(mulberry32(1), "repeats");
    writer.chunkSize = 4096;
    const whole = { chunkStreamId: 9, type: 22, streamId: 1, timestamp: 0xfffffff8, payload: aggregate(payload) };
    writer.interleave([[whole]]);
    duplex.toServer.write(writer.bytes);
    run();
    expect(server.takeTold()).toEqual(["media@1 8 4294967288 af0102", "media@1 8 12 af0102"]);
  });

  test.each(["connect", "publish"] as const)("pass on the reason why %s is refused", (what) => {
    const duplex = new Duplex(mulberry32(4), 20);
    const server = new ServerUnderTest({}, (bytes) => duplex.toClient.write(bytes));
    const client = new ClientUnderTest({}, (bytes) => duplex.toServer.write(bytes));
    if (what === "connect") server.refusal = "no vhost";
    else {
      const accept = server.connect.bind(server);
      server.connect = (request) => {
        accept(request);
        server.refusal = "busy";
      };
    }
    client.session.start();
    duplex.run(client.session, server.session);
    expect(client.told).toEqual([
      what === "connect"
        ? "refused NetConnection.Connect.Rejected: no vhost"
        : "refused NetStream.Publish.BadName: busy",
    ]);
  });
});

describe("A server and a playing client", () => {
  test.each([1, 50, 100_000])("find together in pieces of up to %d bytes", (longest) => {
    const { client, server } = pair({ role: "play" }, mulberry32(longest), longest);
    expect(client.takeTold()).toEqual(["ready 1", "media 18 0 24"]);
    expect(server.takeTold()).toEqual(["connect live", "play@1 show?key=1 -2000 -1"]);
  });

  test("lose and change nothing of what RtmpFormat encodes", () => {
    const property = ({ items, seed, longest }: { items: readonly Item[]; seed: number; longest: number }) => {
      const { duplex, client, run } = pair({ role: "play" }, mulberry32(seed), longest);
      const got: string[] = [];
      client.media = (kind, time, payload, amf3) => got.push(line(kind, time, payload, amf3));
      const packets: Packet[] = items.map(({ type, timestamp, payload }) => {
        const amf3 = type === MessageType.DataAmf3;
        const kind = type === PacketKind.Audio || type === PacketKind.Video ? type : PacketKind.Data;
        // Beyond 2^32 as the time line counts on; the wire has the low 32 bits.
        return new Packet(kind, timestamp + (seed % 3) * 2 ** 32, payload, amf3 ? PacketFlag.Amf3 : 0, 0);
      });
      const source = { cursor: () => new PacketListCursor(packets) };
      const options = { chunkSize: 60000, messageStreamId: 1, audio: true, video: true, publishing: false };
      duplex.toClient.write(new RtmpFormat(options).encode(source, 0, packets.length));
      run();
      expect(got).toEqual(items.flatMap(expected));
    };
    fc.assert(fc.property(wire, property), { seed: SEED, numRuns: 60 });
  });
});
