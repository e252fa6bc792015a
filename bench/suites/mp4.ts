import { FragmentWriter } from "../../src/media/mp4/fragment.ts";
import { mp4Tracks } from "../../src/media/mp4/tracks.ts";
import { PacketListCursor } from "../../src/media/packet-cursor.ts";
import { aacHeader, avcHeader } from "../../tests/support/ts-media.ts";
import { type Benchmark, keep } from "../harness.ts";
import { packets, recording } from "../material.ts";

const tracks = mp4Tracks([aacHeader, avcHeader()]);

/** The recording, 1.6 KB a packet, in fragments of `size` packets. */
function fragments(name: string, size: number): Benchmark {
  return {
    name,
    op: "packet",
    prepare() {
      const list = packets(recording(850));
      const cursors: PacketListCursor[] = [];
      for (let at = 0; at < list.length; at += size) cursors.push(new PacketListCursor(list.slice(at, at + size)));
      const run = () => {
        const writer = new FragmentWriter(tracks, 0);
        for (const [at, cursor] of cursors.entries()) {
          cursor.rewind();
          keep(writer.write(cursor, at + 1).bytes.length);
        }
      };
      return { ops: list.length, bytes: list.reduce((sum, { payload }) => sum + payload.length, 0), run };
    },
  };
}

/** The cost of fragmented MP4 for each packet: a segment in one fragment, and parts of low-latency HLS. */
export const mp4Benchmarks: readonly Benchmark[] = [fragments("mp4/segment", 1000), fragments("mp4/part", 16)];
