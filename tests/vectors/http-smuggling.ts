import { type HeadVector, head, host } from "./http.ts";

/**
 * Request smuggling: two servers in a row find the end of a request at different bytes, and the second takes what its client
 * chose for the next request. Sources: RFC 9112 by section; the classes of PortSwigger's "HTTP request smuggling", "HTTP
 * desync attacks" and "browser-powered desync attacks", each input written for this table.
 */
export const smugglingHeads: readonly HeadVector[] = [
  {
    name: "CL.TE: the first server goes by the length, the second by the chunks",
    input: `${head("GET / HTTP/1.1", host, "Content-Length: 6", "Transfer-Encoding: chunked")}0\r\n\r\nG`,
    expected: 400,
  },
  {
    name: "TE.CL: the other way round",
    input: `${head("GET / HTTP/1.1", host, "Transfer-Encoding: chunked", "Content-Length: 4")}5c\r\nGET /x`,
    expected: 400,
  },
  {
    name: "CL.TE with a length of 0 (RFC 9112, 6.3)",
    input: head("GET / HTTP/1.1", host, "Content-Length: 0", "Transfer-Encoding: chunked"),
    expected: 400,
  },
  {
    name: "CL.0: the second server takes no body from this method",
    input: `${head("GET / HTTP/1.1", host, "Content-Length: 24")}GET /admin HTTP/1.1\r\nX: `,
    expected: 413,
  },
  {
    name: "TE.0: chunks that the second server doesn't read",
    input: `${head("OPTIONS / HTTP/1.1", host, "Transfer-Encoding: chunked")}1a\r\nGET /admin HTTP/1.1\r\nX: `,
    expected: 413,
  },
  {
    name: "a client-side desync: a browser's POST with a request in its body",
    input: `${head("POST / HTTP/1.1", host, "Content-Length: 24")}GET /admin HTTP/1.1\r\nX: `,
    expected: 405,
  },
  {
    name: "CL.CL: two lengths (RFC 9112, 6.3)",
    input: head("GET / HTTP/1.1", host, "Content-Length: 0", "Content-Length: 10"),
    expected: 400,
  },
  {
    name: "the same length twice",
    input: head("GET / HTTP/1.1", host, "Content-Length: 0", "content-length: 0"),
    expected: 400,
  },
  {
    name: "two lengths in one header (RFC 9110, 8.6)",
    input: head("GET / HTTP/1.1", host, "Content-Length: 0, 0"),
    expected: 400,
  },
  ...["+0", "-1", "0x0", "0 0", "1e1", "", "0.0", "0;", "\xb2"].map((length) => ({
    name: `a length that servers read differently: ${JSON.stringify(length)}`,
    input: head("GET / HTTP/1.1", host, `Content-Length: ${length}`),
    expected: 400,
  })),
  {
    name: "a length above 2^64, which wraps to 0 somewhere",
    input: head("GET / HTTP/1.1", host, "Content-Length: 18446744073709551616"),
    expected: 413,
  },
  {
    name: "TE.TE: a coding that only looks like chunked",
    input: head("GET / HTTP/1.1", host, "Transfer-Encoding: xchunked"),
    expected: 501,
  },
  {
    name: "TE.TE: chunked not last (RFC 9112, 6.3)",
    input: head("GET / HTTP/1.1", host, "Transfer-Encoding: chunked, identity"),
    expected: 501,
  },
  {
    name: "TE.TE: two headers of which one is not known",
    input: head("GET / HTTP/1.1", host, "Transfer-Encoding: chunked", "Transfer-Encoding: x"),
    expected: 400,
  },
  {
    name: "TE.TE: quotes around it",
    input: head("GET / HTTP/1.1", host, 'Transfer-Encoding: "chunked"'),
    expected: 501,
  },
  {
    name: "TE.TE: a space before the colon (RFC 9112, 5.1)",
    input: head("GET / HTTP/1.1", host, "Transfer-Encoding : chunked"),
    expected: 400,
  },
  {
    name: "TE.TE: a tab before the colon",
    input: head("GET / HTTP/1.1", host, "Transfer-Encoding\t: chunked"),
    expected: 400,
  },
  {
    name: "TE.TE: a vertical tab before the value",
    input: head("GET / HTTP/1.1", host, "Transfer-Encoding:\x0bchunked"),
    expected: 400,
  },
  {
    name: "TE.TE: a space before the name, which is a fold (RFC 9112, 5.2)",
    input: head("GET / HTTP/1.1", host, "X: y", " Transfer-Encoding: chunked"),
    expected: 400,
  },
  {
    name: "TE.TE: the value on a line of its own",
    input: head("GET / HTTP/1.1", host, "Transfer-Encoding:", "\tchunked"),
    expected: 400,
  },
  {
    name: "TE.TE: a header hidden behind LF alone (RFC 9112, 2.2)",
    input: head("GET / HTTP/1.1", host, "X: y\nTransfer-Encoding: chunked"),
    expected: 400,
  },
  {
    name: "TE.TE: a header hidden behind CR alone (RFC 9112, 2.2)",
    input: head("GET / HTTP/1.1", host, "X: y\rTransfer-Encoding: chunked"),
    expected: 400,
  },
  {
    name: "TE.TE: NUL in the value (RFC 9110, 5.5)",
    input: head("GET / HTTP/1.1", host, "Transfer-Encoding: chunked\0"),
    expected: 400,
  },
  {
    name: "TE.TE: NUL in the name",
    input: head("GET / HTTP/1.1", host, "Transfer-Encoding\0: chunked"),
    expected: 400,
  },
  {
    name: "TE.TE: a byte over 0x7f in the name",
    input: head("GET / HTTP/1.1", host, "Transfer-Encod\xefng: chunked"),
    expected: 400,
  },
  {
    name: "chunks in HTTP/1.0 (RFC 9112, 6.1)",
    input: head("GET / HTTP/1.0", host, "Transfer-Encoding: chunked"),
    expected: 400,
  },
  {
    name: "white space between the request line and the first header (RFC 9112, 2.2)",
    input: head("GET / HTTP/1.1", " X: y", host),
    expected: 400,
  },
  { name: "two Hosts (RFC 9112, 3.2)", input: head("GET / HTTP/1.1", host, "Host: other.example"), expected: 400 },
  { name: "one Host twice", input: head("GET / HTTP/1.1", host, host), expected: 400 },
  {
    name: "absolute form that names another host than Host does",
    input: head("GET http://other.example/ HTTP/1.1", host),
    expected: 400,
  },
  {
    name: "absolute form that names another port",
    input: head("GET http://example.com:81/ HTTP/1.1", host),
    expected: 400,
  },
  { name: "absolute form with an empty Host", input: head("GET http://example.com/ HTTP/1.1", "Host:"), expected: 400 },
  {
    name: "a handshake with a body",
    input: head(
      "GET / HTTP/1.1",
      host,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      "Content-Length: 3",
    ),
    expected: 413,
  },
  {
    name: "a request within the request line, behind LF",
    input: "GET /\nHost: x HTTP/1.1\r\n\r\n",
    expected: 400,
  },
];
