// Hot: read runs for each audio packet that leaves as raw sound.
import { AudioPacketType, byteAt, FourCc } from "./enhanced.ts";
import { PacketKind } from "./packet.ts";
import type { PacketCursor } from "./packet-cursor.ts";
import { TrackZero } from "./track-zero.ts";

const SoundFormat = { Mp3: 2, Enhanced: 9, Aac: 10, Mp3At8Khz: 14 } as const;
/** AACPacketType (FLV 10.1 E.4.2.1). */
const AacPacketType = { Header: 0, Frame: 1 } as const;

/** What a packet holds of AAC or MP3; nothing of other codecs. */
export const AudioContent = { None: 0, AacConfig: 1, AacFrame: 2, Mp3Frame: 3 } as const;
type AudioContent = (typeof AudioContent)[keyof typeof AudioContent];

/** The AAC or MP3 in track 0 of a packet, with legacy and enhanced headers alike. One object serves all packets. */
export class AudioBody {
  content: AudioContent = AudioContent.None;
  /** It is [start, end) of the cursor's bytes. */
  start = 0;
  end = 0;
  readonly #track = new TrackZero();

  /** Returns `content`. */
  read({ kind, bytes, offset, length }: PacketCursor): AudioContent {
    this.content = AudioContent.None;
    this.end = offset + length;
    if (kind !== PacketKind.Audio || length === 0) return AudioContent.None;
    const format = byteAt(bytes, offset) >> 4;
    if (format === SoundFormat.Enhanced) this.#enhanced(bytes, offset);
    else if (format === SoundFormat.Mp3 || format === SoundFormat.Mp3At8Khz)
      this.#has(AudioContent.Mp3Frame, offset + 1);
    else if (format === SoundFormat.Aac) {
      const type = byteAt(bytes, offset + 1);
      if (type === AacPacketType.Header) this.#has(AudioContent.AacConfig, offset + 2);
      else if (type === AacPacketType.Frame) this.#has(AudioContent.AacFrame, offset + 2);
    }
    return this.content;
  }

  #enhanced(bytes: Uint8Array, offset: number): void {
    const track = this.#track;
    if (!track.read(PacketKind.Audio, bytes, offset, this.end)) return;
    this.end = track.end;
    const { fourCc, packetType: type } = track;
    if (fourCc === FourCc.Mp4a) {
      if (type === AudioPacketType.SequenceStart) this.#has(AudioContent.AacConfig, track.start);
      else if (type === AudioPacketType.CodedFrames) this.#has(AudioContent.AacFrame, track.start);
    } else if (fourCc === FourCc.Mp3 && type === AudioPacketType.CodedFrames)
      this.#has(AudioContent.Mp3Frame, track.start);
  }

  /** An empty body is nothing. */
  #has(content: AudioContent, start: number): void {
    this.start = start;
    if (start < this.end) this.content = content;
  }
}
