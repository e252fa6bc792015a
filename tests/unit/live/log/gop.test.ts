import { describe, expect, test } from "bun:test";
import { Gop } from "../../../../src/live/log/gop.ts";
import { Packet, PacketFlag, PacketKind } from "../../../../src/media/packet.ts";

/** A GOP fed with packets of `size` bytes, 20 ms apart. */
class Fed {
  readonly gop: Gop;
  seq = 0;
  time = 0;

  constructor(frames: number, bytes: number) {
    this.gop = new Gop({ gop_cache_max_frames: frames, gop_cache_max_bytes: bytes });
  }

  key(size = 10): this {
    this.gop.key(this.seq, this.#next(), size, []);
    return this;
  }

  video(size = 10): this {
    this.gop.video(this.#next(), size);
    return this;
  }

  audio(count = 1, stepMs = 20): this {
    for (let i = 0; i < count; i++) this.gop.audio(this.#next(stepMs), 10);
    return this;
  }

  #next(stepMs = 20): number {
    this.seq++;
    this.time += stepMs;
    return this.time;
  }
}

describe("Gop", () => {
  test("may be started from its key frame, at that frame's time, with the headers in force there", () => {
    const gop = new Gop({ gop_cache_max_frames: 0, gop_cache_max_bytes: 1000 });
    const header = new Packet(PacketKind.Video, 0, new Uint8Array(1), PacketFlag.SequenceHeader, 0);
    expect(gop.start).toBeUndefined();
    gop.key(7, 280, 1, [header]);
    expect(gop.start).toEqual({ seq: 7, time: 280, headers: [header] });
  });

  test("holds as many packets as its cap, its key frame and audio among them", () => {
    const fed = new Fed(4, 1000).key().video().audio(2);
    expect(fed.gop.start?.seq).toBe(0);
    fed.video();
    expect(fed.gop.start).toBeUndefined();
  });

  test("holds as many bytes as its cap", () => {
    const fed = new Fed(0, 100).key(50).video(50);
    expect(fed.gop.start?.seq).toBe(0);
    fed.video(1);
    expect(fed.gop.start).toBeUndefined();
  });

  test("begins with the first of several key frames of one time, unless other video is between them", () => {
    const fed = new Fed(0, 1000).key();
    fed.gop.key(fed.seq++, fed.time, 10, []);
    expect(fed.gop.start?.seq).toBe(0);
    fed.gop.video(fed.time, 10);
    fed.gop.key(++fed.seq, fed.time, 10, []);
    expect(fed.gop.start?.seq).toBe(fed.seq);
    expect(fed.key().gop.start?.seq).toBe(fed.seq - 1);
  });

  test("counts data too", () => {
    const fed = new Fed(0, 100).key(50);
    fed.gop.data(51);
    expect(fed.gop.start).toBeUndefined();
  });

  test("that exceeded its limits can't be joined until the next key frame", () => {
    const fed = new Fed(2, 1000).key().video().video().video().audio(10);
    expect(fed.gop.start).toBeUndefined();
    expect(fed.gop.audioOnly).toBe(false);
    fed.key();
    expect(fed.gop.start?.seq).toBe(14);
  });

  test("whose key frame alone is too large is never available", () => {
    expect(new Fed(0, 100).key(101).gop.start).toBeUndefined();
  });

  test("has a cap of 65,536 frames when that is 0", () => {
    const fed = new Fed(0, 1_000_000).key();
    for (let i = 1; i < 65_536; i++) fed.video(0);
    expect(fed.gop.start?.seq).toBe(0);
    fed.video(0);
    expect(fed.gop.start).toBeUndefined();
  });
});

describe("audio only", () => {
  test("is assumed of a stream until its first video", () => {
    const fed = new Fed(0, 1000);
    expect(fed.audio(3).gop.audioOnly).toBe(true);
    expect(fed.video().gop.audioOnly).toBe(false);
  });

  test("is assumed again when a stream's video has been away for both 115 packets and 10 s", () => {
    const fed = new Fed(0, 1_000_000).key().audio(115, 100);
    expect(fed.gop.audioOnly).toBe(false);
    expect(fed.audio(1, 100).gop.audioOnly).toBe(true);
    expect(fed.gop.start).toBeUndefined();
  });

  test("is not assumed after many audio packets in little time, nor after few in much", () => {
    expect(new Fed(0, 1_000_000).key().audio(400, 20).gop.audioOnly).toBe(false);
    expect(new Fed(0, 1_000_000).key().audio(100, 1000).gop.audioOnly).toBe(false);
  });

  test("is no longer assumed after the next video", () => {
    const fed = new Fed(0, 1_000_000).key().audio(200, 100);
    expect(fed.gop.audioOnly).toBe(true);
    expect(fed.video().gop.audioOnly).toBe(false);
    expect(fed.gop.start).toBeUndefined();
  });
});
