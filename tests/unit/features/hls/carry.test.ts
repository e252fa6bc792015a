import { expect, test } from "bun:test";
import { MAX_CARRY_PIECE } from "../../../../src/live/ports/carry.ts";
import { formatsOf, HlsStage, urisOf } from "../../../support/hls-stage.ts";
import type { Feed } from "../../../support/live.ts";
import { checkHistory } from "../../../support/playlists.ts";

/** GOPs of 2 s, and the next key frame. */
function goOn(feed: Feed, seconds: number, size = 0): void {
  for (let done = 0; done < seconds; done += 2) {
    feed.key(`k${feed.time}`, size);
    for (let frame = 0; frame < 4; frame++) feed.wait(400).inter(`i${feed.time}`, size);
    feed.wait(400);
  }
  feed.key(`k${feed.time}`);
}

/** Gives what there is to another process; the sizes of the pieces. */
function carry(from: HlsStage, to: HlsStage): { sizes: number[]; more(): void } {
  const sizes: number[] = [];
  const giving = from.hls.carry.give(() => undefined);
  const more = () => {
    for (let piece = giving.next(); piece !== undefined; piece = giving.next()) {
      sizes.push(piece.length);
      to.hls.carry.take(piece);
    }
  };
  more();
  return { sizes, more };
}

test("the new process of an upgrade gives the same playlist and all segments that may be requested", () => {
  const [old, next] = [new HlsStage(), new HlsStage()];
  goOn(old.live.publish("show").headers(), 30);
  const { sizes } = carry(old, next);
  const token = "a".repeat(32);
  const [before, after] = [old, next].map((stage) => stage.get(`/live/show.m3u8?hls_ctx=${token}`));
  expect(after?.text).toBe(before?.text as string);
  for (const uri of urisOf(before?.text ?? ""))
    expect(next.get(`/live/${uri}`).text).toBe(old.get(`/live/${uri}`).text);
  expect(next.hls.report().now?.hls_bytes).toBe(old.hls.report().now?.hls_bytes as number);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(MAX_CARRY_PIECE);
});

test("what is listed while thousands of segments are given is given, too", () => {
  const [old, next] = [new HlsStage({ config: { hls_window: 3600 } }), new HlsStage({ config: { hls_window: 3600 } })];
  const feeds = Array.from({ length: 6 }, (_, at) => old.live.publish(`s${at}`, `p${at}`).headers());
  const send = (seconds: number) => {
    for (let done = 0; done < seconds; done += 2) {
      for (const feed of feeds) feed.key(`k${feed.time}`);
      old.live.wait(2000, ...feeds);
    }
  };
  send(1600);
  const giving = old.hls.carry.give(() => undefined);
  send(4);
  for (let piece = giving.next(); piece !== undefined; piece = giving.next()) next.hls.carry.take(piece);
  const list = `/live/s0.m3u8?hls_ctx=${"a".repeat(32)}`;
  expect(next.get(list).text).toBe(old.get(list).text);
});

test("the old process is needed until three more segments are listed, or until no more come", () => {
  const [old, next] = [new HlsStage(), new HlsStage()];
  const feed = old.live.publish("show").headers();
  goOn(feed, 12);
  expect(old.hls.carry.complete).toBe(true);
  carry(old, next);
  goOn(feed, 4);
  expect(old.hls.carry.complete).toBe(false);
  goOn(feed, 2);
  expect(old.hls.carry.complete).toBe(true);
  carry(old, next);
  feed.wait(11_900);
  expect(old.hls.carry.complete).toBe(false);
  feed.wait(200);
  expect(old.hls.carry.complete).toBe(true);
  carry(old, next);
  goOn(feed, 2);
  expect(old.hls.carry.complete).toBe(false);
  feed.end("lost");
  expect(old.hls.carry.complete).toBe(true);
});

test("the new process writes the files once it has the segments", async () => {
  const old = new HlsStage({ config: { hls_path: "/srv/hls" } });
  const feed = old.live.publish("show").headers();
  goOn(feed, 6);
  for (let turns = 0; turns < 50; turns++) await Promise.resolve();
  const before = [...old.files.files.keys()];
  expect(before.length).toBeGreaterThan(2);
  const giving = old.hls.carry.give(() => undefined);
  goOn(feed, 6);
  feed.end("lost");
  feed.wait(121_000);
  for (let turns = 0; turns < 50; turns++) await Promise.resolve();
  expect([...old.files.files.keys()]).toEqual(before);
  giving.close();
});

test("large segments are carried over in pieces", () => {
  const big = (headers: readonly unknown[]) => {
    let length = headers.length;
    return {
      get length() {
        return length;
      },
      memory: new Uint8Array(0),
      write: ({ payload }: { payload: Uint8Array }) => {
        length += payload.length;
      },
      mark: () => undefined,
      finish: () => ({ bytes: Uint8Array.from({ length }, (_, at) => at * 7), init: undefined }),
    };
  };
  const [old, next] = [new HlsStage({ context: { formats: formatsOf(big) } }), new HlsStage()];
  goOn(old.live.publish("show").headers(), 6, 200_000);
  const { sizes } = carry(old, next);
  expect(sizes.length).toBeGreaterThan(9);
  expect(next.hls.report().now?.hls_bytes).toBe(old.hls.report().now?.hls_bytes as number);
});

test("numbers continue without a gap when the publisher comes over", () => {
  const [old, next] = [new HlsStage(), new HlsStage()];
  const feed = old.live.publish("show").headers();
  goOn(feed, 12);
  const link = carry(old, next);
  const token = "a".repeat(32);
  const texts = [next.get(`/live/show.m3u8?hls_ctx=${token}`).text];
  // It still comes in by the old process, and the new one has it from there, beginning in the midst of a slot.
  const source = next.live.stream("show").publish({ id: "s", remote: "", param: "", hops: [], via: "sibling" });
  const other = next.live.stream("show");
  expect(source?.receiveEpoch(old.live.stream("show").epochs.text ?? "", false)).toBe(true);
  old.live.stream("show").tap({
    send: (range) => {
      for (const header of range.start?.headers ?? []) source?.push(header.kind, header.time >>> 0, header.payload);
      range.forEach(({ kind, time, payload }) => {
        source?.push(kind, time >>> 0, payload);
      });
      return true;
    },
  });
  next.live.clock.advance(1);
  goOn(feed.wait(0), 8);
  link.more();
  next.live.clock.advance(1);
  texts.push(next.get(`/live/show.m3u8?hls_ctx=${token}`).text);
  expect(other.source).toBeDefined();
  checkHistory(texts);
  const last = texts.at(-1) ?? "";
  expect(last).not.toContain("GAP");
  expect(last).toBe(old.get(`/live/show.m3u8?hls_ctx=${token}`).text);
});
