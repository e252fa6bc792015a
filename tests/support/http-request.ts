import type { HttpRequest } from "../../src/http/request.ts";

/** A GET of a path with its query, as the HTTP server hands it to routes. */
export function getRequest(target: string, headers: Readonly<Record<string, string>> = {}): HttpRequest {
  const [path = "", query = ""] = target.split("?", 2);
  const host = headers.host ?? "srs.example";
  return {
    method: "GET",
    path: decodeURIComponent(path),
    query,
    host: host.replace(/:\d+$/, ""),
    header: (name) => (name === "host" ? host : headers[name]),
    secure: false,
    body: new Uint8Array(),
    webSocket: headers.upgrade === "websocket",
  };
}
