import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { acceptKey, upgradeHeaders } from "../../../src/http/websocket-handshake.ts";

const sha1 = (bytes: Uint8Array): Uint8Array => createHash("sha1").update(bytes).digest();

// Source: RFC 6455, 1.3.
test("a client's WebSocket key is answered with its hash", () => {
  expect(acceptKey("dGhlIHNhbXBsZSBub25jZQ==", sha1)).toBe("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  expect(upgradeHeaders("dGhlIHNhbXBsZSBub25jZQ==", sha1)).toEqual({
    upgrade: "websocket",
    connection: "Upgrade",
    "sec-websocket-accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
  });
});
