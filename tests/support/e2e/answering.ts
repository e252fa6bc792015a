import type { AmfValue } from "../../../src/amf/value.ts";
import { concat } from "../bytes.ts";
import { command } from "../session.ts";
import { Outbox } from "./socket.ts";
import type { Stage } from "./stage.ts";

const C0_C1_BYTES = 1537;
const HANDSHAKE_BYTES = 3073;

/** An RTMP server that answers each connect with this command, whatever it was asked; its port. */
export function startAnswering(stage: Stage, ...answer: readonly AmfValue[]): number {
  const listener = Bun.listen<{ received: number; outbox: Outbox | undefined }>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        socket.data = { received: 0, outbox: new Outbox(socket) };
      },
      data({ data }, bytes) {
        const before = data.received;
        data.received += bytes.length;
        const passes = (limit: number) => before < limit && data.received >= limit;
        if (passes(C0_C1_BYTES)) data.outbox?.send(concat([Uint8Array.of(3), new Uint8Array(2 * 1536)]));
        if (passes(HANDSHAKE_BYTES + 1)) data.outbox?.send(command(...answer));
      },
      drain: ({ data }) => data.outbox?.drain(),
    },
  });
  stage.defer(() => listener.stop(true));
  return listener.port;
}
