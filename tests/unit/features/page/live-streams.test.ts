import { expect, test } from "bun:test";
import { liveStreams } from "../../../../src/features/page/live-streams.ts";
import type { Source } from "../../../../src/live/source/source.ts";

test("a vhost's published streams are listed, and neither other vhosts' streams nor those that are only waited for", () => {
  const source = {} as Source;
  const all = [
    { key: "a.example/live/cam", source },
    { key: "a.example/live/two/cam", source },
    { key: "a.example/live/waited-for", source: undefined },
    { key: "a.example.org/live/cam", source },
  ];
  expect(liveStreams(all, "a.example")).toEqual([
    { vhost: "a.example", app: "live", stream: "cam" },
    { vhost: "a.example", app: "live/two", stream: "cam" },
  ]);
});
