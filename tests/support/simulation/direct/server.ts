import type { Clock } from "../../../../src/base/clock.ts";
import type { RtmpVhost } from "../../../../src/features/rtmp/context.ts";
import { Pending } from "../../../../src/features/rtmp/pending.ts";
import { Publisher } from "../../../../src/features/rtmp/publisher.ts";
import { busyRefusal } from "../../../../src/features/rtmp/refused.ts";
import { streamConfig } from "../../../../src/live/config.ts";
import type { AccessRequest } from "../../../../src/live/ports/access.ts";
import type { ClientEntry, Entered, Entry, Refused } from "../../../../src/live/ports/entry.ts";
import type { PacketRange } from "../../../../src/live/readers/packet-reader.ts";
import type { Reader } from "../../../../src/live/readers/reader.ts";
import type { Source } from "../../../../src/live/source/source.ts";
import type { Stream } from "../../../../src/live/stream.ts";
import type { StreamName, Streams } from "../../../../src/live/streams.ts";
import { PacketKind } from "../../../../src/media/packet.ts";
import type { NetStream } from "../../../../src/rtmp/net-stream.ts";
import type { DirectEnd, PlayCalls, PublishCalls, SentPacket, ServerCalls } from "./net.ts";

/** Stands for what a publisher does not use. */
const noNet = {} as NetStream;

const VIDEO_HEADER = Uint8Array.of(0x17, 0, 0, 0, 0, 1);

/** What a connection needs of its node. */
export interface ServerNode {
  readonly clock: Clock;
  readonly streams: Streams;
  readonly entry: Entry<RtmpVhost>;
  /** A connection has ended. */
  left(server: DirectServer): void;
}

/** A client's connection at a node: what it publishes or plays, as `features/rtmp` does it, without the protocol. */
export class DirectServer implements ServerCalls {
  readonly #node: ServerNode;
  readonly #end: DirectEnd;
  readonly #id: string;
  readonly #entry: ClientEntry<RtmpVhost>;
  readonly #pending = new Pending();
  #publisher: Publisher | undefined;
  #player: DirectPlayer | undefined;
  #isClosed = false;

  constructor(node: ServerNode, end: DirectEnd, id: string) {
    this.#node = node;
    this.#end = end;
    this.#id = id;
    this.#entry = node.entry.client();
  }

  greet(client: Pick<PlayCalls, "greeted">): void {
    this.#end.send(() => client.greeted());
  }

  publish(client: PublishCalls, stream: string): void {
    this.#enter("publish", stream, [], (result) => {
      if (result.ok) this.#startPublish(client, result);
      else this.#refusePublish(client, result.reason);
    });
  }

  frame(time: number, id: number, count: number): void {
    const publisher = this.#publisher;
    if (publisher === undefined) return;
    if (publisher.source.packets === 0) publisher.push(PacketKind.Video, time, VIDEO_HEADER, false);
    publisher.push(PacketKind.Video, time, keyFrame(id, count), false);
  }

  pong(): void {
    this.#publisher?.source.alive();
  }

  play(client: PlayCalls, stream: string, hops: readonly string[]): void {
    this.#enter("play", stream, hops, (result) => {
      if (result.ok) this.#startPlay(client, result, hops);
      else {
        this.#end.send(() => client.refused(howRefused(result), result.reason));
        this.#close();
      }
    });
  }

  closed(): void {
    this.#close();
  }

  /** Called once a second: a publisher that has been silent for too long is gone. */
  tick(now: number): void {
    if (this.#publisher?.look(now, undefined) !== undefined) this.#close();
  }

  #enter(
    action: "publish" | "play",
    name: string,
    hops: readonly string[],
    proceed: (result: Entered<RtmpVhost> | Refused) => void,
  ): void {
    const request: AccessRequest = {
      ...{ protocol: "rtmp", address: "10.0.0.1", port: 50_000, tcUrl: "", pageUrl: "", swfUrl: "", param: "" },
      ...{ action, name: nameOf(name), hops, forClient: false, clientId: this.#id },
    };
    this.#pending.ask((answer) => this.#entry.enter(request, answer), proceed);
  }

  #startPublish(client: PublishCalls, entered: Entered<RtmpVhost>): void {
    const { vhost, name, param } = entered;
    const stream = this.#node.streams.open(name, streamConfig(vhost.config));
    const info = { id: this.#id, remote: "10.0.0.1:50000", param, hops: [], via: "client" } as const;
    const events = {
      replaced: () => this.#refusePublish(client, "now published by another connection"),
      dismissed: (reason: string) => this.#refusePublish(client, reason),
      probe: () => this.#end.send(() => client.ping()),
    };
    const options = { onConflict: vhost.config.publish.on_conflict, preferred: false, events };
    this.#pending.ask<Source | undefined>(
      (answer) => {
        const waiting = stream.sources.request(info, options, answer);
        return {
          cancel: () => {
            waiting.cancel();
            entered.withdraw();
          },
        };
      },
      (source) => {
        if (source === undefined) {
          entered.withdraw();
          this.#refusePublish(client, busyRefusal(stream).reason);
          return;
        }
        this.#publisher = new Publisher(noNet, vhost.name, stream, source, vhost.config.publish, () => undefined);
        this.#end.send(() => client.accepted());
      },
    );
  }

  #refusePublish(client: PublishCalls, reason: string): void {
    this.#end.send(() => client.refused(reason));
    this.#close();
  }

  #startPlay(client: PlayCalls, { name, vhost, param }: Entered<RtmpVhost>, hops: readonly string[]): void {
    const stream = this.#node.streams.open(name, streamConfig(vhost.config));
    const { nodeId } = this.#node.entry;
    this.#end.send(() => client.started(nodeId));
    this.#player = new DirectPlayer(stream, this.#end, client, nodeId);
    this.#player.begin({ param, tcUrl: "", pageUrl: "", swfUrl: "", hops });
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#pending.cancel();
    this.#publisher?.end("lost");
    this.#player?.end();
    this.#end.close();
    this.#node.left(this);
  }
}

/** Sends a stream to another node that plays it. */
class DirectPlayer {
  readonly #stream: Stream;
  readonly #end: DirectEnd;
  readonly #client: PlayCalls;
  readonly #node: string;
  #reader: Reader<PacketRange> | undefined;

  constructor(stream: Stream, end: DirectEnd, client: PlayCalls, node: string) {
    this.#stream = stream;
    this.#end = end;
    this.#client = client;
    this.#node = node;
  }

  begin(demand: Parameters<Stream["tap"]>[2]): void {
    this.rerouted();
    this.epoch(false);
    this.#reader = this.#stream.tap({ send: (range) => this.#send(range) }, this, demand);
  }

  end(): void {
    if (this.#reader !== undefined) this.#stream.leave(this.#reader);
  }

  unpublished(): void {
    this.#end.send(() => this.#client.unpublished());
  }

  rerouted(): void {
    const { source } = this.#stream;
    if (source === undefined) return;
    const hops = [...source.info.hops, this.#node];
    this.#end.send(() => this.#client.hops(hops));
  }

  epoch(lost: boolean): void {
    const { epoch, ladder, tracks } = this.#stream.told;
    if (epoch !== undefined) this.#end.send(() => this.#client.epoch(epoch, lost, ladder, tracks));
  }

  skipped(): void {
    this.epoch(true);
  }

  #send(range: PacketRange): boolean {
    const packets: SentPacket[] = [];
    const { start } = range;
    if (start !== undefined)
      for (const { kind, payload } of start.headers) packets.push({ kind, time: start.time, payload });
    range.forEach(({ kind, time, payload }) => {
      packets.push({ kind, time: time >>> 0, payload: payload.slice() });
    });
    this.#end.send(() => this.#client.packets(packets));
    return true;
  }
}

/** A key frame that differs from those of all other encoders. */
function keyFrame(id: number, count: number): Uint8Array {
  return Uint8Array.of(0x17, 1, 0, 0, 0, id, count >>> 16, count >>> 8, count);
}

function nameOf(stream: string): StreamName {
  return { vhost: "__defaultVhost__", app: "live", stream };
}

/** How an RTMP client understands the refusal. */
function howRefused({ kind }: Refused): "absent" | "failed" | "refused" {
  if (kind === "missing" || kind === "gone" || kind === "vhost" || kind === "name") return "absent";
  return kind === "loop" ? "failed" : "refused";
}
