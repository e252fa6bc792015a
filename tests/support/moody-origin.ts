import type { Transport, TransportHandler } from "../../src/base/transport.ts";
import type { FakeNode } from "./fake-node.ts";
import type { FakeTransport } from "./fake-transport.ts";

/** What an origin does about a client that says a word. */
export type Mood = "closes" | "is silent";

/** A node that treats clients in its own way from the moment on that they have said `word`; others it serves. */
export function moody(node: FakeNode, word: string, mood: Mood): { accept(): TransportHandler } {
  return {
    accept() {
      const real = node.accept();
      let transport: Transport | undefined;
      let said = "";
      return {
        onOpen(opened) {
          transport = opened;
          real.onOpen(opened);
        },
        onData(bytes) {
          said += Buffer.from(bytes).toString("latin1");
          if (!said.includes(word)) real.onData(bytes);
          else if (mood === "closes") transport?.close();
        },
        onDrain: () => real.onDrain(),
        onClose: (reason) => real.onClose(reason),
      };
    },
  };
}

/** A node whose answers are on their way for so many ms. */
export function farAway(node: FakeNode, delayMs: number): { accept(): TransportHandler } {
  return {
    accept() {
      const real = node.accept();
      return {
        onOpen(opened) {
          (opened as FakeTransport).delayMs = delayMs;
          real.onOpen(opened);
        },
        onData: (bytes) => real.onData(bytes),
        onDrain: () => real.onDrain(),
        onClose: (reason) => real.onClose(reason),
      };
    },
  };
}

/** A node that closes on handshakes with a digest, or on those without one. */
export function pickyAbout(node: FakeNode, handshake: "digest" | "simple"): { accept(): TransportHandler } {
  return {
    accept() {
      const real = node.accept();
      let transport: Transport | undefined;
      let first = new Uint8Array(0);
      return {
        onOpen(opened) {
          transport = opened;
          real.onOpen(opened);
        },
        onData(bytes) {
          const before = first.length;
          if (before < 9) first = new Uint8Array([...first, ...bytes]);
          // C1's version: 0 in the simple handshake.
          const simple = first.length >= 9 && new DataView(first.buffer).getUint32(5) === 0;
          if (first.length >= 9 && simple === (handshake === "simple")) transport?.close();
          else real.onData(bytes);
        },
        onDrain: () => real.onDrain(),
        onClose: (reason) => real.onClose(reason),
      };
    },
  };
}
