import type { AccessRequest } from "../../src/live/ports/access.ts";

/** A client at 192.0.2.1 that wants to play `/live/show`, but for what `change` says. */
export function accessRequest(change: Partial<AccessRequest> = {}): AccessRequest {
  return {
    action: "play",
    protocol: "rtmp",
    name: { vhost: "__defaultVhost__", app: "live", stream: "show" },
    param: "",
    address: "192.0.2.1",
    port: 5000,
    tcUrl: "",
    pageUrl: "",
    swfUrl: "",
    hops: [],
    forClient: false,
    clientId: "c1",
    ...change,
  };
}
