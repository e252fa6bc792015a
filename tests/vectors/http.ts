/** What a client sends at the start of a connection, and what the server makes of its first request. */
export interface HeadVector {
  readonly name: string;
  /** One character a byte, line ends included. */
  readonly input: string;
  /** `METHOD path?query host` with " close" when the connection ends behind it, the status of a refusal, or "more". */
  readonly expected: string | number;
}

/** Lines of a head, with the empty one behind them. */
export const head = (...lines: string[]) => `${lines.join("\r\n")}\r\n\r\n`;
export const host = "Host: example.com";
/** UTF-8 as it is sent without percent-encoding. */
const raw = (text: string) => Buffer.from(text).toString("latin1");

/** Requests that are taken. Sources: RFC 9112 by section; others are what the named programs send. */
export const acceptedHeads: readonly HeadVector[] = [
  {
    name: "the request of RFC 9112, 2.1",
    input: head(
      "GET /hello.txt HTTP/1.1",
      "User-Agent: curl/7.64.1",
      "Host: www.example.com",
      "Accept-Language: en, mi",
    ),
    expected: "GET /hello.txt www.example.com",
  },
  {
    name: "origin form with a query (RFC 9112, 3.2.1)",
    input: head("GET /where?q=now HTTP/1.1", "Host: www.example.org"),
    expected: "GET /where?q=now www.example.org",
  },
  {
    name: "absolute form (RFC 9112, 3.2.2)",
    input: head("GET http://www.example.org/pub/WWW/TheProject.html HTTP/1.1", "Host: www.example.org"),
    expected: "GET /pub/WWW/TheProject.html www.example.org",
  },
  {
    name: "absolute form without a path, with the scheme's port in one place only",
    input: head("GET HTTPS://Example.com?a=/b HTTP/1.1", "Host: example.com:443"),
    expected: "GET /?a=/b example.com",
  },
  {
    name: "asterisk form (RFC 9112, 3.2.4)",
    input: head("OPTIONS * HTTP/1.1", "Host: www.example.org:8001"),
    expected: "OPTIONS * www.example.org",
  },
  {
    name: "an empty line before the request (RFC 9112, 2.2)",
    input: `\r\n${head("GET / HTTP/1.1", host)}`,
    expected: "GET / example.com",
  },
  { name: "HEAD", input: head("HEAD /a.flv HTTP/1.1", host), expected: "HEAD /a.flv example.com" },
  {
    name: "HTTP/1.0 without Host, as old players send it",
    input: head("GET /live/a.flv HTTP/1.0"),
    expected: "GET /live/a.flv  close",
  },
  {
    name: "HTTP/1.0 with keep-alive (RFC 9112, 9.3), as ab sends it",
    input: head("GET / HTTP/1.0", "Connection: Keep-Alive", host),
    expected: "GET / example.com",
  },
  {
    name: "HTTP/1.1 with close among others",
    input: head("GET / HTTP/1.1", host, "Connection: TE,\t close"),
    expected: "GET / example.com close",
  },
  {
    name: "close in one Connection header and keep-alive in another",
    input: head("GET / HTTP/1.1", host, "Connection: keep-alive", "Connection: Close"),
    expected: "GET / example.com close",
  },
  {
    name: "an empty Host, as RFC 9112, 3.2 has it for URIs without authority",
    input: head("GET / HTTP/1.1", "Host:"),
    expected: "GET / ",
  },
  {
    name: "a Host in capitals with port and final dot",
    input: head("GET / HTTP/1.1", "HOST:\t EXAMPLE.Com.:8080 \t"),
    expected: "GET / example.com",
  },
  {
    name: "an IPv6 Host with a port",
    input: head("GET / HTTP/1.1", "Host: [2001:DB8::1]:8080"),
    expected: "GET / [2001:db8::1]",
  },
  {
    name: "an IPv6 Host without a port",
    input: head("GET / HTTP/1.1", "Host: [::1]"),
    expected: "GET / [::1]",
  },
  {
    name: "Content-Length 0, as some libraries send it with each request",
    input: head("GET / HTTP/1.1", host, "Content-Length: 0"),
    expected: "GET / example.com",
  },
  {
    name: "header values with tabs, bytes over 0x7f, and none at all",
    input: head("GET / HTTP/1.1", host, "X:", "Y: \t ", "Referer: http://x/\xe9\tz", "!#$%&'*+-.^_`|~9: a"),
    expected: "GET / example.com",
  },
  {
    name: "a path in UTF-8 without percent-encoding, as curl and FFmpeg send it",
    input: head(`GET /live/${raw("现场")}.flv HTTP/1.1`, host),
    expected: "GET /live/现场.flv example.com",
  },
  {
    name: "the same percent-encoded, as browsers send it",
    input: head("GET /live/%E7%8E%B0%e5%9c%ba.flv?k=%2F%2e HTTP/1.1", host),
    expected: "GET /live/现场.flv?k=%2F%2e example.com",
  },
  {
    name: "a path that is decoded once",
    input: head("GET /a%252e%252e/%20b HTTP/1.1", host),
    expected: "GET /a%2e%2e/ b example.com",
  },
  {
    name: "repeated slashes, and one at the end",
    input: head("GET //live///a/ HTTP/1.1", host),
    expected: "GET /live/a/ example.com",
  },
  {
    name: "segments that begin with dots",
    input: head("GET /.well-known/...x/..y HTTP/1.1", host),
    expected: "GET /.well-known/...x/..y example.com",
  },
  {
    name: "what browsers leave in a query",
    input: head("GET /a?x={|}^`\\/../?&y= HTTP/1.1", host),
    expected: "GET /a?x={|}^`\\/../?&y= example.com",
  },
  {
    name: "an upgrade to something else (RFC 9110, 7.8: passed over)",
    input: head("GET / HTTP/1.1", host, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMA"),
    expected: "GET / example.com",
  },
  {
    name: "the handshake of RFC 6455, 1.2",
    input: head(
      "GET /chat HTTP/1.1",
      "Host: server.example.com",
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      "Origin: http://example.com",
      "Sec-WebSocket-Protocol: chat, superchat",
      "Sec-WebSocket-Version: 13",
    ),
    expected: "GET /chat server.example.com websocket",
  },
  {
    name: "a handshake as Firefox spells it",
    input: head(
      "GET / HTTP/1.1",
      host,
      "Connection: keep-alive, Upgrade",
      "Upgrade: WebSocket",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      "Sec-WebSocket-Version: 13",
    ),
    expected: "GET / example.com websocket",
  },
  {
    name: "a handshake whose Connection header a proxy took away",
    input: head("GET / HTTP/1.1", host, "Upgrade: websocket", "Sec-WebSocket-Version: 13"),
    expected: "GET / example.com",
  },
  { name: "nothing", input: "", expected: "more" },
  { name: "a head whose empty line is missing", input: `GET / HTTP/1.1\r\n${host}\r\n`, expected: "more" },
  { name: "a head that ends in its last CR", input: `GET / HTTP/1.1\r\n${host}\r\n\r`, expected: "more" },
];
