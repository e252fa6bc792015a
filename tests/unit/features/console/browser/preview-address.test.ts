import { expect, test } from "bun:test";
import { previewAddress } from "../../../../../src/features/console/browser/preview-address.ts";

const stream = { app: "live/tv", name: "a?b.flv", tcUrl: "rtmp://tv.example/live/tv" };
const viewers = [
  { scheme: "http", host: "", port: 8080 },
  { scheme: "https", host: "", port: 8443 },
] as const;

test("The address of a preview is the stream's page on the same machine, by TLS where the console has it", () => {
  expect(previewAddress(stream, viewers, { protocol: "http:", hostname: "h" })).toBe(
    "http://h:8080/live/tv/a%3Fb.flv.html?vhost=tv.example",
  );
  expect(previewAddress(stream, viewers, { protocol: "https:", hostname: "h" })).toStartWith("https://h:8443/");
  expect(previewAddress(stream, viewers.slice(0, 1), { protocol: "https:", hostname: "h" })).toBeUndefined();
  expect(previewAddress(stream, [], { protocol: "http:", hostname: "h" })).toBeUndefined();
});
