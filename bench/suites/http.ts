import { framed } from "../../src/http/framing.ts";
import { RequestHeadReader } from "../../src/http/head-reader.ts";
import { DateHeader } from "../../src/http/http-date.ts";
import { writeResponseHead } from "../../src/http/response-head.ts";
import { type Benchmark, keep } from "../harness.ts";

const REQUESTS = 20;
const SEGMENT_BYTES = 37_500;

const playlist = ["GET /live/show/show.m3u8 HTTP/1.1", "Host: edge.example.com:8080"];
/** The request head of Chromium for a playlist. */
const browser = [
  ...playlist,
  "Connection: keep-alive",
  'sec-ch-ua: "Chromium";v="156", "Not(A:Brand";v="8"',
  "sec-ch-ua-mobile: ?0",
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
  'sec-ch-ua-platform: "Linux"',
  "Accept: */*",
  "Origin: http://page.example.com",
  "Sec-Fetch-Site: cross-site",
  "Sec-Fetch-Mode: cors",
  "Sec-Fetch-Dest: empty",
  "Referer: http://page.example.com/",
  "Accept-Encoding: gzip, deflate, br, zstd",
  "Accept-Language: en-US,en;q=0.9",
];
const encoded = ["GET /live/%E7%8E%B0%E5%9C%BA.flv?sign=a%2Fb HTTP/1.1", ...browser.slice(1)];

/** Reading of heads that arrive whole, or in reads of `readBytes` bytes. */
function reading(name: string, lines: readonly string[], readBytes = Number.POSITIVE_INFINITY): Benchmark {
  const head = new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`);
  return {
    name: `http-head-read/${name}`,
    op: "request",
    prepare() {
      const parts: Uint8Array[] = [];
      for (let at = 0; at < head.length; at += readBytes) parts.push(head.slice(at, at + readBytes));
      const reader = new RequestHeadReader(false);
      const run = () => {
        for (let i = 0; i < REQUESTS; i++) {
          for (const part of parts) {
            const result = reader.push(part);
            if (result.kind === "head")
              keep(result.head.path.length + (result.head.header("if-none-match") ?? "").length);
          }
        }
      };
      return { ops: REQUESTS, bytes: REQUESTS * head.length, run };
    },
  };
}

const headWrite: Benchmark = {
  name: "http-head-write/playlist",
  op: "answer",
  prepare() {
    const date = new DateHeader();
    const headers = {
      "content-type": "application/vnd.apple.mpegurl",
      "cache-control": "max-age=1",
      "access-control-allow-origin": "*",
      etag: '"5f2a"',
    };
    const run = () => {
      for (let i = 0; i < REQUESTS; i++) {
        const head = { status: 200, headers, date: date.at(i), body: 700, minorVersion: 1, keepAlive: true } as const;
        keep(writeResponseHead(head).length);
      }
    };
    return { ops: REQUESTS, bytes: 0, run };
  },
};

function framing(name: "chunked" | "websocket"): Benchmark {
  return {
    name: `http-framed/${name}-37k`,
    op: "batch",
    prepare() {
      const batch = new Uint8Array(SEGMENT_BYTES);
      const run = () => {
        for (let i = 0; i < REQUESTS; i++) keep(framed(name, batch).length);
      };
      return { ops: REQUESTS, bytes: REQUESTS * SEGMENT_BYTES, run };
    },
  };
}

/** The cost of each HTTP request before and after its route, and of framing a batch, once for all viewers. */
export const httpBenchmarks: readonly Benchmark[] = [
  reading("short", playlist),
  reading("browser-in-one-read", browser),
  reading("browser-in-reads-of-100", browser, 100),
  reading("encoded-path", encoded),
  headWrite,
  framing("chunked"),
  framing("websocket"),
];
