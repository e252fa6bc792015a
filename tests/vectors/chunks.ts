/** RTMP 1.0, 5.3.2: the headers are the specification's, the payloads count up from 0. */
export interface ChunkVector {
  readonly name: string;
  readonly value: readonly {
    chunkStreamId: number;
    type: number;
    streamId: number;
    timestamp: number;
    length: number;
  }[];
  /** Chunks in order: the header in hex, then how many payload bytes follow. */
  readonly chunks: readonly { hex: string; payload: number }[];
}

const audio = { chunkStreamId: 3, type: 8, streamId: 12345, length: 32 };

export const chunkVectors: readonly ChunkVector[] = [
  {
    name: "RTMP 1.0, 5.3.2.1: audio messages in chunks of type 0, 2, 3 and 3",
    value: [
      { ...audio, timestamp: 1000 },
      { ...audio, timestamp: 1020 },
      { ...audio, timestamp: 1040 },
      { ...audio, timestamp: 1060 },
    ],
    chunks: [
      { hex: "03 0003e8 000020 08 39300000", payload: 32 },
      { hex: "83 000014", payload: 32 },
      { hex: "c3", payload: 32 },
      { hex: "c3", payload: 32 },
    ],
  },
  {
    name: "RTMP 1.0, 5.3.2.2: a video message of 307 bytes in chunks of 128, 128 and 51",
    value: [{ chunkStreamId: 4, type: 9, streamId: 12346, timestamp: 1000, length: 307 }],
    chunks: [
      { hex: "04 0003e8 000133 09 3a300000", payload: 128 },
      { hex: "c4", payload: 128 },
      { hex: "c4", payload: 51 },
    ],
  },
  {
    name: "FMLE (SRS, SrsProtocol::read_message_header): type 3 right after type 0 adds that one's timestamp",
    value: [
      { chunkStreamId: 4, type: 8, streamId: 1, timestamp: 26, length: 16 },
      { chunkStreamId: 4, type: 8, streamId: 1, timestamp: 52, length: 16 },
    ],
    chunks: [
      { hex: "04 00001a 000010 08 01000000", payload: 16 },
      { hex: "c4", payload: 16 },
    ],
  },
  {
    name: "librtmp's ping (SRS, SrsProtocol::read_message_header): a chunk stream that starts with type 1",
    value: [{ chunkStreamId: 2, type: 4, streamId: 0, timestamp: 0, length: 6 }],
    chunks: [{ hex: "42 000000 000006 04", payload: 6 }],
  },
];
