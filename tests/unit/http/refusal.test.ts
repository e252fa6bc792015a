import { expect, test } from "bun:test";
import { wrongProtocol } from "../../../src/http/refusal.ts";

test("a client of another protocol gets a sentence that names the protocol's port", () => {
  expect(wrongProtocol("rtmp", 1935)).toBe("this port speaks HTTP; RTMP is on port 1935");
  expect(wrongProtocol("tls", 8443)).toBe("this port speaks HTTP; TLS (HTTPS) is on port 8443");
  expect(wrongProtocol("tls")).toBe("this port speaks HTTP, not TLS (HTTPS)");
  expect(wrongProtocol("proxy")).toBe("this is the PROXY protocol, and proxy_protocol.listen does not name this port");
});
