import { WebSocketReader } from "../../src/http/websocket-reader.ts";

/** What a WebSocket client says, a line for each event; the reader's own sentences are left out. */
export function readFrames(pieces: Iterable<Uint8Array>): string[] {
  const events: string[] = [];
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const reader = new WebSocketReader({
    message: (payload, isText) => events.push(`${isText ? "text" : "binary"} ${text(payload)}`),
    ping: (payload) => events.push(`ping ${text(payload)}`),
    pong: (payload) => events.push(`pong ${text(payload)}`),
    close: ({ clean, code, reason }) =>
      events.push(clean ? `close clean ${code ?? "none"} ${reason}` : `close broken ${code}`),
  });
  for (const piece of pieces) reader.push(piece);
  return events;
}
