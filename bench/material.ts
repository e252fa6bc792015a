import { encodeAmf0 } from "../src/amf/amf0.ts";
import { AmfObject } from "../src/amf/value.ts";
import { classify } from "../src/media/classify.ts";
import { Packet, PacketKind } from "../src/media/packet.ts";
import { messageSize, writeMessage } from "../src/rtmp/chunk-writer.ts";
import { ChunkStreamId, MessageType } from "../src/rtmp/messages.ts";
import { mulberry32 } from "../tests/support/random.ts";

/** One media message as a publisher sends it. */
export interface Sample {
  readonly kind: PacketKind;
  /** Milliseconds. */
  readonly timestamp: number;
  readonly payload: Uint8Array;
}

/** A piece of a stream that can be sent repeatedly, each time `durationMs` later. */
export interface Recording {
  readonly samples: readonly Sample[];
  readonly durationMs: number;
  /** Bytes of all payloads. */
  readonly bytes: number;
}

const FRAMES_PER_SECOND = 30;
const AUDIO_MS = 1024 / 44.1;
const AUDIO_BYTES = 186;
const KEY_EVERY = 60;
/** How many times larger a key frame is than other frames. */
const KEY_FACTOR = 6;

/** One GOP: two seconds of H.264 at `kbps` and AAC at 64 kbit/s, in the order of time. */
export function recording(kbps = 600): Recording {
  const random = mulberry32(kbps);
  const frameBytes = (kbps * 1000) / 8 / (FRAMES_PER_SECOND * (1 + (KEY_FACTOR - 1) / KEY_EVERY));
  const durationMs = (KEY_EVERY / FRAMES_PER_SECOND) * 1000;
  const samples: Sample[] = [];
  for (let frame = 0; frame < KEY_EVERY; frame++) {
    const key = frame === 0;
    const length = Math.round(frameBytes * (key ? KEY_FACTOR : 0.7 + 0.6 * random()));
    const timestamp = Math.round((frame * 1000) / FRAMES_PER_SECOND);
    samples.push({
      kind: PacketKind.Video,
      timestamp,
      payload: body(random, length, [key ? 0x17 : 0x27, 1, 0, 0, 0]),
    });
  }
  for (let time = 5; time < durationMs; time += AUDIO_MS) {
    samples.push({
      kind: PacketKind.Audio,
      timestamp: Math.round(time),
      payload: body(random, AUDIO_BYTES, [0xaf, 1]),
    });
  }
  samples.sort((a, b) => a.timestamp - b.timestamp);
  return { samples, durationMs, bytes: samples.reduce((sum, sample) => sum + sample.payload.length, 0) };
}

/** A tag body that begins with `head`. */
export function body(random: () => number, length: number, head: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = random() * 256;
  bytes.set(head);
  return bytes;
}

/** The recording's messages as packets of a stream. */
export function packets(from: Recording): Packet[] {
  return from.samples.map(({ kind, timestamp, payload }) => {
    const found = classify(kind, payload);
    return new Packet(kind, timestamp, payload, found & 0xff, found >>> 8);
  });
}

/** One message in chunks of `chunkSize` bytes, with a type-0 header. */
export function message(type: number, timestamp: number, payload: Uint8Array, chunkSize: number): Uint8Array {
  const bytes = new Uint8Array(messageSize(payload.length, timestamp, chunkSize));
  const chunkStreamId = type === PacketKind.Video ? ChunkStreamId.Video : ChunkStreamId.Audio;
  writeMessage(bytes, 0, chunkStreamId, timestamp, type, 1, payload, chunkSize);
  return bytes;
}

/** The Set Chunk Size message that a reader needs before chunks of `size` bytes. */
export function setChunkSize(size: number): Uint8Array {
  const payload = Uint8Array.of(size >>> 24, size >>> 16, size >>> 8, size);
  const bytes = new Uint8Array(messageSize(payload.length, 0, 128));
  writeMessage(bytes, 0, ChunkStreamId.Control, 0, MessageType.SetChunkSize, 0, payload, 128);
  return bytes;
}

/** The `connect` command of OBS. */
export const connectValues = [
  "connect",
  1,
  AmfObject.of({
    app: "live",
    type: "nonprivate",
    flashVer: "FMLE/3.0 (compatible; FMSc/1.0)",
    swfUrl: "rtmp://192.168.1.5/live",
    tcUrl: "rtmp://192.168.1.5/live",
    fourCcList: ["av01", "hvc1", "avc1"],
  }),
];

/** The metadata of OBS, without `@setDataFrame`. */
export const metadataValues = [
  "onMetaData",
  AmfObject.ecma({
    duration: 0,
    fileSize: 0,
    width: 1920,
    height: 1080,
    videocodecid: 7,
    videodatarate: 6000,
    framerate: 60,
    audiocodecid: 10,
    audiodatarate: 160,
    audiosamplerate: 48000,
    audiosamplesize: 16,
    audiochannels: 2,
    stereo: true,
    "2.1": false,
    "3.1": false,
    "4.0": false,
    "4.1": false,
    "5.1": false,
    "7.1": false,
    encoder: "obs-output module (libobs version 31.0.0)",
  }),
];

/** Bodies of the two messages. */
export const connectBody = encodeAmf0(connectValues);
/** See `connectBody`. */
export const metadataBody = encodeAmf0(metadataValues);
