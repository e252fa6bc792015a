/** Limits on one RTMP peer. Every length or count that the peer chooses is checked against one of these before it has an effect. */
export interface RtmpLimits {
  /** Longest message body, in bytes. The wire format itself ends at 2^24 - 1. */
  readonly maxMessageBytes: number;
  /** Chunk stream ids in use on one connection. Encoders use about six. */
  readonly maxChunkStreams: number;
  /** Memory allocated for unfinished messages of one connection that sends media, in bytes. */
  readonly maxIncompleteBytes: number;
  /** The same for a client that does not publish. */
  readonly maxIdleIncompleteBytes: number;
  /** Messages of one connection that may wait until an earlier request is answered, in bytes. */
  readonly maxBacklogBytes: number;
  /** Largest chunk size a peer may announce, in bytes. It costs no memory: encoders send 2^31 - 1 and mean "never split". */
  readonly maxChunkSize: number;
  /** Longest command message, in bytes. The values of `connect` are kept as long as its connection. */
  readonly maxCommandBytes: number;
  /** Requests (commands, and control messages that are answered) accepted in one second from one connection. */
  readonly commandsPerSecond: number;
  /** The same in one minute: each may be answered, and logged. */
  readonly commandsPerMinute: number;
}

/** The default limits. 4K key frames pass, a hostile publisher costs at most 32 MiB. */
export const defaultLimits: RtmpLimits = {
  maxMessageBytes: 0xffffff,
  maxChunkStreams: 128,
  maxIncompleteBytes: 32 * 1024 * 1024,
  maxIdleIncompleteBytes: 1024 * 1024,
  maxBacklogBytes: 4 * 1024 * 1024,
  maxChunkSize: 0x7fffffff,
  maxCommandBytes: 64 * 1024,
  commandsPerSecond: 100,
  commandsPerMinute: 600,
};
