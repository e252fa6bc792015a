/** The limits of one request or WebSocket client. Every length and count from the wire is checked against one of these. */
export const httpLimits = {
  /** Bytes before the line end of a request line. Longer: 414. */
  requestLineBytes: 8 * 1024,
  /** Bytes of a whole head, its empty line included. Longer: 431. */
  headBytes: 16 * 1024,
  /** Header fields of one request. More: 431. */
  headerFields: 100,
  /** Bytes of a request's body where a server takes bodies. Longer: 413. */
  bodyBytes: 64 * 1024,
  /** Characters of a host name, as in `rtmp/address`. */
  hostCharacters: 255,
  /** Bytes of a WebSocket message from a client, over all its fragments. Longer: close code 1009. */
  webSocketMessageBytes: 4 * 1024,
} as const;
