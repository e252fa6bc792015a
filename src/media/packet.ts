/** The three kinds of media message; the values are RTMP message types and FLV tag types (FLV 10.1, E.4.1). */
export const PacketKind = { Audio: 8, Video: 9, Data: 18 } as const;
export type PacketKind = (typeof PacketKind)[keyof typeof PacketKind];

/** Bits of `Packet.flags`, as `classify` finds them in the first bytes of a payload. */
export const PacketFlag = {
  /** A video frame that can be decoded without earlier ones. */
  Key: 1,
  /** Codec configuration (AVCDecoderConfigurationRecord, AudioSpecificConfig, SequenceStart of enhanced RTMP). */
  SequenceHeader: 2,
  /** The codec's stream ends. */
  SequenceEnd: 4,
  /**
   * Configuration besides the codec's: colour information, channel layout, metadata. Kept and sent on join like a sequence
   * header.
   */
  Config: 8,
  /** A frame that no other frame depends on: the first to drop. */
  Disposable: 16,
  /** A data message in AMF3 (RTMP type 15). Its payload keeps the leading format byte. */
  Amf3: 32,
  /** A data message that followed `@setDataFrame`: it is sent to other servers in that form. */
  SetDataFrame: 64,
  /** A data message kept by its name and sent on join, because it came before the first key frame. */
  Announcement: 128,
} as const;

/** One audio, video or data message of a stream. The payload is shared by all readers and never changed. */
export class Packet {
  readonly kind: PacketKind;
  /** Milliseconds on the stream's time line, unwrapped; wire formats write the low 32 bits. */
  readonly time: number;
  /** The FLV tag body, opaque except for its first bytes. The payload of a packet in a log is lent until the log drops the packet. */
  readonly payload: Uint8Array;
  /** `PacketFlag` bits. */
  readonly flags: number;
  /** Track id of a multitrack message (enhanced RTMP); 0 otherwise. */
  readonly track: number;

  constructor(kind: PacketKind, time: number, payload: Uint8Array, flags: number, track: number) {
    this.kind = kind;
    this.time = time;
    this.payload = payload;
    this.flags = flags;
    this.track = track;
  }

  /** The same packet with its own copy of the payload. */
  copy(): Packet {
    return new Packet(this.kind, this.time, this.payload.slice(), this.flags, this.track);
  }
}
