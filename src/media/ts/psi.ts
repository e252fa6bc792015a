import { ByteWriter } from "../../bytes/writer.ts";
import { crc32Mpeg2 } from "./crc32.ts";
import { TS_PACKET_BYTES, writeHeader } from "./packets.ts";

/** The packet ids. */
export const Pid = { Pat: 0, Pmt: 0x1000, Video: 0x100, Audio: 0x101 } as const;

/** stream_type (ISO 13818-1, table 2-34); 0: the program has no such stream. */
export const StreamType = { None: 0, Mp3: 0x03, AdtsAac: 0x0f, H264: 0x1b, Hevc: 0x24 } as const;

const TableId = { Pat: 0, Pmt: 2 } as const;
const TRANSPORT_STREAM_ID = 1;
const PROGRAM_NUMBER = 1;
/** PCR_PID of a program without a clock (2.4.4.9). */
const NO_PCR = 0x1fff;
const MAX_VERSION = 32;

/** The program association section that all streams have (2.4.4.3). */
export function patSection(): Uint8Array {
  return section(TableId.Pat, TRANSPORT_STREAM_ID, 0, (writer) => {
    writer.u16(PROGRAM_NUMBER);
    writer.u16(0xe000 | Pid.Pmt);
  });
}

/** The program map section (2.4.4.8) for these stream types. The video has the clock, or without video the audio. */
export function pmtSection(video: number, audio: number, version: number): Uint8Array {
  const clock = video !== StreamType.None ? Pid.Video : audio !== StreamType.None ? Pid.Audio : NO_PCR;
  return section(TableId.Pmt, PROGRAM_NUMBER, version, (writer) => {
    writer.u16(0xe000 | clock);
    writer.u16(0xf000);
    if (video !== StreamType.None) writeStream(writer, video, Pid.Video);
    if (audio !== StreamType.None) writeStream(writer, audio, Pid.Audio);
  });
}

/** A transport packet with one section and a continuity counter of 0. */
export function sectionPacket(pid: number, content: Uint8Array): Uint8Array {
  const packet = new Uint8Array(TS_PACKET_BYTES).fill(0xff);
  writeHeader(packet, 0, pid, true, 1, 0);
  // pointer_field
  packet[4] = 0;
  packet.set(content, 5);
  return packet;
}

function writeStream(writer: ByteWriter, type: number, pid: number): void {
  writer.u8(type);
  writer.u16(0xe000 | pid);
  writer.u16(0xf000);
}

function section(tableId: number, id: number, version: number, write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter(64);
  writer.u8(tableId);
  writer.u16(0);
  writer.u16(id);
  // current_next_indicator, and section 0 of 0
  writer.u8(0xc1 | ((version % MAX_VERSION) << 1));
  writer.u16(0);
  write(writer);
  writer.u32(0);
  const bytes = writer.finish();
  const view = new DataView(bytes.buffer);
  view.setUint16(1, 0xb000 | (bytes.length - 3));
  view.setUint32(bytes.length - 4, crc32Mpeg2(bytes, 0, bytes.length - 4));
  return bytes;
}
