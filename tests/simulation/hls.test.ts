import { expect, test } from "bun:test";
import { hlsFormats } from "../../src/features/hls/formats.ts";
import { slotOf } from "../../src/features/hls/slots.ts";
import type { ListedSegment } from "../../src/features/hls/window.ts";
import { dateAt, type Epoch, type Span } from "../../src/live/source/epoch.ts";
import { PacketKind } from "../../src/media/packet.ts";
import { asTrack } from "../support/audio-tracks.ts";
import { HlsCluster, type HlsServer } from "../support/hls-cluster.ts";
import { formatsOf } from "../support/hls-stage.ts";
import type { Feed } from "../support/live.ts";
import { checkLowLatency } from "../support/low-latency.ts";
import { checkHistory } from "../support/playlists.ts";
import { TextWriter } from "../support/segments.ts";
import { aacFrame, aacHeader, avcFrame, avcHeader, avcRecord, h264Pps, h264Sps, unit } from "../support/ts-media.ts";

const FRAME_MS = 200;
const FRAGMENT_MS = 2000;
const FRAME_BYTES = 3000;
/** Of a stream with a second audio track. */
const RENDITIONS = ["v", "a0", "a1"];
const texts = formatsOf((headers) => new TextWriter(headers));

/** What segments are in a simulation. */
type Kind = "texts" | "ts" | "fmp4";

/** A track that an encoder sends after so many frames of the other. */
interface Late {
  readonly track: "sound" | "picture";
  frames: number;
}

/** What servers have to agree on. */
function contentOf(segment: ListedSegment, kind: Kind): string {
  const { bytes, init, durationMs, dateMs, discontinuity, independent } = segment;
  const all = [bytes, init].map((part) => {
    if (kind === "texts" || part === undefined) return new TextDecoder().decode(part);
    return new Bun.CryptoHasher("sha1").update(part).digest("hex");
  });
  return JSON.stringify([all, durationMs, dateMs, discontinuity, independent]);
}

/** A cluster whose encoder and connections give it no rest. Segments are texts, or of a real stream with a second audio track, encrypted. */
class Trouble extends HlsCluster {
  readonly #kind: Kind;
  /** The origin's, by id. */
  readonly epochs = new Map<string, Epoch>();
  #headers = 0;
  #gopFrames = 10;
  #late: Late | undefined;
  #frame = 0;

  constructor(seed: number, kind: Kind = "texts", parts = false) {
    const hls_format = kind === "fmp4" ? kind : "ts";
    super(seed, kind === "texts" ? texts : hlsFormats, { keys: kind !== "texts", parts, hls_format });
    this.#kind = kind;
    this.add("o", ["f:1935"], []);
    this.add("f", [], []);
    this.add("p", [], ["o:1935"]);
    this.#republish();
  }

  run(seconds: number, harm: boolean): void {
    for (let second = 0; second < seconds; second++) {
      if (harm) this.#randomEvent();
      for (let at = 0; at < 1000 / FRAME_MS; at++) this.#send();
    }
  }

  /** `late`: a track that comes after so many frames. */
  #republish(late?: Late): void {
    this.publish(`e${this.#headers + 1}`);
    this.#late = late;
    this.#sendHeaders();
  }

  /** Others than those before. */
  #sendHeaders(): void {
    this.#headers++;
    for (const track of ["sound", "picture"] as const) if (this.#late?.track !== track) this.#sendHeader(track);
  }

  #sendHeader(track: Late["track"]): void {
    const number = this.#headers;
    if (this.#kind === "texts") {
      if (track === "sound") this.feed?.audioHeader(`A${number}`);
      else this.feed?.videoHeader(`V${number}`);
    } else if (track === "picture") {
      const video = avcHeader(avcRecord([h264Sps], [h264Pps, Uint8Array.of(0x68, number)]));
      this.feed?.send(PacketKind.Video, video.payload);
    } else this.feed?.send(PacketKind.Audio, aacHeader.payload).send(PacketKind.Audio, asTrack(1, aacHeader.payload));
  }

  #send(): void {
    const isKey = ++this.#frame % this.#gopFrames === 0;
    if (this.#late !== undefined && this.#late.frames-- === 0) {
      const { track } = this.#late;
      this.#late = undefined;
      this.#sendHeader(track);
    }
    if (this.#late?.track !== "picture") this.#sendPicture(isKey);
    if (this.#late?.track !== "sound") this.#sendSound();
    if (this.feed !== undefined) this.feed.time += FRAME_MS;
    this.clock.advance(FRAME_MS);
    const { epoch } = this.servers[0]?.node.stream().epochs ?? {};
    if (epoch !== undefined) this.epochs.set(epoch.id, epoch);
  }

  #sendPicture(isKey: boolean): void {
    if (this.#kind === "texts") this.feed?.[isKey ? "key" : "inter"](`${isKey ? "k" : "i"}${this.#name}`, FRAME_BYTES);
    else {
      const nal = unit(isKey ? 5 : 1, FRAME_BYTES, this.#frame);
      this.feed?.send(PacketKind.Video, avcFrame(0, 2 * FRAME_MS, isKey, [nal]).payload);
    }
  }

  #sendSound(): void {
    if (this.#kind === "texts") this.feed?.audio(`a${this.#name}`);
    else {
      const { payload } = aacFrame(0, unit(0x21, 50, this.#frame));
      this.feed?.send(PacketKind.Audio, payload).send(PacketKind.Audio, asTrack(1, payload));
    }
  }

  get #name(): string {
    return `${this.#headers}.${this.#frame}`;
  }

  /** Now and then an encoder has one that begins later. */
  #lateTrack(): Late | undefined {
    const frames = Math.floor(this.random() * 30);
    return this.random() < 0.5 ? undefined : { track: this.random() < 0.5 ? "sound" : "picture", frames };
  }

  #randomEvent(): void {
    const dice = this.random();
    if (this.feed === undefined || dice < 0.02) this.#republish(this.#lateTrack());
    else if (dice < 0.03) {
      this.feed.end(dice < 0.025 ? "lost" : "unpublished");
      this.feed = undefined;
    } else if (dice < 0.05) this.#sendHeaders();
    else if (dice < 0.08)
      this.#gopFrames = [5, 10, 20, 3 + Math.floor(this.random() * 30)][Math.floor(4 * this.random())] ?? 5;
    else if (dice < 0.09) this.clock.advance(Math.floor(this.random() * 15_000));
    else if (dice < 0.12) this.cut();
    else if (dice < 0.13) this.separate("o", "f", this.random() * 20_000);
    else if (dice < 0.14) this.separate("p", "o", this.random() * 20_000);
  }
}

/** How many of a server's parts others have too, by name; each has to be the same there. */
function compareParts({ parts }: HlsServer, known: Map<string, string>): number {
  let shared = 0;
  for (const { name, bytes, durationMs, independent, initName } of parts) {
    const hash = new Bun.CryptoHasher("sha1").update(bytes).digest("hex");
    const content = `${hash} ${durationMs} ${independent} ${initName}`;
    expect({ name, content }).toEqual({ name, content: known.get(name) ?? content });
    if (known.has(name)) shared++;
    known.set(name, content);
  }
  return shared;
}

/** What has to hold among the playlists that a server gave, in their order. */
function checkPlaylists({ playlists, renditions }: HlsServer, parts: boolean): void {
  const lists = [playlists, ...RENDITIONS.map((id) => renditions.get(id) ?? [])];
  for (const list of lists)
    if (parts) checkLowLatency(list.filter((text) => text.includes("#EXTINF")));
    else checkHistory(list);
}

/** All that a server listed, slots without packets too, is dated by the slots that the origin knows in the end. */
function checkDates({ epochs }: Trouble, { listed }: HlsServer): void {
  for (const { name, epoch: id, number, dateMs, discontinuity } of listed) {
    const epoch = epochs.get(id);
    const slot = epoch && slotOf(epoch, FRAGMENT_MS, number);
    if (epoch === undefined || slot === undefined) throw new Error(`no slot of ${name}`);
    const [from, to] = [slot.start, slot.end].map((time) => dateAt(epoch.spans[slot.span] as Span, time));
    const isIn = dateMs >= (from as number) && (slot.end === slot.start || dateMs < (to as number));
    expect({ name, isIn, discontinuity }).toEqual({ name, isIn: true, discontinuity: slot.discontinuity });
  }
}

test.each<[string, number, Kind, boolean]>([
  ["texts", 6, "texts", false],
  ["encrypted MPEG-TS", 2, "ts", false],
  ["encrypted fragmented MP4", 2, "fmp4", false],
  ["parts as texts", 4, "texts", true],
  ["encrypted parts of fragmented MP4", 2, "fmp4", true],
])(
  "servers give the same segments (%s) under the same names, and playlists only go on, whatever happens",
  (_, seeds, kind, parts) => {
    let [shared, damaged, sharedParts] = [0, 0, 0];
    for (let seed = 1; seed <= seeds; seed++) {
      const cluster = new Trouble(seed, kind, parts);
      cluster.run(20, false);
      cluster.run(140, true);
      const contents = new Map<string, string>();
      const partContents = new Map<string, string>();
      for (const server of cluster.servers) {
        sharedParts += compareParts(server, partContents);
        const names = new Set<string>();
        for (const segment of server.listed) {
          const { name } = segment;
          if (segment.damaged) damaged++;
          if (segment.bytes === undefined) continue;
          expect({ seed, name, again: names.has(name) }).toEqual({ seed, name, again: false });
          names.add(name);
          const content = contentOf(segment, kind);
          const known = contents.get(name);
          if (known !== undefined) {
            expect({ seed, name, content }).toEqual({ seed, name, content: known });
            shared++;
          } else contents.set(name, content);
        }
        checkPlaylists(server, parts);
        checkDates(cluster, server);
      }
    }
    if (parts) expect(sharedParts).toBeGreaterThan(400 * seeds);
    expect(shared).toBeGreaterThan(60 * seeds);
    expect(damaged).toBeGreaterThan(0);
  },
  120_000,
);

test.each<[string, Kind, boolean]>([
  ["texts", "texts", false],
  ["encrypted MPEG-TS", "ts", false],
  ["encrypted fragmented MP4", "fmp4", false],
  ["encrypted parts of fragmented MP4", "fmp4", true],
])("without trouble between them, servers give the same playlists (%s), one that came later too", (_, kind, parts) => {
  const cluster = new Trouble(7, kind, parts);
  cluster.run(31, false);
  const late = cluster.add("q", [], ["f:1935"]);
  cluster.run(41, false);
  const [origin, forwarded, fetching] = cluster.servers.map(({ playlists }) => playlists.at(-1));
  expect(forwarded).toBe(origin as string);
  expect(fetching).toBe(origin as string);
  expect(late.playlists.at(-1)).toBe(origin as string);
  for (const id of kind === "texts" ? [] : RENDITIONS) {
    const [here = "", ...others] = cluster.servers.map(({ renditions }) => renditions.get(id)?.at(-1));
    expect(here.includes("#EXT-X-PART:")).toBe(parts);
    for (const other of others) expect(other).toBe(here);
  }
  expect(late.listed.every(({ damaged }) => !damaged)).toBe(true);
  const sounds = cluster.servers.map(({ listed }) =>
    listed.flatMap(({ name }) => (/-a1[-.]/.test(name) ? [name] : [])),
  );
  for (const names of sounds) expect(names.length > 5).toBe(kind !== "texts");
  for (const names of sounds) expect(sounds[0]).toEqual(expect.arrayContaining(names));
});

test.each([
  ["the encoder starts again", false, [10, 28]],
  ["the encoder starts again", false, [28, 10]],
  ["a standby takes over", true, [10, 20]],
  ["a standby takes over", true, [25, 40]],
])("servers change the length of slots together when %s with other GOPs", (_, standsBy, gops) => {
  const cluster = new HlsCluster(1, texts);
  const origin = cluster.add("o", ["f:1935"], []);
  cluster.add("f", [], []);
  cluster.add("p", [], ["o:1935"]);
  const publish = (id: string) => origin.node.publish("show", { id }).headers("V1", "A1");
  const first = publish("1");
  let second = standsBy ? publish("2") : undefined;
  let frame = 0;
  const send = (feed: Feed | undefined) => {
    const key = frame % (gops[feed === first ? 0 : 1] ?? 1) === 0;
    feed?.[key ? "key" : "inter"](`${key ? "k" : "i"}${frame}`).audio(`a${frame}`);
    if (feed !== undefined) feed.time += FRAME_MS;
  };
  const run = (frames: number, ...feeds: readonly (Feed | undefined)[]) => {
    for (let count = 0; count < frames; count++, frame++) {
      feeds.forEach(send);
      cluster.clock.advance(FRAME_MS);
    }
  };
  // Encoders begin with a key frame.
  run(140, first, second);
  first.end("lost");
  second ??= publish("2");
  run(200, second);
  const [lists, forwarded, fetching] = cluster.servers.map(({ playlists }) => playlists);
  expect(forwarded).toEqual(lists);
  expect(fetching).toEqual(lists);
  checkHistory(lists ?? []);
});
