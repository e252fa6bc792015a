import { classify } from "../../src/media/classify.ts";
import { PacketKind } from "../../src/media/packet.ts";
import { mulberry32 } from "../../tests/support/random.ts";
import { type Benchmark, keep } from "../harness.ts";
import { body, recording, type Sample } from "../material.ts";

const fourCc = (text: string): number[] => [...text].map((letter) => letter.charCodeAt(0));

/** HEVC and Opus with enhanced headers; every fourth video frame belongs to a second track. */
function enhanced(): Sample[] {
  const random = mulberry32(1);
  return recording().samples.map(({ kind, timestamp, payload }, at) => {
    const key = payload[0] === 0x17 ? 0x10 : 0x20;
    let head = [0x91, ...fourCc("Opus")];
    if (kind === PacketKind.Video) head = [0x83 | key, ...fourCc("hvc1")];
    if (kind === PacketKind.Video && at % 4 === 0) head = [0x86 | key, 0x03, ...fourCc("hvc1"), 1];
    return { kind, timestamp, payload: body(random, payload.length, head) };
  });
}

function classifying(name: string, samplesOf: () => readonly Sample[]): Benchmark {
  return {
    name: `classify/${name}`,
    op: "packet",
    prepare() {
      const samples = samplesOf();
      const run = () => {
        let sum = 0;
        for (const { kind, payload } of samples) sum += classify(kind, payload);
        keep(sum);
      };
      return { ops: samples.length, bytes: 0, run };
    },
  };
}

/** Reading of each payload's header. */
export const mediaBenchmarks: readonly Benchmark[] = [
  classifying("legacy", () => recording().samples),
  classifying("enhanced", enhanced),
];
