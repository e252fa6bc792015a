import { decodeAmf0, encodeAmf0 } from "../../src/amf/amf0.ts";
import type { AmfValue } from "../../src/amf/value.ts";
import { type Benchmark, keep } from "../harness.ts";
import { connectBody, connectValues, metadataBody, metadataValues } from "../material.ts";

const MESSAGES = 20;

function decoding(name: string, body: Uint8Array): Benchmark {
  const run = () => {
    for (let i = 0; i < MESSAGES; i++) keep(decodeAmf0(body).length);
  };
  return {
    name: `amf0-decode/${name}`,
    op: "message",
    prepare: () => ({ ops: MESSAGES, bytes: MESSAGES * body.length, run }),
  };
}

function encoding(name: string, values: readonly AmfValue[], bytes: number): Benchmark {
  const run = () => {
    for (let i = 0; i < MESSAGES; i++) keep(encodeAmf0(values).length);
  };
  return {
    name: `amf0-encode/${name}`,
    op: "message",
    prepare: () => ({ ops: MESSAGES, bytes: MESSAGES * bytes, run }),
  };
}

/** Values that every connection, and every stream, sends once. */
export const amfBenchmarks: readonly Benchmark[] = [
  decoding("connect", connectBody),
  decoding("metadata", metadataBody),
  encoding("connect", connectValues, connectBody.length),
  encoding("metadata", metadataValues, metadataBody.length),
];
